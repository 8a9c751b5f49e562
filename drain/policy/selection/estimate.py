"""The estimated time of a drain, from the times of earlier attempts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from drain.policy.words import counted

ENOUGH = 5
"""Fewer past attempts say too little to print a number."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A duration in seconds with its basis; None when there is not enough data."""

    seconds: float | None
    slow_seconds: float | None
    """If every attempt took as long as the 90th percentile."""
    n: int
    basis: str


def estimate(
    durations: Sequence[float], selected: int, parallel: int, phase_timeout_seconds: int
) -> Estimate:
    """Time for `selected` phases, `parallel` at once, from past attempt seconds.

    Median times the rounds needed, each attempt capped by the timeout. Retries and waiting for
    dependencies are not in it, which the basis says.
    """
    capped = [min(max(0.0, seconds), phase_timeout_seconds) for seconds in durations]
    n = len(capped)
    if n < ENOUGH:
        words = f"Not enough data: {counted(n, 'past attempt')}, {ENOUGH} are needed."
        return Estimate(None, None, n, words)
    rounds = -(-selected // max(1, min(parallel, selected or 1)))
    middle = median(capped)
    slow = quantiles(capped, n=10, method="inclusive")[-1]
    basis = (
        f"Median of {counted(n, 'past attempt')} ({middle:.1f} s) × {counted(rounds, 'round')} of up to {parallel:,} "
        "at once, without retries and waits."
    )
    return Estimate(middle * rounds, slow * rounds, n, basis)
