"""The drain that the overview shows: the one that is going on, else the last one that ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, Value, When

from drain.dashboard.drains.gauges import GaugeView, session_gauges
from drain.dashboard.drains.progress import causes_words, rate_words
from drain.db.sql import rows
from drain.engine.sessions.results import session_counts
from drain.models import DrainSession
from drain.models.vocabulary import LIVE_SESSION_STATES
from drain.policy.stopping.limits import Limits
from drain.policy.words import duration

_RUNNING = """
SELECT count(*)::int AS n, min(started_at) AS since FROM drain_attempt
WHERE session_id = %(session)s::bigint AND finished_at IS NULL
"""
_LIVE_FIRST = Case(
    When(state__in=LIVE_SESSION_STATES, then=Value(0)),
    default=Value(1),
    output_field=IntegerField(),
)


@dataclass(frozen=True, slots=True)
class DrainCard:
    """One session in a card: what became of its phases, and the stop condition that is nearest."""

    session: DrainSession
    live: bool
    ended: int
    """Phases that have had their last attempt."""
    time: str
    attempts: int
    parts: list[tuple[str, int, str]]
    """Outcome, attempts, and what there is to say of them; the rate is that of the session's page."""
    bar: list[tuple[str, int]]
    events: int
    """Telemetry events that came of it."""
    running: int
    longest_since: datetime | None
    nearest: GaugeView | None
    left_out: int
    """Failed phases in scope that its plan excluded."""
    others: int
    """Further sessions that are going on."""


def read_drain(now: datetime) -> DrainCard | None:
    """The newest live session, else the newest of all; None when nothing was ever drained."""
    found = list(DrainSession.objects.order_by(_LIVE_FIRST, "-pk")[:10])
    if not found:
        return None
    session = found[0]
    live = session.state in LIVE_SESSION_STATES
    counts = session_counts(session.pk)
    running = rows(_RUNNING, {"session": session.pk})[0] if live else {}
    limits = Limits.from_json(session.limits)
    return DrainCard(
        session=session,
        live=live,
        ended=counts["phases"],
        attempts=counts["processed"],
        time=_time_words(session.worked(now).total_seconds() / 60, limits.max_total_minutes),
        parts=_parts(counts),
        bar=[*((name, n) for name, n, _ in _parts(counts)), ("running", running.get("n", 0))],
        events=counts["telemetry_events"],
        running=running.get("n", 0),
        longest_since=running.get("since"),
        nearest=_nearest(session_gauges(session, limits, counts, now)) if live else None,
        left_out=max(session.total_failed - session.selected, 0),
        others=sum(other.state in LIVE_SESSION_STATES for other in found[1:]),
    )


def _time_words(minutes: float, limit: float | None) -> str:
    if limit is not None:
        return f"{minutes:,.0f} of {limit:g} min"
    return duration(minutes * 60)


def _parts(counts: dict[str, Any]) -> list[tuple[str, int, str]]:
    shown = [
        ("complete", counts["complete"], rate_words(counts)),
        ("failed", counts["failed"] - counts["timeouts"], causes_words(counts)),
        ("retryable", counts["retryable"], "counts in no rate"),
        ("timeout", counts["timeouts"], ""),
        ("lost", counts["lost"], ""),
    ]
    return [part for part in shown if part[1] or part[0] in ("complete", "failed")]


def _nearest(found: list[GaugeView]) -> GaugeView | None:
    """The stop condition with the largest share used up; the batch itself is progress, not a stop."""
    stops = [gauge for gauge in found if gauge.name != "Batch size" and gauge.limit]
    return max(stops, key=lambda gauge: gauge.observed / gauge.limit, default=None)
