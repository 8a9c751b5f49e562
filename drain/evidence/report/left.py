"""The rest of a drain, now: phases that are failed, queued or working, and runs on hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings

from drain.db.sql import last_line_sql, rows
from drain.models import DrainSession

LISTED = 200
PREVIEW = 200

_RUNS = "SELECT DISTINCT run_id FROM drain_candidate WHERE session_id = %(session)s"
_PHASES = f"""
SELECT r.run_id, p.phase_id, p.state, p.state_changed_at AS since,
    CASE WHEN length(p.last_failure_reason) <= {PREVIEW} THEN p.last_failure_reason
        ELSE left({last_line_sql("p.last_failure_reason")}, {PREVIEW}) END AS preview,
    count(*) OVER ()::int AS total
FROM drain_phase p JOIN drain_run r ON r.id = p.run_id
WHERE p.run_id IN ({_RUNS}) AND p.state = ANY(%(states)s::text[])
ORDER BY p.state_changed_at {{order}}, p.id LIMIT {LISTED}
"""  # noqa: S608 - constants only
_HOLDS = f"""
SELECT h.kind, h.value, h.reason, h.until, count(DISTINCT p.id)::int AS phases
FROM drain_hold h JOIN drain_run r
    ON h.kind = 'run' AND r.run_id = h.value OR h.kind = 'prefix' AND starts_with(r.run_id, h.value)
JOIN drain_phase p ON p.run_id = r.id AND p.state = 'FAILED'
WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until > now()) AND r.id IN ({_RUNS})
GROUP BY h.id ORDER BY h.id LIMIT {LISTED}
"""  # noqa: S608 - constants only


class LeftPhase(NamedTuple):
    """A phase as it is now; `preview` is its reason, of a long one the last line."""

    run_id: str
    phase_id: str
    state: str
    since: datetime
    preview: str


class HeldRuns(NamedTuple):
    """A hold on runs of the drain, with the failed phases behind it."""

    kind: str
    value: str
    reason: str
    until: datetime | None
    phases: int


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """Phases of the drain's runs that are not at an end; lists have at most LISTED, counts are whole."""

    failed: tuple[LeftPhase, ...]
    failed_total: int
    waiting: tuple[LeftPhase, ...]
    """Queued or working, the longest first."""
    waiting_total: int
    holds: tuple[HeldRuns, ...]
    stale_after: timedelta
    now: datetime

    @property
    def stale(self) -> int:
        """Listed phases that have been queued for longer than `stale_after`."""
        return sum(phase.state == "QUEUED" and self.is_stale(phase) for phase in self.waiting)

    def is_stale(self, phase: LeftPhase) -> bool:
        """Return whether it has stood so for longer than a queue should take."""
        return self.now - phase.since > self.stale_after


def left_behind(session: DrainSession, now: datetime) -> LeftBehind:
    """Return the rest of all runs that the plan names."""
    failed, failed_total = _phases(session, ["FAILED"], "DESC")
    waiting, waiting_total = _phases(session, ["QUEUED", "EXECUTING", "GATE", "CI_RUNNING"], "ASC")
    holds = tuple(HeldRuns(**item) for item in rows(_HOLDS, {"session": session.pk}))
    after = settings.DRAIN_STALE_AFTER
    return LeftBehind(failed, failed_total, waiting, waiting_total, holds, after, now)


def _phases(
    session: DrainSession, states: list[str], order: str
) -> tuple[tuple[LeftPhase, ...], int]:
    values: dict[str, Any] = {"session": session.pk, "states": states}
    found = rows(_PHASES.format(order=order), values)
    total = found[0]["total"] if found else 0
    return tuple(LeftPhase(*(item[name] for name in LeftPhase._fields)) for item in found), total
