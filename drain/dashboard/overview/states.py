"""Phases by state over time: what maintenance kept of each hour, and this moment as the last place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from drain.dashboard.ui.charts import Chart, Series, axis_end, stacked_chart
from drain.evidence.rollups.state_history import history

HOUR = timedelta(hours=1)
# Complete at the bottom, so that what is not complete stands on a level line.
ORDER = ("COMPLETE", "SKIPPED", "CI_RUNNING", "GATE", "EXECUTING", "QUEUED", "FAILED")


@dataclass(frozen=True, slots=True)
class StateFacts:
    """The chart, and whether it has a past to show: with less than two hours kept it has none."""

    chart: Chart
    any_history: bool
    backlog: list[int]
    """Failed phases at each moment of the chart."""


def read_states(hours: int, now: datetime, by_state: Mapping[str, int]) -> StateFacts:
    """The last `hours` (every third one of a full week), as far back as they are kept. One query."""
    step = 1 if hours <= 48 else 3
    start = axis_end(now, step) - hours * HOUR
    kept = history(start)
    if len(kept) > 48:
        kept = [found for found in kept if (found[0] - start) % (step * HOUR) == timedelta()]
    points = [*_since_the_first_phase(kept), (now, dict(by_state))]
    moments = [timezone.localtime(moment) for moment, _ in points]
    series = [Series(state, [counts.get(state, 0) for _, counts in points]) for state in ORDER]
    shown = [part for part in series if any(part.values)]
    return StateFacts(
        stacked_chart(moments, shown),
        any_history=len(points) > 2,
        backlog=[counts.get("FAILED", 0) for _, counts in points],
    )


def _since_the_first_phase(
    kept: list[tuple[datetime, dict[str, int]]],
) -> list[tuple[datetime, dict[str, int]]]:
    """Drop the hours before anything was imported, but for the last of them."""
    first = next((place for place, (_, counts) in enumerate(kept) if counts), len(kept))
    return kept[max(0, first - 1) :]
