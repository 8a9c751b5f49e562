"""The long parts of a report, streamed: attempts, plan and telemetry by phase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db.models import Count, Q

from drain.db.sql import last_line_sql, rows, stream
from drain.models import Attempt
from drain.models.vocabulary import Outcome

_ATTEMPTS = f"""
SELECT a.id AS attempt, r.run_id, p.phase_id, a.number, a.outcome, a.exit_code, a.signal, a.fingerprint,
    left({last_line_sql("a.error")}, 300) AS error, a.telemetry_count AS telemetry_events, a.zero_yield_reason,
    a.reached_limit_boundary, a.started_at,
    extract(epoch FROM a.finished_at - a.started_at)::float8 AS seconds, a.worker, a.log_bytes,
    CASE WHEN a.log_name <> '' THEN 'file' WHEN a.log_inline <> '' THEN 'row'
        WHEN a.log_inline IS NOT NULL THEN 'pruned' ELSE 'none' END AS log
FROM drain_attempt a JOIN drain_phase p ON p.id = a.phase_id JOIN drain_run r ON r.id = a.run_id
WHERE a.session_id = %(session)s AND a.finished_at IS NOT NULL ORDER BY a.id LIMIT %(limit)s
"""  # noqa: S608 - constants only
# In two parts, since an index knows the order of what was planned, and a report shows the beginning.
_PLAN = """
SELECT c.planned_position AS position, r.run_id, p.phase_id, c.category, c.fingerprint, c.sample, c.why, c.status,
    c.outcome, c.reason, c.detail
FROM drain_candidate c JOIN drain_phase p ON p.id = c.phase_id JOIN drain_run r ON r.id = c.run_id
WHERE c.session_id = %(session)s AND c.planned_position {which} LIMIT %(limit)s
"""
_PLANNED = _PLAN.format(which="IS NOT NULL ORDER BY c.planned_position, c.id")
_LEFT_OUT = _PLAN.format(which="IS NULL ORDER BY c.id")
# Every phase of the drain's runs, tried or not; what it brought is counted for the few that are shown.
_PHASES = """
WITH drained AS (
    SELECT phase_id, sum(telemetry_count)::int AS events, count(*)::int AS attempts,
        sum(extract(epoch FROM finished_at - started_at))::float8 / 60 AS minutes
    FROM drain_attempt WHERE session_id = %(session)s AND finished_at IS NOT NULL
        AND outcome NOT IN ('cancelled', 'interrupted', 'diverted')
    GROUP BY phase_id
), shown AS (
    SELECT p.id, p.run_id, p.phase_id, p.phase_index, p.state, coalesce(d.events, 0) AS events,
        coalesce(d.attempts, 0) AS attempts, coalesce(d.minutes, 0) AS minutes
    FROM drain_phase p LEFT JOIN drained d ON d.phase_id = p.id
    WHERE p.run_id IN (SELECT run_id FROM drain_candidate WHERE session_id = %(session)s)
    ORDER BY coalesce(d.events, 0) DESC, coalesce(d.attempts, 0) DESC, p.id LIMIT %(limit)s
)
SELECT r.run_id, s.phase_id, s.state, (
        SELECT count(*) FROM drain_telemetryevent e WHERE e.phase_id = s.id)::int AS all_events,
    s.events, s.attempts, s.minutes
FROM shown s JOIN drain_run r ON r.id = s.run_id
ORDER BY s.events DESC, s.attempts DESC, r.run_id, s.phase_index
"""


class AttemptLine(NamedTuple):
    """One ended attempt; `log` says where its output is kept: row, file or none."""

    attempt: int
    run_id: str
    phase_id: str
    number: int
    outcome: str
    exit_code: int | None
    signal: int | None
    fingerprint: str
    error: str
    telemetry_events: int
    zero_yield_reason: str
    reached_limit_boundary: bool
    started_at: datetime
    seconds: float
    worker: str
    log_bytes: int
    log: str


class PlanLine(NamedTuple):
    """One line of the frozen plan; without a position it was excluded, for `reason`."""

    position: int | None
    run_id: str
    phase_id: str
    category: str
    fingerprint: str
    sample: bool
    why: str
    status: str
    outcome: str
    reason: str
    detail: str


class PhaseTelemetry(NamedTuple):
    """Telemetry of one phase of the drain's runs: in all, and of its counted attempts in the session."""

    run_id: str
    phase_id: str
    state: str
    all_events: int
    """Kept events of the phase, whoever ran it."""
    events: int
    attempts: int
    minutes: float


def attempts(session: int, limit: int | None = None) -> Iterator[AttemptLine]:
    """Ended attempts of a session in the order in which they started; at flat memory."""
    return map(AttemptLine._make, stream(_ATTEMPTS, {"session": session, "limit": limit}))


def plan(session: int, limit: int | None = None) -> Iterator[PlanLine]:
    """The frozen plan: selected phases by position, then the excluded ones; at flat memory."""
    planned = 0
    for row in stream(_PLANNED, {"session": session, "limit": limit}):
        planned += 1
        yield PlanLine._make(row)
    rest = None if limit is None else limit - planned
    if rest != 0:
        yield from map(PlanLine._make, stream(_LEFT_OUT, {"session": session, "limit": rest}))


def attempts_json(session: int) -> Iterator[str]:
    """The same attempts, each as the text of a JSON object in ASCII."""
    return _as_json(_ATTEMPTS, session)


def plan_json(session: int) -> Iterator[str]:
    """The same plan, each line as the text of a JSON object in ASCII."""
    yield from _as_json(_PLANNED, session)
    yield from _as_json(_LEFT_OUT, session)


def _as_json(statement: str, session: int) -> Iterator[str]:
    """PostgreSQL writes the objects, several times as fast as Python; what is not ASCII is escaped here."""
    wrapped = f"SELECT to_json(line)::text FROM ({statement}) line"  # noqa: S608 - statements of ours
    for (text,) in stream(wrapped, {"session": session, "limit": None}):
        yield text if text.isascii() else json.dumps(json.loads(text))


def marked_attempts(session: int) -> dict[str, int]:
    """Return how many ended attempts of the session were diverted,
    and how many reached a limit of their model.
    """
    found = Attempt.objects.filter(session=session, finished_at__isnull=False)
    return found.aggregate(
        diverted=Count("pk", filter=Q(outcome=Outcome.DIVERTED)),
        reached_limit_boundary=Count("pk", filter=Q(reached_limit_boundary=True)),
    )


def phase_telemetry(session: int, limit: int = 1000) -> tuple[PhaseTelemetry, ...]:
    """Every phase of the runs, those with most telemetry in the session first; at most `limit`."""
    found = rows(_PHASES, {"session": session, "limit": limit})
    return tuple(PhaseTelemetry(**item) for item in found)
