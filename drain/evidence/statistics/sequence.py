"""Bounds of a share that hold however often somebody looks, and the design effect of phases in one run.

The bounds are a confidence sequence from the beta-binomial mixture with Jeffreys' prior: every p with
B(1/2 + x, 1/2 + n − x) / B(1/2, 1/2) ÷ (p^x (1 − p)^(n − x)) < 1/alpha (Robbins, Annals of Mathematical
Statistics 41:1397, 1970; Howard et al., Annals of Statistics 49:1055, 2021). By Ville's inequality the true
share leaves them at any n with a probability of at most alpha. Their running intersection would hold as well,
but only for phases that come in no order; a drain takes promising runs first and failing ones last.

Phases of one run tend to end alike. What n of them prove is that of n / (1 + (m − 1)·rho) independent ones
(Kish, Survey Sampling, 1965), rho the intraclass correlation of a one-way analysis of variance (Donner and
Koval, Biometrics 36:19, 1980) and m the size of a run as its phases meet it, Σm² / Σm.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

from drain.evidence.statistics.intervals import Interval

ALPHA = 0.05
DECIDES = 0.004
"""For a check that passes or fails by one share alone, which nothing else stands beside."""
SURELY = "99.6 %"
"""The same in words."""
FEW_RUNS = 5
"""Below as many runs rho cannot be estimated, and RHO stands for it."""
RHO = 0.5
ALIKE = 2
"""Of few runs rho is often seen far too low. Where most runs end alike and nothing else speaks,
7 checks of 1,000 passed falsely without these, and 3 of 10,000 do with them.
"""
_STEPS = 40
MOST_PLANNED = 100_000


class Observation(NamedTuple):
    """One phase: the run it belongs to, and whether it failed."""

    run: int
    failed: bool


class Bounds(NamedTuple):
    """A share of n phases between two bounds; 0 to 1 without any."""

    failed: float
    """A whole number but in plans."""
    n: int
    low: float
    high: float
    runs: int
    effective: float
    """Independent phases that would prove as much."""

    @property
    def share(self) -> float:
        """The observed share; 0 without a phase."""
        return self.failed / self.n if self.n else 0.0


class Spread(NamedTuple):
    """The spread of n observations, and of those that failed, over runs of m: all that rho asks of them."""

    n: int
    failed: int
    runs: int
    squares: float
    """Σm²."""
    failed_squares: float
    """Σf²/m, f those that failed of m."""

    @classmethod
    def of(cls, observed: Sequence[Observation]) -> Self:
        """Return the spread of single observations."""
        sizes = Counter(one.run for one in observed)
        failed = Counter(one.run for one in observed if one.failed)
        return cls(
            len(observed), failed.total(), len(sizes), sum(size * size for size in sizes.values()),
            sum(failed[run] ** 2 / size for run, size in sizes.items()),
        )  # fmt: skip

    @property
    def rho(self) -> float | None:
        """Correlation in runs; None where it cannot be seen:
        in few runs, in runs of one, or where all ended alike.
        """
        if self.runs < FEW_RUNS or self.runs == self.n or self.failed in (0, self.n):
            return None
        between = self.failed_squares - self.failed**2 / self.n
        within = self.failed - self.failed_squares
        mean_between, mean_within = between / (self.runs - 1), within / (self.n - self.runs)
        each = (self.n - self.squares / self.n) / (self.runs - 1)
        total = mean_between + (each - 1) * mean_within
        return max(0.0, (mean_between - mean_within) / total)

    def effect(self, rho: float) -> float:
        """Return how many of them prove as much as one independent observation (design effect)."""
        rho = max(rho, RHO) if self.runs < FEW_RUNS else rho
        return 1 + (self.squares / self.n - 1) * rho if self.n else 1.0

    def completed(self) -> Interval | None:
        """The share that does not fail, between bounds that hold at every look; None without any."""
        return self._completed(correlation([self]), ALPHA)

    def decides(self) -> Interval | None:
        """The same for a check, which has no other side whose runs would show how alike they end."""
        return self._completed(self.cautious_rho, DECIDES)

    def _completed(self, rho: float, alpha: float) -> Interval | None:
        if not self.n:
            return None
        found = self.bounds(rho, alpha)
        return Interval(1 - found.share, 1 - found.high, 1 - found.low)

    @property
    def cautious_rho(self) -> float:
        """Correlation in runs, as if ALIKE more of them had ended alike; 1 where it cannot be seen:
        a run counts once.
        """
        return 1.0 if self.rho is None else (self.rho * self.runs + ALIKE) / (self.runs + ALIKE)

    def bounds(self, rho: float, alpha: float = ALPHA) -> Bounds:
        """Bounds of the share that fails."""
        effect = self.effect(rho)
        low, high = fixed_bounds(self.failed / effect, self.n / effect, alpha)
        return Bounds(self.failed, self.n, low, high, self.runs, self.n / effect)


def at_most(n: float) -> float:
    """The largest share of which none in n independent ones is no surprise; 1 without any.

    1 - ALPHA^(1/n), the exact rule of three (Hanley and Lippman-Hand, JAMA 249:1743, 1983). It holds at every
    look: as long as none came, a look back finds none either.
    """
    return 1 - ALPHA ** (1 / n) if n > 0 else 1.0


def both_bounds(before: Spread, after: Spread) -> tuple[Bounds, Bounds]:
    """Bounds of two sides, with one correlation in runs: the larger of the two."""
    rho = correlation([before, after])
    return before.bounds(rho), after.bounds(rho)


def gain(before: Bounds, after: Bounds) -> Interval | None:
    """Return how much less is failed after, between bounds that hold at every look;
    None where a side is empty.

    It excludes 0 only where the bounds of the two sides do not meet, which is the rule for a fix.
    """
    if not before.n or not after.n:
        return None
    change = before.share - after.share
    return Interval(change, before.low - after.high, before.high - after.low)


def paired_bounds(
    before: Spread, after: Spread, n: int, was: int, now: int
) -> tuple[Bounds, Bounds]:
    """Bounds of the shares of the same n phases that failed: `was` of them before, `now` after.

    Each side's n is worth as many independent phases as the attempts of the side show.
    """
    rho = correlation([before, after])
    one, two = (
        Bounds(failed, n, *fixed_bounds(failed / effect, n / effect), n, n / effect)
        for failed, effect in ((was, before.effect(rho)), (now, after.effect(rho)))
    )
    return one, two


def enough_for_gain(before: Bounds, after: Bounds) -> int | None:
    """The n on each side with which the gain would exclude 0, were shares and runs to stay; None: no n would.

    An empty side is taken to be as far away as it can be.
    """
    sides = [(one.share, one.n / one.effective) for one in (before, after) if one.n]
    if not sides:
        sides = [(1.0, 1.0)]
    if len(sides) == 1:
        ((share, effect),) = sides
        sides = [(share, effect), (0.0 if share > 0.5 else 1.0, 1.0)]
    if sides[0][0] == sides[1][0]:
        return None

    def decided(n: int) -> bool:
        found = gain(*(
            Bounds(share * n, n, *fixed_bounds(share * n / effect, n / effect), n, n / effect)
            for share, effect in sides
        ))  # fmt: skip
        return found is not None and found.excludes(0)

    return smallest(decided, 1)


def enough_for_share(spread: Spread, share: float | None, threshold: float) -> int | None:
    """The n with which a check would decide on which side of the threshold a share is,
    were share and runs to stay.

    Without a share yet: the n that decides if nothing fails. None: no n would, or more than MOST_PLANNED.
    """
    observed = 1.0 if share is None else share
    if observed == threshold:
        return None
    effect = spread.effect(spread.cautious_rho) if spread.n else 1.0

    def decided(n: int) -> bool:
        low, high = fixed_bounds(observed * n / effect, n / effect, DECIDES)
        return threshold < low or high < threshold

    return smallest(decided, 1)


def smallest(holds: Callable[[int], bool], least: int) -> int | None:
    """The fewest, from `least` on, for which something holds that holds for more; None above MOST_PLANNED."""
    low, high = least - 1, least
    while not holds(high):
        low, high = high, 2 * high
        if high > MOST_PLANNED:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def fixed_bounds(failed: float, n: float, alpha: float = ALPHA) -> tuple[float, float]:
    """Bounds of the share after `failed` of `n`, which may be fractions; 0 to 1 without any."""
    if n <= 0:
        return 0.0, 1.0
    share = failed / n
    threshold = _log_mixture(failed, n) + math.log(alpha)

    def edge(outside: float) -> float:
        """The bound between `outside` and the observed share, which is always inside."""
        inside = share
        for _ in range(_STEPS):
            middle = (outside + inside) / 2
            if _log_likelihood(failed, n, middle) > threshold:
                inside = middle
            else:
                outside = middle
        return outside

    ends = (0.0, 1.0)
    low, high = (at if _log_likelihood(failed, n, at) > threshold else edge(at) for at in ends)
    return low, high


def correlation(groups: Sequence[Spread]) -> float:
    """The largest rho that one of these groups shows; RHO where none of them can show any.

    A group shows none when it has fewer than FEW_RUNS runs, or when all its phases ended alike: then either
    the runs are independent, or all of them were lucky together.
    """
    found = [group.rho for group in groups if group.runs < group.n]
    if not found:
        return 0.0
    return max((rho for rho in found if rho is not None), default=RHO)


def _log_mixture(failed: float, n: float) -> float:
    """The likelihood of this order of failures, averaged over Jeffreys' prior."""
    return (
        math.lgamma(0.5 + failed)
        + math.lgamma(0.5 + n - failed)
        - math.lgamma(1 + n)
        - math.log(math.pi)
    )


def _log_likelihood(failed: float, n: float, p: float) -> float:
    if (p <= 0 and failed > 0) or (p >= 1 and failed < n):
        return -math.inf
    hit = failed * math.log(p) if failed > 0 else 0.0
    return hit + ((n - failed) * math.log1p(-p) if failed < n else 0.0)
