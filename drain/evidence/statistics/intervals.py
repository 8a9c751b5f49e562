"""Intervals that say how much a count proves. Pure Python; every function is two-sided.

Sources: Wilson (1927) for a rate; Tango (1998, Statistics in Medicine 17:891), the score interval,
for the difference on the same subjects; Garwood (1936) for a Poisson rate; order statistics (David and
Nagaraja, Order Statistics, 7.1) for quantiles. Normal quantiles are the standard library's (Wichura,
AS 241, relative error about 1e-16).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from drain.evidence.statistics.gamma import gamma_quantile

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate between two bounds."""

    value: float
    low: float
    high: float

    def excludes(self, number: float) -> bool:
        """Whether `number` lies outside the bounds."""
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


def paired(gained: float, lost: float, n: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Tango's interval of the change of a rate on the same n subjects; None when n is 0.

    `gained` went from failure to success, `lost` the other way; the others stayed as they were.
    """
    if n <= 0:
        return None
    z = z_value(confidence)
    value = (gained - lost) / n
    # At an end the statistic's variance is 0: a limit there is the end itself.
    low = _root(lambda x: _tango(gained, lost, n, x) - z, -1.0, value) if value > -1 else -1.0
    high = _root(lambda x: _tango(gained, lost, n, x) + z, value, 1.0) if value < 1 else 1.0
    return Interval(value, low, high)


def _tango(gained: float, lost: float, n: float, change: float) -> float:
    """The score statistic under the hypothesis that the change is `change`; falls with it."""
    a = 2 * n
    b = -gained - lost + (2 * n - gained + lost) * change
    c = -lost * change * (1 - change)
    q = (math.sqrt(max(0.0, b * b - 4 * a * c)) - b) / (2 * a)
    variance = n * (2 * q + change * (1 - change))
    distance = gained - lost - n * change
    if variance <= 0:
        return 0.0 if distance == 0 else math.copysign(math.inf, distance)
    return distance / math.sqrt(variance)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses 0 within the bounds, to 1e-12."""
    for _ in range(60):
        middle = (low + high) / 2
        if function(middle) > 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def poisson_rate(events: float, exposure: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Exact interval of events per unit of exposure (e.g. minutes); None without exposure.

    Events that come together are divided, like their exposure, by how many come at once (`dispersion`).
    """
    if exposure <= 0:
        return None
    tail = (1 - confidence) / 2
    low = gamma_quantile(events, tail) if events else 0.0
    high = gamma_quantile(events + 1, 1 - tail)
    return Interval(events / exposure, low / exposure, high / exposure)


def dispersion(counts: Sequence[tuple[float, int]]) -> float:
    """Variance over mean of values given as (value, how many); at least 1, which is Poisson's, also of one value.

    The usual factor of quasi-likelihood (Wedderburn, Biometrika 61:439, 1974).
    """
    n = sum(count for _, count in counts)
    total = sum(value * count for value, count in counts)
    if n < 2 or not total:
        return 1.0
    mean = total / n
    return max(1.0, sum(count * (value - mean) ** 2 for value, count in counts) / (n - 1) / mean)


def quantile(
    counts: Sequence[tuple[float, int]], share: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """A quantile of values given as (value, how many), ascending, with its order-statistic interval.

    `share` 0.5 is the median. Between two values it interpolates linearly (the usual definition,
    numpy's default); the bounds are values that occur. None without values.
    """
    n = sum(count for _, count in counts)
    if n == 0:
        return None
    position = (n - 1) * share
    below, above = math.floor(position), math.ceil(position)
    left, right = _at_rank(counts, below), _at_rank(counts, above)
    tail = (1 - confidence) / 2
    low = max(binomial_quantile(n, share, tail) - 1, 0)
    high = min(binomial_quantile(n, share, 1 - tail), n - 1)
    value = left + (right - left) * (position - below)
    return Interval(value, _at_rank(counts, low), _at_rank(counts, high))


def _at_rank(counts: Sequence[tuple[float, int]], rank: int) -> float:
    seen = 0
    for value, count in counts:
        seen += count
        if rank < seen:
            return value
    return counts[-1][0]


def binomial_quantile(n: int, p: float, probability: float) -> int:
    """Smallest k with P(X ≤ k) ≥ probability for X ~ Binomial(n, p), 0 < p < 1."""
    spread = 12 * math.sqrt(n * p * (1 - p)) + 12
    k = max(0, math.floor(n * p - spread))  # below lies less than 1e-30
    cumulative = 0.0
    odds = p / (1 - p)
    log_term = (
        math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
        + k * math.log(p) + (n - k) * math.log1p(-p)
    )  # fmt: skip
    term = math.exp(log_term)
    while k < n:
        cumulative += term
        if cumulative >= probability:
            return k
        term *= (n - k) / (k + 1) * odds
        k += 1
    return n


def enough_for_rate(rate: float | None, threshold: float) -> int | None:
    """The n at which Wilson's interval would leave `threshold` on one side, were `rate` to stay.

    Wilson's bounds are the score test's: they exclude p0 when |rate - p0| > z·√(p0(1-p0)/n). Without a
    rate yet: the n that proves it if all succeed. None when no n would do.
    """
    z = z_value()
    observed = 1.0 if rate is None else rate
    distance = observed - threshold
    if distance == 0:
        return None
    return max(1, math.ceil(z * z * threshold * (1 - threshold) / distance**2 + 1e-9))


def enough_for_paired(gained: float, lost: float, n: float) -> int | None:
    """The number of pairs at which Tango's interval would exclude 0, were the shares to stay."""
    if n == 0:
        return None
    up, down = gained / n, lost / n
    return _smallest(lambda size: paired(up * size, down * size, size), gained != lost)


def _smallest(interval: Callable[[int], Interval | None], possible: bool) -> int | None:
    """The smallest n whose interval excludes 0; None beyond ten million."""
    if not possible:
        return None
    low, high = 0, 1
    while not _proves(interval(high)):
        low, high = high, high * 2
        if high > 10_000_000:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _proves(interval(middle)) else (middle, high)
    return high


def _proves(interval: Interval | None) -> bool:
    return interval is not None and interval.excludes(0)
