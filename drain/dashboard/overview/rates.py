"""Ends of attempts over time: the completion rate, its change, the yield, and the chart of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from textwrap import shorten

from django.utils import timezone

from drain.dashboard.ui.charts import Chart, Marker, Rates, Series, axis_end, rate_chart
from drain.evidence.comparison.question import DEFAULT_DAYS, of_marker
from drain.evidence.comparison.totals import Totals, totals, totals_of_period
from drain.evidence.rollups.fold import HourRow, hourly
from drain.evidence.statistics.intervals import wilson
from drain.models import FixMarker, TelemetryEvent
from drain.models.vocabulary import FAILURE_OUTCOMES, Outcome

HOUR = timedelta(hours=1)
SHOWN_OUTCOMES = ("complete", "failed", "retryable", "timeout", "lost")


@dataclass(frozen=True, slots=True)
class RateFacts:
    """Everything about attempts that the overview shows."""

    hours: int
    after: Totals
    """Since the pivot: the same attempts as on the page of the fix. Without one what ended in the period."""
    before: Totals
    """As long before that; with a fix nothing, since its own page compares."""
    pivot: str
    """The latest fix marker in the period, or "" for the period itself."""
    marker: int | None
    """The number of that marker."""
    verdict: str
    """The last finding of maintenance on that fix."""
    chart: Chart
    telemetry: bool = False
    """True if this site has ever been told of an event; most pipelines know none."""
    spark: list[float] = field(default_factory=list)
    any_attempts: bool = False

    @property
    def change(self) -> float | None:
        """Points that the rate rose against the period before; None when one side has no data."""
        after, before = self.after.rate, self.before.rate
        return None if after is None or before is None else (after - before) * 100


def read_rates(hours: int, now: datetime) -> RateFacts:
    """The last `hours`, up to and with the hour that is going on. Six queries at most."""
    end = axis_end(now, _step(hours))
    start = end - hours * HOUR
    found = hourly(min(start, now - 48 * HOUR), end)
    markers = list(FixMarker.objects.filter(applied_at__gte=start).order_by("applied_at")[:8])
    latest = markers[-1] if markers else None
    shown = [item for item in found if item.hour >= start]
    chart = _chart(shown, start, hours, markers)
    if latest is None:
        after = totals_of_period(now - hours * HOUR, end)
        before = totals_of_period(now - 2 * hours * HOUR, now - hours * HOUR)
    else:
        after, before = totals(of_marker(latest, DEFAULT_DAYS, now).after.side), Totals()
    return RateFacts(
        hours=hours,
        after=after,
        telemetry=after.events > 0 or TelemetryEvent.objects.exists(),
        before=before,
        pivot=f"FM-{latest.pk}" if latest else "",
        marker=latest.pk if latest else None,
        verdict=str(latest.verdict.get("words", "Not judged yet")) if latest else "",
        chart=chart,
        spark=[rate for rate in chart.data["rate"] if rate is not None],
        any_attempts=bool(shown),
    )


def _chart(
    items: Sequence[HourRow], start: datetime, hours: int, markers: Sequence[FixMarker]
) -> Chart:
    step = _step(hours)
    count = hours // step
    slots: list[list[HourRow]] = [[] for _ in range(count)]
    for item in items:
        slots[_slot(item.hour, start, step, count)].append(item)
    moments = [timezone.localtime(start + place * step * HOUR) for place in range(count)]
    series = [
        Series(name, [sum(i.attempts for i in slot if i.outcome == name) for slot in slots])
        for name in SHOWN_OUTCOMES
    ]
    flags = [
        Marker(
            shorten(f"FM-{item.pk} {item.title}", 28, placeholder="…"),
            _slot(item.applied_at, start, step, count),
        )
        for item in markers
    ]
    return rate_chart(
        moments, _rolling(slots, 3), [s for s in series if _needed(s)], flags, 3 * step
    )


def _step(hours: int) -> int:
    return 1 if hours <= 48 else 3


def _needed(series: Series) -> bool:
    return series.state in ("complete", "failed") or any(series.values)


def _slot(moment: datetime, start: datetime, step: int, count: int) -> int:
    return max(0, min(count - 1, int((moment - start) / (step * HOUR))))


def _rolling(slots: Sequence[Sequence[HourRow]], width: int) -> Rates:
    """Rate over the last `width` slots at each slot, in percent with Wilson's bounds."""
    found = []
    for end in range(1, len(slots) + 1):
        rows = [item for slot in slots[max(0, end - width) : end] for item in slot]
        complete = sum(item.attempts for item in rows if item.outcome == Outcome.COMPLETE)
        missed = sum(item.attempts for item in rows if item.outcome in FAILURE_OUTCOMES)
        found.append(wilson(complete, complete + missed))
    return Rates(
        [_points(i.value) if i else None for i in found],
        [_points(i.low) if i else None for i in found],
        [_points(i.high) if i else None for i in found],
    )


def _points(share: float) -> float:
    return round(share * 100, 1)
