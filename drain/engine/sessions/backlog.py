"""Reads the backlog as the policy wants it: compact rows, facts about runs, edges, snoozes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from drain.db.sql import stream
from drain.evidence.fingerprints.aliases import STANDS_FOR
from drain.evidence.fingerprints.identity import related_to
from drain.models import Candidate, Fingerprint
from drain.models.vocabulary import (
    LIVE_SESSION_STATES,
    CandidateStatus,
    FingerprintStatus,
    Order,
    PhaseState,
    SourceKind,
)
from drain.policy.selection.rows import PhaseRow, RunFacts

OPEN_STATES = tuple(
    state.value for state in PhaseState if state not in (PhaseState.COMPLETE, PhaseState.SKIPPED)
)
_COLUMNS = """p.id, p.run_id, p.place, p.state, p.failure_category, p.last_fingerprint,
    p.lease_owner IS NOT NULL, 0, p.phase_id, '', p.attempts, p.source_attempts"""
_RUN_COLUMNS = """r.id, r.run_id, r."order", s.kind, r.max_parallel,
    r.executor_id IS NOT NULL OR EXISTS (SELECT FROM drain_executorprofile WHERE is_default),
    hold.created_by, hold.until, hold.reason"""
# One hold of a run: its own before that of a prefix.
_RUN_TABLES = """drain_run r LEFT JOIN drain_source s ON s.id = r.source_id LEFT JOIN LATERAL (
    SELECT h.created_by, h.until, h.reason FROM in_force h
    WHERE CASE h.kind WHEN 'run' THEN h.value = r.run_id ELSE starts_with(r.run_id, h.value) END
    ORDER BY h.kind = 'run' DESC, h.id LIMIT 1
) hold ON true"""
_IN_FORCE = """in_force AS MATERIALIZED (
    SELECT * FROM drain_hold WHERE released_at IS NULL AND (until IS NULL OR until > %(now)s::timestamptz)
)"""

# Only towards what the phases need, so a plan of one run asks nothing of the others.
# OFFSET 0 keeps the planner from reading all phases of the table to find the state of a few.
_NEEDED = """
WITH RECURSIVE needed AS (
    SELECT d.phase_id, d.prerequisite_id FROM drain_dependency d CROSS JOIN LATERAL (
        SELECT FROM drain_phase WHERE id = d.prerequisite_id AND state = ANY(%(open)s) OFFSET 0
    ) need WHERE d.phase_id = ANY(%(phases)s)
    UNION
    SELECT further.phase_id, further.prerequisite_id FROM needed CROSS JOIN LATERAL (
        SELECT d.phase_id, d.prerequisite_id
        FROM drain_dependency d JOIN drain_phase p ON p.id = d.prerequisite_id
        WHERE d.phase_id = needed.prerequisite_id AND p.state = ANY(%(open)s) OFFSET 0
    ) further
)
"""
_EDGES = f"{_NEEDED} SELECT phase_id, prerequisite_id FROM needed ORDER BY 1, 2"  # noqa: S608 - constants only
# As one array: a placeholder for each of twenty thousand runs would cost more than the question.
_RUNS = f"""
WITH {_IN_FORCE} SELECT {_RUN_COLUMNS} FROM {_RUN_TABLES} WHERE r.id = ANY(%(runs)s)
"""  # noqa: S608 - constants only
# The page of a phase: what can matter for one phase alone. That is itself, what it needs through others
# (the nearest few thousand), and the first queued phase of each of their runs.
_NEAR = f"""
{_NEEDED}, {_IN_FORCE}, edge AS MATERIALIZED (SELECT phase_id, prerequisite_id FROM needed LIMIT 5000),
named AS (
    SELECT unnest(%(phases)s::bigint[]) AS id UNION SELECT phase_id FROM edge UNION SELECT prerequisite_id FROM edge
), near AS MATERIALIZED (
    SELECT id FROM named
    UNION SELECT queued.id FROM (
        SELECT DISTINCT run_id FROM drain_phase WHERE id IN (SELECT id FROM named)
    ) run CROSS JOIN LATERAL (
        SELECT id FROM drain_phase WHERE run_id = run.run_id AND state = 'QUEUED' ORDER BY place, id LIMIT 1
    ) queued
), asked AS (
    SELECT DISTINCT p.last_fingerprint AS key FROM near JOIN drain_phase p USING (id) WHERE p.last_fingerprint <> ''
), {STANDS_FOR}
SELECT {_COLUMNS}, {_RUN_COLUMNS}, ARRAY(SELECT prerequisite_id FROM edge WHERE edge.phase_id = p.id),
    EXISTS (SELECT FROM drain_candidate c JOIN drain_drainsession d ON d.id = c.session_id
        WHERE c.phase_id = p.id AND c.status IN ('waiting', 'running') AND d.state = ANY(%(live)s)),
    stands_for.key, ARRAY(SELECT key FROM drain_fingerprint WHERE status = 'snoozed' AND merged_into_id IS NULL
        AND (snoozed_until IS NULL OR snoozed_until > %(now)s::timestamptz))
FROM near JOIN drain_phase p USING (id)
JOIN ({_RUN_TABLES}) ON r.id = p.run_id
LEFT JOIN stands_for ON stands_for.asked = p.last_fingerprint
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class PlanInput:
    """Everything one plan is made from."""

    rows: list[PhaseRow]
    runs: dict[int, RunFacts]
    edges: list[tuple[int, int]]
    snoozed: dict[str, str]
    """Fingerprint → the snoozed one that it is or may be."""


def read_backlog(run_pks: list[int] | None, merges: dict[str, str], now: datetime) -> PlanInput:
    """Read what `make_plan` needs for these runs (None: all), in one short snapshot."""
    with transaction.atomic():
        rows = list(_rows(run_pks, merges))
        edges = _edges(rows)
        rows += _named_elsewhere(edges, rows, merges)
        runs = _run_facts({row.run for row in rows}, now)
        snoozed = _snoozed(now)
    return PlanInput(rows, runs, edges, snoozed)


def read_near(phase: int, now: datetime) -> PlanInput:
    """Read what `make_plan` needs to decide on one phase as a drain of everything would, in a few queries."""
    live = [state.value for state in LIVE_SESSION_STATES]
    values = {"phases": [phase], "open": list(OPEN_STATES), "live": live, "now": now}
    rows, runs, edges, snoozed = [], {}, [], []
    for item in _read(_NEAR, values):
        columns, (needs, taken, stands, snoozed) = item[:-4], item[-4:]
        row = PhaseRow._make(columns[: len(PhaseRow._fields)])
        merges = {row.fingerprint: stands} if stands else {}
        rows.append(_adjusted(row, frozenset([row.id] if taken else []), merges))
        runs[row.run] = _facts(columns[len(PhaseRow._fields) :])
        edges += [(row.id, need) for need in needs]
    return PlanInput(rows, runs, edges, _kept_out_by(snoozed))


def _rows(run_pks: list[int] | None, merges: dict[str, str]) -> Iterator[PhaseRow]:
    taken = _offered_elsewhere()
    where = "state = ANY(%s)" + ("" if run_pks is None else " AND run_id = ANY(%s)")
    values: list[Any] = [list(OPEN_STATES)] + ([] if run_pks is None else [run_pks])
    sql = f"SELECT {_COLUMNS} FROM drain_phase p WHERE {where}"  # noqa: S608 - constants only
    found = stream(sql, values, binary=True, made=_phase_row)
    # Most of the time nothing is taken or merged, and a million rows pass untouched.
    yield from (_adjusted(row, taken, merges) for row in found) if taken or merges else found


def _phase_row(cursor: object) -> Callable[[Sequence[Any]], PhaseRow]:
    """Rows as psycopg reads them, without a call of Python for each: `PhaseRow._make` would be one."""
    del cursor
    return partial(tuple.__new__, PhaseRow)


def _adjusted(row: PhaseRow, taken: frozenset[int], merges: dict[str, str]) -> PhaseRow:
    if row.id not in taken and row.fingerprint not in merges:
        return row
    return row._replace(
        leased=row.leased or row.id in taken,
        fingerprint=merges.get(row.fingerprint, row.fingerprint),
    )


def _offered_elsewhere() -> frozenset[int]:
    """Phases that a live session has yet to drain: two sessions would only get in each other's way."""
    return frozenset(
        Candidate.objects.filter(
            session__state__in=LIVE_SESSION_STATES,
            status__in=[CandidateStatus.WAITING, CandidateStatus.RUNNING],
        ).values_list("phase_id", flat=True)
    )


def _edges(rows: list[PhaseRow]) -> list[tuple[int, int]]:
    """Return the open prerequisites of these open phases, also across runs: (phase, prerequisite)."""
    return _read(_EDGES, {"phases": [row.id for row in rows], "open": list(OPEN_STATES)})


def _named_elsewhere(
    edges: list[tuple[int, int]], rows: list[PhaseRow], merges: dict[str, str]
) -> list[PhaseRow]:
    """Rows of phases outside the scope that an edge names."""
    missing = {end for edge in edges for end in edge} - {row.id for row in rows} if edges else ()
    if not missing:
        return []
    sql = f"SELECT {_COLUMNS} FROM drain_phase p WHERE id = ANY(%(missing)s)"  # noqa: S608 - constants only
    found = [PhaseRow._make(row) for row in _read(sql, {"missing": list(missing)})]
    return [row._replace(fingerprint=merges.get(row.fingerprint, row.fingerprint)) for row in found]


def _run_facts(pks: set[int], now: datetime) -> dict[int, RunFacts]:
    return {
        columns[0]: _facts(columns) for columns in _read(_RUNS, {"runs": list(pks), "now": now})
    }


def _facts(columns: tuple[Any, ...]) -> RunFacts:
    """A run as the policy wants it, from _RUN_COLUMNS."""
    pk, run_id, order, kind, max_parallel, executable, held_by, until, why = columns
    end = f" until {until:%d %b %H:%M} UTC" if until else ""
    return RunFacts(
        pk=pk,
        run_id=run_id,
        sequential=order == Order.SEQUENTIAL,
        autopack=kind == SourceKind.AUTOPACK,
        hold="" if held_by is None else f"held by {held_by}{end}: {why}",
        max_parallel=max_parallel,
        executable=executable,
    )


def _read(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _snoozed(now: datetime) -> dict[str, str]:
    """Return the keys that snoozed fingerprints keep out;
    one that was merged away counts for its target alone.
    """
    found = Fingerprint.objects.filter(status=FingerprintStatus.SNOOZED, merged_into=None).filter(
        Q(snoozed_until__isnull=True) | Q(snoozed_until__gt=now)
    )
    return _kept_out_by(found.values_list("key", flat=True))


def _kept_out_by(snoozed: Iterable[str]) -> dict[str, str]:
    """Return the fingerprints that these snoozed ones keep out: themselves, and those that may be them."""
    kept_out = related_to(sorted(snoozed))
    possible = {other: key for key, each in sorted(kept_out.items()) for other in each.possible}
    return possible | {key: key for key in kept_out}
