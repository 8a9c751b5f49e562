"""Signs that work was done: what attempts that completed brought, and how long they took. Pure.

An attempt that ends well at once and brings nothing looks complete and is not;
nobody but the work itself tells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from drain.evidence.statistics.intervals import quantile
from drain.policy.words import counted

FEWEST_COMPLETED = 5
"""Attempts that completed before; fewer say nothing of what such work does."""
QUARTER = 4
"""Work that brings less than this part of the events that it brought is hardly the same work."""
SHORT = 10
"""Work that takes less than this part of what it took is hardly the same work."""
SECOND = 1.0
"""Below a second how long something takes says nothing."""


@dataclass(frozen=True, slots=True)
class CompletedWork:
    """Attempts that completed by the events that each brought, and the seconds that all of them took."""

    counts: tuple[tuple[int, int], ...]
    """(events, attempts), fewest events first."""
    seconds: float

    @classmethod
    def of(cls, alike: Iterable[tuple[int, int, float]]) -> CompletedWork:
        """Return the work of attempts given as (events of each, attempts, seconds of all)."""
        totals: dict[int, int] = {}
        seconds = 0.0
        for events, attempts, took in alike:
            totals[events] = totals.get(events, 0) + attempts
            seconds += took
        return cls(tuple(sorted(totals.items())), seconds)

    @property
    def attempts(self) -> int:
        """The number of them."""
        return sum(n for _, n in self.counts)

    @property
    def mean_seconds(self) -> float:
        """The mean time of one of them."""
        return self.seconds / self.attempts

    def most_bring(self, fewest: float) -> bool:
        """Return whether more than half bring at least so many events."""
        return 2 * sum(n for events, n in self.counts if events >= fewest) > self.attempts


def doubt_of_work(before: CompletedWork, after: CompletedWork) -> str:
    """Return the doubt that what completed after does what completed before; "" where nothing of it is known.

    Most of it brings no events, or less than a QUARTER of the usual (median), although most brought some
    before; or it takes less than a tenth (SHORT) of the time, where that was a second or more in the mean.
    """
    if before.attempts < FEWEST_COMPLETED or not after.attempts:
        return ""
    usual = quantile([(float(events), n) for events, n in before.counts], 0.5) or 0.0
    if before.most_bring(1) and not after.most_bring(usual / QUARTER):
        return (
            f"the work may not have been done: most of {counted(after.attempts, 'attempt')} that completed brought less than a "
            f"quarter of the {usual:g} events that were usual before"
        )
    was, now = before.mean_seconds, after.mean_seconds
    if was >= SECOND and SHORT * now < was:
        return (
            f"the work may not have been done: {counted(after.attempts, 'attempt')} that completed took {now:.1f} s in the mean, "
            f"less than a tenth of the {was:.1f} s before"
        )
    return ""
