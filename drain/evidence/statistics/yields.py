"""Bounds of events per attempt-minute that hold however often somebody looks.

Events come many at once, and attempts of one run bring alike, so a run is what is observed: e events in m
minutes. Their variance over the Poisson one, phi = Σ(e − r·m)² / ((runs − 1)·mean e) with r = Σe / Σm, says
how many independent bursts the events are worth (quasi-likelihood: Wedderburn, Biometrika 61:439, 1974; the
ratio's residuals: Cochran, Sampling Techniques, 1977, chapter 6). The bounds are the confidence sequence of a
Poisson rate with a gamma mixture: every λ with b^a·Γ(a + N) / (Γ(a)·(b + t)^(a + N)) ÷ (λ^N·e^(−λt)) <
1/alpha, N bursts in t runs, a = b = ½ (Robbins, Annals of Mathematical Statistics 41:1397, 1970).

phi is estimated, so the promise holds only where there is enough to estimate it from:
nothing is said of fewer than FEWEST_RUNS runs or, of one side by itself, of less than FEWEST_BURSTS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple, Self

from drain.evidence.statistics.intervals import Interval
from drain.evidence.statistics.sequence import ALPHA, DECIDES, smallest

FEWEST_RUNS = 12
FEWEST_BURSTS = 12
SILENT_RUNS = 100
"""Without any event there is no phi; none in as many runs leaves at most 3 % that bring any."""
_A = _B = 0.5
_STEPS = 60


class Flow(NamedTuple):
    """Events and attempt-minutes of runs, with their sums of squares and products over runs."""

    runs: int
    events: float
    minutes: float
    events_squared: float
    events_minutes: float
    minutes_squared: float

    @classmethod
    def of(cls, runs: Iterable[tuple[float, float]]) -> Self:
        """Return the flow of the (events, minutes) of each run."""
        pairs = list(runs)
        return cls(
            len(pairs), sum(e for e, _ in pairs), sum(m for _, m in pairs),
            sum(e * e for e, _ in pairs), sum(e * m for e, m in pairs), sum(m * m for _, m in pairs),
        )  # fmt: skip

    @property
    def rate(self) -> float | None:
        """Events per minute; None without a minute."""
        return self.events / self.minutes if self.minutes > 0 else None

    @property
    def at_once(self) -> float:
        """phi: how many events come as one; at least 1, and 1 where it cannot be seen."""
        if self.rate is None or not self.events or self.runs < 2:
            return 1.0
        rate = self.rate
        squares = (
            self.events_squared - 2 * rate * self.events_minutes + rate**2 * self.minutes_squared
        )
        return max(1.0, squares / (self.runs - 1) / (self.events / self.runs))

    def bounds(self, alpha: float = ALPHA) -> Interval | None:
        """The rate between its bounds; None where too little came to know them."""
        bursts = self.events / self.at_once
        silent = not self.events and self.runs >= SILENT_RUNS
        if self.runs < FEWEST_RUNS or not (silent or bursts >= FEWEST_BURSTS):
            return None
        return self.bounds_with(self.at_once, alpha)

    def times(self, factor: float) -> Self:
        """The same flow of `factor` as many runs."""
        return type(self)(round(self.runs * factor), *(value * factor for value in self[1:]))

    def bounds_with(self, at_once: float, alpha: float = ALPHA) -> Interval | None:
        """The rate between its bounds where as many events come as one."""
        if self.rate is None:
            return None
        low, high = poisson_bounds(self.events / at_once, self.runs, alpha)
        scale = at_once * self.runs / self.minutes
        return Interval(self.rate, low * scale, high * scale)


def yields_more(one: Flow, other: Flow) -> bool:
    """Return whether the first surely brings more: the bounds, with the larger phi of both, do not meet."""
    if min(one.runs, other.runs) < FEWEST_RUNS:
        return False
    at_once = max(one.at_once, other.at_once)
    more, less = one.bounds_with(at_once), other.bounds_with(at_once)
    return more is not None and less is not None and more.low > less.high


def enough_attempts(flow: Flow, attempts: int, threshold: float) -> int | None:
    """Attempts with which the bounds would leave the threshold, were everything to stay; None: no number."""
    if not attempts or flow.rate is None or flow.rate == threshold:
        return None

    def decided(factor: int) -> bool:
        found = flow.times(factor).bounds(DECIDES)
        return found is not None and found.excludes(threshold)

    factor = smallest(decided, 1)
    return None if factor is None else factor * attempts


def poisson_bounds(count: float, exposure: float, alpha: float = ALPHA) -> tuple[float, float]:
    """Bounds of a Poisson rate that hold at every look; the count may be a fraction."""
    threshold = (
        _A * math.log(_B) - math.lgamma(_A) + math.lgamma(_A + count)
        - (_A + count) * math.log(_B + exposure) + math.log(alpha)
    )  # fmt: skip

    def inside(rate: float) -> bool:
        likelihood = (count * math.log(rate) if count else 0.0) - rate * exposure
        return threshold < likelihood

    share, most = count / exposure, max(count, 1.0) / exposure
    while inside(most):
        most *= 2
    return _edge(inside, share, 0.0) if count else 0.0, _edge(inside, share, most)


def _edge(inside: Callable[[float], bool], within: float, outside: float) -> float:
    """Return the far edge of the inner interval, seen from outside."""
    for _ in range(_STEPS):
        middle = (within + outside) / 2
        within, outside = (middle, outside) if inside(middle) else (within, middle)
    return outside
