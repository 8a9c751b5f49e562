"""The reads of a claim, a start and an end in a large database: only the rows that they are about."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from drain.db.prepared import plan_again, plan_once
from drain.engine.attempts.started import EndedAttempt
from drain.engine.attempts.takeover import take_over
from drain.models import Phase
from drain.policy.states import Outcome
from tests.engine.attempts.examples import result
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.factories import ExecutorFactory

pytestmark = [pytest.mark.django_db, pytest.mark.verify, pytest.mark.timeout(1200)]

RUNS, PHASES = 5_000, 40
SLOTS = 16
# As an import and a plan leave them; triggers and foreign keys would take longer than all else here.
_MORE = """
SET LOCAL session_replication_role = replica;
CREATE TEMP TABLE made ON COMMIT DROP AS SELECT nextval('drain_run_id_seq') AS run, n FROM generate_series(1, {runs}) n;
INSERT INTO drain_run (id, run_id, name, labels, "order", max_parallel, open_attempts, created_at)
SELECT run, 'z' || run, '', '[]', 'independent', 4, 0, now() FROM made;
INSERT INTO drain_sessionrun (session_id, run_id, tier, verdict_detail, waiting, head_position, not_before, stop,
    stop_detail, complete, failed, timeouts, retryable, skipped, lost, cancelled, interrupted, diverted,
    telemetry_events, attempt_seconds)
SELECT {session}, run, '1', '', {phases}, 1000 + n, now(), '', '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM made;
INSERT INTO drain_phase (run_id, phase_id, phase_index, name, state, category, complexity, params, attempts,
    source_attempts, last_failure_reason, last_fingerprint, failure_category)
SELECT run, 'p' || i, i, '', 'FAILED', '', '', '{{}}', 0, 0, 'x', 'k' || i % 50, '' FROM made, generate_series(1, {phases}) i;
INSERT INTO drain_candidate (session_id, session_run_id, run_id, phase_id, status, reason, detail, position,
    planned_position, sample, category, why, attempts, seen_attempts, fingerprint, outcome, not_before)
SELECT {session}, r.id, p.run_id, p.id, 'waiting', '', '', 1000 + made.n + {runs} * p.phase_index,
    1000 + made.n + {runs} * p.phase_index, false, '', '', 0, 0, p.last_fingerprint, '', now()
FROM made JOIN drain_sessionrun r ON r.run_id = made.run AND r.session_id = {session} JOIN drain_phase p ON p.run_id = made.run;
INSERT INTO drain_attempt (phase_id, run_id, number, worker, outcome, timeout_seconds, started_at, finished_at, command,
    error, fingerprint, fine, failure_category, telemetry_count, zero_yield_reason, reached_limit_boundary,
    bad_report_lines, reported_state, progress_message, tail, log_bytes, log_name)
SELECT p.id, p.run_id, 1, 'w', 'failed', 60, now(), now(), '[]', '', p.last_fingerprint, '', '', 0, '', false, 0, '', '', '',
    0, '' FROM made JOIN drain_phase p ON p.run_id = made.run;
INSERT INTO drain_transition (subject, subject_pk, run_pk, from_state, to_state, verb, actor, reason)
SELECT 'phase', p.id, p.run_id, 'EXECUTING', 'FAILED', 'finish', 'w', '' FROM made JOIN drain_phase p ON p.run_id = made.run;
SET LOCAL session_replication_role = origin;
"""
BIG = {
    "drain_phase", "drain_candidate", "drain_run", "drain_sessionrun", "drain_attempt", "drain_transition",
}  # fmt: skip


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The plan and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


@dataclass
class Explained:
    """The statements of a round, with the plans that a worker has for them: made once, for any values."""

    blocks: dict[str, int] = field(default_factory=dict)
    """Blocks by the beginning of the statement."""
    scanned: set[tuple[str, str]] = field(default_factory=set)
    """Statement and large table, where it was read whole."""
    _execute: Any = psycopg.RawCursor.execute

    def execute(self, cursor: Any, query: bytes, values: Any = None, **given: Any) -> Any:
        """In place of the cursor's own: explain the statement, take it back, run it."""
        if values:
            self._execute(cursor, "SAVEPOINT before_it")
            self._execute(cursor, b"PREPARE it AS " + query)
            literals = sql.SQL(", ").join(map(sql.Literal, values))
            call = sql.SQL("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE it ({})")
            self._execute(cursor, call.format(literals).as_string(cursor.connection))
            self._note(" ".join(query.decode().split())[:60], cursor.fetchall()[0][0])
            # After a rollback psycopg forgets all that was prepared.
            self._execute(cursor, "ROLLBACK TO SAVEPOINT before_it")
        return self._execute(cursor, query, values, **given)

    def _note(self, about: str, found: Any) -> None:
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        self.blocks[about] = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
        for node in nodes(plan):
            if node["Node Type"] == "Seq Scan" and node["Relation Name"] in BIG:
                self.scanned.add((about, node["Relation Name"]))


def rounds(drain: HandDrain, monkeypatch: pytest.MonkeyPatch) -> Explained:
    """Start as many phases as a worker has slots for, end them and start the next in one round."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan_again()
    seen = Explained()
    begun = drain.start(SLOTS)
    assert len(begun) == SLOTS
    with monkeypatch.context() as patch:

        def explained(cursor: Any, query: bytes, values: Any = None, **given: Any) -> Any:
            return seen.execute(cursor, query, values, **given)

        patch.setattr(psycopg.RawCursor, "execute", explained)
        ends = [EndedAttempt(each, result(Outcome.FAILED, 0, "x")) for each in begun]
        assert drain.rounds.write(ends, SLOTS, [drain.session.pk]) == 0
        assert take_over(drain.rounds.host, drain.rounds.loop, None, []) == []
    assert len(drain.rounds.begun) == SLOTS
    drain.end(drain.rounds.begun, Outcome.COMPLETE)
    return seen


def test_a_round_reads_as_little_of_200_000_failed_phases_as_of_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ExecutorFactory()
    for number in range(100):
        failed_run(f"r{number:02}", 4, most=4)
    drain = HandDrain(max_fingerprint_repeats=1000)
    plan_once()
    few = rounds(drain, monkeypatch)
    with connection.cursor() as cursor:
        cursor.execute(_MORE.format(runs=RUNS, phases=PHASES, session=drain.session.pk))
    assert Phase.objects.count() > RUNS * PHASES
    many = rounds(drain, monkeypatch)
    assert many.scanned == set()
    assert len(many.blocks) > 5
    assert any("UPDATE drain_attempt a SET loop" in about for about in many.blocks), "the takeover"
    assert not any("drain_executorprofile" in about for about in many.blocks), "no pace, no look"
    # A tree of an index is a level or two higher.
    more = {
        about: (few.blocks[about], blocks)
        for about, blocks in many.blocks.items()
        if blocks > 2 * few.blocks[about] + 50
    }
    assert more == {}
