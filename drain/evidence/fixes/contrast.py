"""Both sides of a fix, and whether a part of what was tried before it shows as much as all of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from drain.evidence.fixes.trials import Earlier, Trial
from drain.evidence.statistics.sequence import Bounds, Observation, Spread, correlation
from drain.fingerprints.model import Category
from drain.policy.words import counted

OUTAGES = frozenset({Category.NETWORK, Category.RATE_LIMIT, Category.TIMEOUT, Category.DATABASE})
"""Kinds of failures that come and go by themselves."""
CONTENDED = OUTAGES | {Category.OUT_OF_MEMORY, Category.DISK, Category.KILLED}
"""Kinds that come where phases take something from one another."""
FEWEST = 5
"""Trials of which something can be said."""


class Done(NamedTuple):
    """An attempt that completed before the fix, of the same sources and sort of phase."""

    run: int
    events: int
    seconds: float


@dataclass(frozen=True)
class Contrast:
    """The trials of one fingerprint before a fix and since."""

    category: str
    """The category of the failure."""
    before: Sequence[Trial]
    after: Sequence[Trial]
    done: Sequence[Done] = ()
    """The phases that completed before the fix, of the same sources and sorts of phase."""
    earlier: Earlier | None = None

    @cached_property
    def rho(self) -> float:
        """The correlation of ends within a run: of a part of the trials too few runs would say so."""
        return correlation([spread(self.before), spread(self.after)])

    @cached_property
    def _since(self) -> Bounds:
        return spread(self.after).bounds(self.rho)

    def shown_by(self, some: Sequence[Trial]) -> bool:
        """Return whether these of the trials before the fix show by themselves that fewer fail so since."""
        return len(some) >= FEWEST and self._since.high < spread(some).bounds(self.rho).low

    def fewer_fail(self, was: Sequence[Trial], now: Sequence[Trial]) -> bool:
        """Return whether surely fewer of the second fail so than of the first."""
        if len(was) < FEWEST:
            return False
        return spread(now).bounds(self.rho).high < spread(was).bounds(self.rho).low


def spread(trials: Sequence[Trial]) -> Spread:
    """Return how they fall into runs, and those that failed so."""
    return Spread.of([Observation(trial.run, trial.failed_so) for trial in trials])


def each_by_itself(trials: Sequence[Trial]) -> Bounds:
    """Bounds of the share that fails so, as if every phase were of a run of its own."""
    return Spread.of([Observation(n, one.failed_so) for n, one in enumerate(trials)]).bounds(rho=0)


def grouped(
    trials: Sequence[Trial], pick: Callable[[Trial], Hashable]
) -> dict[Hashable, list[Trial]]:
    """Trials by something, each group in their order."""
    found: dict[Hashable, list[Trial]] = {}
    for trial in trials:
        found.setdefault(pick(trial), []).append(trial)
    return found


def failed(trials: Sequence[Trial]) -> int:
    """Count those that failed so."""
    return sum(trial.failed_so for trial in trials)


def of(found: Bounds) -> str:
    """3 of 30 phases."""
    return f"{found.failed:.0f} of {counted(found.n, 'phase')}"
