"""Sessions analysed: one as the controller's users had it, and all of them against the backlog."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from drain.db.sql import rows
from drain.evidence.comparison.figures import CauseCount, Rate, Yield, figures
from drain.evidence.comparison.sides import of_session
from drain.evidence.comparison.trend import Trend, backlog_trend
from drain.evidence.rollups.fold import state_totals
from drain.evidence.rollups.state_history import history
from drain.models import DrainSession
from drain.models.vocabulary import PhaseState

TOP_CAUSES = 10

# What entered and left the state FAILED in each hour; imports of failed phases enter it from "".
_CHANGES = """
SELECT date_trunc('hour', at, 'UTC') AS hour,
    (count(*) FILTER (WHERE to_state = 'FAILED') - count(*) FILTER (WHERE from_state = 'FAILED'))::int AS net
FROM drain_transition
WHERE subject = 'phase' AND at >= %(since)s::timestamptz AND (to_state = 'FAILED') <> (from_state = 'FAILED')
    AND (%(runs)s::bigint[] IS NULL OR run_pk = ANY(%(runs)s::bigint[]))
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class SessionAnalysis:
    """One session: how much it brought, and what stood in its way."""

    session: int
    attempts: int
    rate: Rate
    share_with_events: Rate
    """Attempts that brought at least one event, of all counted ones."""
    telemetry: Yield
    zero_yield: dict[str, int]
    causes: tuple[CauseCount, ...]
    """The TOP_CAUSES most frequent."""


@dataclass(frozen=True, slots=True)
class BacklogPoint:
    """Failed phases at the end of an hour."""

    at: datetime
    failed: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """The backlog over time, and where it is heading."""

    points: tuple[BacklogPoint, ...]
    trend: Trend


def analyse(session: DrainSession) -> SessionAnalysis:
    """Figures of one session from its kept attempts."""
    found = figures(of_session(session))
    return SessionAnalysis(
        session=session.pk,
        attempts=found.attempts,
        rate=found.rate,
        share_with_events=Rate.of(found.telemetry.with_events, found.telemetry.attempts),
        telemetry=found.telemetry,
        zero_yield=found.zero_yield,
        causes=found.causes[:TOP_CAUSES],
    )


def recent_backlog(hours: int, now: datetime) -> Backlog:
    """The same from the snapshots of the last `hours`, which costs as many rows as there are hours.

    The trend is that of hours with work here too; the points are all there are.
    """
    since = now - timedelta(hours=hours)
    failed = PhaseState.FAILED
    points = [BacklogPoint(at, counts.get(failed, 0)) for at, counts in history(since)]
    points.append(BacklogPoint(now, state_totals().get(failed, 0)))
    moved = [
        ((point.at - since).total_seconds() / 3600, float(point.failed))
        for before, point in zip([None, *points], points, strict=False)
        if before is None or before.failed != point.failed
    ]
    return Backlog(tuple(points), backlog_trend(moved))


def backlog(since: datetime, now: datetime, runs: list[int] | None = None) -> Backlog:
    """Failed phases hour by hour, reckoned back from the exact count of now; `since` < `now`.

    Hours in which nothing changed have no point of their own, so the trend is that of hours with work.
    """
    failed = state_totals(runs).get(PhaseState.FAILED, 0)
    points = [BacklogPoint(now, failed)]
    for change in reversed(rows(_CHANGES, {"since": since, "runs": runs})):
        failed -= change["net"]
        points.append(BacklogPoint(change["hour"], failed))
    points.reverse()
    hours = [((point.at - since).total_seconds() / 3600, float(point.failed)) for point in points]
    return Backlog(tuple(points), backlog_trend(hours))
