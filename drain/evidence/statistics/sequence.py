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
from collections.abc import Iterable, Sequence
from typing import NamedTuple

ALPHA = 0.05
FEW_RUNS = 5
"""Below as many runs rho cannot be estimated, and RHO stands for it."""
RHO = 0.5
_STEPS = 40


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


def bounds(
    observed: Sequence[Observation], rho: float | None = None, alpha: float = ALPHA
) -> Bounds:
    """Bounds of the share that fails; `rho` replaces the correlation of these phases, where more is known of it."""
    sizes = Counter(one.run for one in observed)
    n, failed = len(observed), sum(one.failed for one in observed)
    rho = correlation([observed]) if rho is None else rho
    effect = design_effect(sizes.values(), max(rho, RHO) if len(sizes) < FEW_RUNS else rho)
    low, high = fixed_bounds(failed / effect, n / effect, alpha)
    return Bounds(failed, n, low, high, len(sizes), n / effect)


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


def design_effect(sizes: Iterable[int], rho: float) -> float:
    """By how much fewer phases prove than independent ones; at least 1."""
    found = list(sizes)
    total = sum(found)
    met = sum(size * size for size in found) / total if total else 1.0
    return 1 + (met - 1) * rho


def correlation(groups: Sequence[Sequence[Observation]]) -> float:
    """The largest rho that one of these groups shows; RHO where none of them can show any.

    A group shows none when it has fewer than FEW_RUNS runs, or when all its phases ended alike: then either
    the runs are independent, or all of them were lucky together.
    """
    found = [_correlation(group) for group in groups if _runs(group) < len(group)]
    if not found:
        return 0.0
    return max((rho for rho in found if rho is not None), default=RHO)


def _runs(observed: Sequence[Observation]) -> int:
    return len({one.run for one in observed})


def _correlation(observed: Sequence[Observation]) -> float | None:
    """Of one group in which some run has several phases; None where it cannot be seen."""
    sizes = Counter(one.run for one in observed)
    failed = Counter(one.run for one in observed if one.failed)
    n, runs = len(observed), len(sizes)
    if runs < FEW_RUNS or failed.total() in (0, n):
        return None
    share = failed.total() / n
    between = sum(size * (failed[run] / size - share) ** 2 for run, size in sizes.items())
    within = sum(failed[run] * (1 - failed[run] / size) for run, size in sizes.items())
    mean_between, mean_within = between / (runs - 1), within / (n - runs)
    each = (n - sum(size * size for size in sizes.values()) / n) / (runs - 1)
    total = mean_between + (each - 1) * mean_within
    return min(1.0, max(0.0, (mean_between - mean_within) / total))


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
