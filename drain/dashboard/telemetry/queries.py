"""Queries of the telemetry page: one window of time, read at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from drain.dashboard.http.cache import shared
from drain.dashboard.ui.charts import Chart, Series, axis_end, yield_chart
from drain.evidence.telemetry import (
    AttemptYields,
    BoundaryHit,
    KindCount,
    TokenEstimates,
    Yields,
    YieldSeries,
    attempt_yields,
    boundary_hits,
    events_by_kind,
    first_hour,
    token_estimates,
    yields,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HITS = 8
"""Attempts at a limit that are listed."""
GROUPS = 12
"""Categories or models that a table shows."""


@dataclass(frozen=True, slots=True)
class Window:
    """A choice of the page. `hours`: None for everything; `keep`: an answer is shared for so many seconds."""

    name: str
    word: str
    hours: int | None
    keep: int


WINDOWS = {
    window.name: window
    for window in (
        Window("24h", "24 h", 24, 10),
        Window("7d", "7 d", 168, 30),
        Window("30d", "30 d", 720, 60),
        Window("all", "All", None, 300),
    )
}
DEFAULT = "7d"


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of the time axis: `width` hours each, or by day, week or month (UTC)."""

    since: datetime
    step: str
    word: str
    moments: tuple[datetime, ...]

    def place(self, moment: datetime) -> int:
        """The slot that holds a moment."""
        return max(0, sum(start <= moment for start in self.moments) - 1)


@dataclass(frozen=True, slots=True)
class TelemetryFacts:
    """All numbers of the page."""

    at: datetime
    since: datetime
    slot_word: str
    total: Yields
    chart: Chart
    categories: list[tuple[str, Yields]]
    more_categories: int
    attempts: AttemptYields
    hits: list[BoundaryHit]
    tokens: TokenEstimates
    kinds: list[KindCount]

    @property
    def of_models(self) -> bool:
        """True if any event tells of tokens or of a model's limits; else the page is without their words."""
        return self.tokens.total is not None or bool(self.attempts.boundary)

    @property
    def partly(self) -> bool:
        """True if reasons and limits were read from a part of the window only."""
        return self.attempts.attempts < self.total.attempts

    @property
    def most_tokens(self) -> int:
        """The longest bar of predicted and actual tokens."""
        shown = (*self.tokens.models, *self.tokens.categories)
        return max((max(one.predicted, one.actual) for one in shown), default=0)


def telemetry_facts(window: Window, now: datetime) -> TelemetryFacts:
    """The facts of a moment ago if somebody has just asked, else fresh ones. Five queries, six for all."""
    key = f"telemetry:{window.name}:{timezone.get_current_timezone_name()}"
    return shared(key, window.keep, lambda: read_telemetry(window, now))


def read_telemetry(window: Window, now: datetime) -> TelemetryFacts:
    """Read them all."""
    slots = slots_of(window, now)
    series = yields(slots.since, now + HOUR, slots.step)
    return TelemetryFacts(
        at=now,
        since=slots.since,
        slot_word=slots.word,
        total=series.total,
        chart=_chart(slots, series),
        categories=series.categories[:GROUPS],
        more_categories=len(series.categories) - GROUPS,
        attempts=attempt_yields(slots.since, now + HOUR),
        hits=boundary_hits(slots.since, now + HOUR, HITS),
        tokens=token_estimates(slots.since, now + HOUR),
        kinds=events_by_kind(slots.since, now + HOUR, GROUPS),
    )


def slots_of(window: Window, now: datetime) -> Slots:
    """At most a hundred slots: hours for a day, three hours for a week, else days, weeks or months."""
    if window.hours is not None and window.hours <= 168:
        width = 1 if window.hours <= 24 else 3
        since = axis_end(now, width) - window.hours * HOUR
        moments = tuple(since + place * HOUR for place in range(0, window.hours, width))
        return Slots(since, "hour", "hour" if width == 1 else "3 h", moments)
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if window.hours is not None:
        return _days(today - (window.hours // 24 - 1) * DAY, today)
    first = (first_hour() or now).astimezone(UTC).replace(hour=0)
    span = (today - first).days
    return _days(first, today, "day" if span <= 92 else "week" if span <= 640 else "month")


def _days(since: datetime, today: datetime, step: str = "day") -> Slots:
    if step == "week":
        since -= since.weekday() * DAY
    if step == "month":
        since = since.replace(day=1)
    moments = [since]
    while (following := _next(moments[-1], step)) <= today:
        moments.append(following)
    return Slots(since, step, f"{step} (UTC)", tuple(moments))


def _next(moment: datetime, step: str) -> datetime:
    if step == "month":
        return (moment.replace(day=1) + 32 * DAY).replace(day=1)
    return moment + (7 * DAY if step == "week" else DAY)


def _chart(slots: Slots, series: YieldSeries) -> Chart:
    found = [Yields() for _ in slots.moments]
    for moment, part in series.slots:
        place = slots.place(moment)
        found[place] = found[place] + part
    moments = slots.moments
    if slots.step == "hour":
        moments = tuple(timezone.localtime(moment) for moment in moments)
    return yield_chart(moments, [part.rate for part in found], _bars(found))


def _bars(found: Sequence[Yields]) -> list[Series]:
    return [
        Series("complete", [part.attempts - part.without for part in found], "With events"),
        Series("skipped", [part.without for part in found], "Without an event"),
    ]
