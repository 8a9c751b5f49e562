"""Is the backlog falling, and how long until it is empty: Theil-Sen's slope with Sen's interval.

The slope is the median of the slopes between all pairs of points, so a bad import of one hour does not
bend it; its interval is Sen's (1968, JASA 63:1379) from Kendall's variance with ties. Points of a
backlog depend on one another, which makes the interval too narrow rather than too wide: read it as a
best case. Pure Python; quadratic in the number of points, of which at most MAX_POINTS are used.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from drain.evidence.statistics.intervals import CONFIDENCE, Interval, z_value

MAX_POINTS = 400


@dataclass(frozen=True, slots=True)
class Trend:
    """How a backlog moves, per hour, and when it would be empty."""

    points: int
    latest: float
    slope: Interval | None
    """Phases per hour; negative is falling. None with fewer than three points."""
    hours_left: float | None
    """At this rate; None when it is not falling."""
    soonest: float | None
    latest_end: float | None
    """Hours by the interval's bounds; None means "perhaps never"."""

    @property
    def sentence(self) -> str:
        """What a person would say about it."""
        if self.latest == 0:
            return "The backlog is empty."
        if self.slope is None:
            points = "1 point" if self.points == 1 else f"{self.points} points"
            return f"Not enough data: {points}, at least 3 are needed."
        if self.slope.high < 0:
            return f"The backlog is falling; at this rate it is empty in {_span(self)}."
        if self.slope.low > 0:
            return f"The backlog is growing by {self.slope.value:.1f} phases an hour."
        return "No trend shown: the interval of the slope contains 0."


def backlog_trend(points: Sequence[tuple[float, float]], confidence: float = CONFIDENCE) -> Trend:
    """Trend of (hours, backlog) points, ascending in time."""
    latest = points[-1][1] if points else 0.0
    slope = theil_sen(_thinned(points), confidence) if len(points) >= 3 else None
    if slope is None:
        return Trend(len(points), latest, None, None, None, None)
    return Trend(
        len(points),
        latest,
        slope,
        _hours(latest, slope.value),
        _hours(latest, slope.low),
        _hours(latest, slope.high),
    )


def theil_sen(
    points: Sequence[tuple[float, float]], confidence: float = CONFIDENCE
) -> Interval | None:
    """Median slope of (x, y) points with Sen's interval; None without two different x."""
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
        if later[0] != earlier[0]
    )
    if not slopes:
        return None
    spread = z_value(confidence) * math.sqrt(_kendall_variance(points))
    upper = min(round((len(slopes) + spread) / 2), len(slopes) - 1)
    lower = max(round((len(slopes) - spread) / 2) - 1, 0)
    return Interval(median(slopes), slopes[lower], slopes[upper])


def _kendall_variance(points: Sequence[tuple[float, float]]) -> float:
    n = len(points)
    total = n * (n - 1) * (2 * n + 5)
    for axis in (0, 1):
        for tied in Counter(point[axis] for point in points).values():
            total -= tied * (tied - 1) * (2 * tied + 5)
    return max(total, 0) / 18


def _thinned(points: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    step = math.ceil(len(points) / MAX_POINTS)
    return points[::-step][::-1] if step > 1 else points


def _hours(backlog: float, slope: float) -> float | None:
    return -backlog / slope if slope < 0 else None


def _span(trend: Trend) -> str:
    soonest, last = trend.soonest or 0.0, trend.latest_end
    until = "no known end" if last is None else f"{last:.1f}"
    return f"{trend.hours_left or 0.0:.1f} hours (95 % interval {soonest:.1f} to {until})"
