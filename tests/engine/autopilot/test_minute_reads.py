"""The periodic looks of hosts, every few seconds and every minute, read their hour alone,
whatever else there is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from drain.engine.autopilot.recurring import pause_useless, start_due, stop_over_budgets
from drain.engine.autopilot.rollouts import advance, listen
from drain.engine.autopilot.rules import AutopilotRequest, add_autopilot
from drain.engine.news.deliver import deliver
from drain.engine.news.watch import watch
from drain.models import Attempt, Autopilot, DrainSession, Notice, Phase, SessionRun
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.policy.autopilot import Amount
from tests.factories import FingerprintFactory, SessionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.verify, pytest.mark.timeout(1200)]

RUNS, PHASES = 2_500, 80
DAYS = 60
ANN = Person("ann", Origin.COMMAND)
FEW = 1_000
"""Rows that the looks may read of a large table:
400 phases are queued, 139 fell within the hour, and as many are attempts of the drain of an autopilot.
"""
# A phase and its attempt every 26 seconds, as they fell: the newest last. One in 500 is queued.
_MADE = """
SET LOCAL session_replication_role = replica;
SET LOCAL max_parallel_workers_per_gather = 0;
CREATE TEMP TABLE made ON COMMIT DROP AS
    SELECT nextval('drain_run_id_seq') AS run, n FROM generate_series(1, %(runs)s) n;
INSERT INTO drain_run (id, run_id, name, labels, "order", max_parallel, open_attempts, created_at)
SELECT run, 'z' || run, '', '[]', 'independent', 4, 0, now() FROM made;
CREATE TEMP TABLE fell ON COMMIT DROP AS
    SELECT nextval('drain_phase_id_seq') AS id, run, i, (n - 1) * %(phases)s + i AS nth,
        %(now)s::timestamptz - make_interval(days => %(days)s) * (1 - ((n - 1) * %(phases)s + i)::float8 / (%(runs)s * %(phases)s)) AS at
    FROM made, generate_series(1, %(phases)s) i;
INSERT INTO drain_phase (id, run_id, phase_id, phase_index, name, state, state_changed_at, category, complexity, params, attempts,
    source_attempts, last_failure_reason, last_fingerprint, failure_category)
SELECT id, run, 'p' || i, i, '', CASE WHEN nth %% 500 = 0 THEN 'QUEUED' ELSE 'FAILED' END, at, '', '', '{}', 1, 0, 'x', 'k' || nth %% 50, ''
FROM fell ORDER BY nth;
INSERT INTO drain_attempt (phase_id, run_id, session_id, number, worker, outcome, timeout_seconds, started_at, finished_at, command,
    error, fingerprint, fine, failure_category, telemetry_count, zero_yield_reason, reached_limit_boundary,
    bad_report_lines, reported_state, progress_message, tail, log_bytes, log_name)
SELECT id, run, CASE WHEN at > %(now)s::timestamptz - interval '1 hour' THEN %(session)s::bigint END, 1, 'w', 'failed', 60,
    at - interval '20 seconds', at, '[]', '', 'k' || nth %% 50, '', '', 0, '', false, 0, '', '', '', 0, '' FROM fell ORDER BY nth;
INSERT INTO drain_transition (subject, subject_pk, run_pk, from_state, to_state, verb, actor, reason, at)
SELECT 'phase', id, run, 'EXECUTING', 'FAILED', 'finish', 'w', '', at FROM fell ORDER BY nth;
SET LOCAL session_replication_role = origin;
"""
_READ = """
SELECT relname, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
WHERE relname IN ('drain_phase', 'drain_attempt', 'drain_transition', 'drain_run')
"""


def fill(now: datetime, session: int) -> None:
    """Write the phases and attempts, the last hour's for this session, as PostgreSQL keeps old ones."""
    values: dict[str, Any] = {
        "runs": RUNS,
        "phases": PHASES,
        "days": DAYS,
        "now": now,
        "session": session,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MADE, values)
        for index in (
            "drain_attempt_finished_brin",
            "drain_attempt_started_brin",
            "drain_transition_at_brin",
        ):
            cursor.execute("SELECT brin_summarize_new_values(%s::regclass)", [index])
        cursor.execute("ANALYZE")


def read_so_far() -> dict[str, int]:
    """Rows that this transaction has read of each large table, by scans and through indexes."""
    with connection.cursor() as cursor:
        cursor.execute(_READ)
        return dict(cursor.fetchall())


def looks(now: datetime) -> None:
    """Look for news and autopilots as a host does by the clock."""
    watch(now)
    deliver(now)
    for step in (listen, advance, pause_useless, stop_over_budgets, start_due):
        step(now)


def test_looks_for_news_and_autopilots_read_little_of_200_000_phases():
    now = timezone.now()
    for number in range(50):
        FingerprintFactory(key=f"k{number}", first_seen=now - timedelta(hours=5), status="new")
    FingerprintFactory(key="r", status="regressed")
    for number in range(20):
        add_autopilot(
            AutopilotRequest(f"a{number}", "0 0 1 1 *", budget=Amount(10**6, 10**6, 10**6)),
            ANN,
            now,
        )
    pilot = Autopilot.objects.order_by("pk")[0]
    drain = SessionFactory(autopilot=pilot, state="running", ended_at=None, created_at=now)
    ended = SessionFactory(ended_at=now - timedelta(minutes=5))
    fill(now, drain.pk)
    assert Phase.objects.count() == Attempt.objects.count() == RUNS * PHASES
    assert SessionRun.objects.count() == 0
    before = read_so_far()
    looks(now)
    told = set(Notice.objects.values_list("kind", "about"))
    assert ("drain.ended", str(ended.pk)) in told
    assert ("queue.stale", "queue") in told
    once = {table: count - before[table] for table, count in read_so_far().items()}
    assert {table: count for table, count in once.items() if count > FEW} == {}
    assert once["drain_attempt"] > 50, "the drain of an autopilot is counted"
    # PostgreSQL may choose one plan for all values after a statement has been run a few times.
    before = read_so_far()
    for minute in range(1, 9):
        looks(now + timedelta(minutes=minute))
    again = {table: (count - before[table]) // 8 for table, count in read_so_far().items()}
    assert {table: count for table, count in again.items() if count > FEW} == {}
    assert DrainSession.objects.count() == 2
