"""A share as a chart draws it, with an interval for one look, and quantiles. Pure Python.

Whatever decides anything has bounds that hold at every look instead (drain.evidence.statistics.sequence). The
interval is Wilson's (1927); normal quantiles are the standard library's (Wichura, AS 241, relative error
about 1e-16).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between two bounds."""

    value: float
    low: float
    high: float

    def excludes(self, number: float) -> bool:
        """Return whether `number` lies outside the bounds."""
        return number < self.low or number > self.high


def z_value(confidence: float = CONFIDENCE) -> float:
    """Two-sided normal quantile: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: float, n: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Score interval of a rate; None when n is 0. Counts may be fractional when planning."""
    if n <= 0:
        return None
    z = z_value(confidence)
    rate = successes / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    # at 0 and n the bound is exact; rounding must not move it
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(rate, low, high)


def quantile(counts: Sequence[tuple[float, int]], share: float) -> float | None:
    """A quantile of values given as (value, how many), ascending; `share` 0.5 is the median;
    None without values.

    Between two values it interpolates linearly (the usual definition, numpy's default).
    """
    n = sum(count for _, count in counts)
    if n == 0:
        return None
    position = (n - 1) * share
    below, above = math.floor(position), math.ceil(position)
    left, right = _at_rank(counts, below), _at_rank(counts, above)
    return left + (right - left) * (position - below)


def _at_rank(counts: Sequence[tuple[float, int]], rank: int) -> float:
    seen = 0
    for value, count in counts:
        seen += count
        if rank < seen:
            return value
    return counts[-1][0]
