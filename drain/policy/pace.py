"""Start rates of a drain or an executor:
so many starts a minute, and a ramp that doubles while attempts go well.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MINUTE = 60.0
MOST_PER_MINUTE = 6_000
MOST_PARALLEL = 100_000
MOST_DELAY = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Room:
    """The number that may start now, and the seconds until one may if that is 0."""

    starts: int
    wait: float = 0.0


def windows(per_minute: int) -> tuple[tuple[int, float], ...]:
    """(starts, seconds): at most so many starts within any so many seconds.

    The minute itself, and a second's worth of it (one start, where that is less), so that a minute's starts
    do not come at once.
    """
    at_once = max(1, math.ceil(per_minute / MINUTE))
    return ((per_minute, MINUTE), (at_once, at_once * MINUTE / per_minute))


def room(ages: Sequence[float], per_minute: int) -> Room:
    """Return the room for starts, `ages` seconds after the latest ones:
    newest first, the last `per_minute` or more.
    """
    found = windows(per_minute)
    starts = min(most - sum(age < seconds for age in ages) for most, seconds in found)
    if starts > 0:
        return Room(starts)
    waits = (seconds - ages[most - 1] for most, seconds in found if len(ages) >= most)
    return Room(0, max(0.0, *waits, 0.0))


@dataclass(frozen=True, slots=True)
class Ramp:
    """A step of a ramp: how many may run at once, and what has ended since it began."""

    size: int = 1
    ended: int = 0
    failed: int = 0

    def after(self, failed: bool, limit: float, most: int) -> Ramp:
        """The ramp after one more end.

        As many ends as may run at once make a step; then twice as many may (at most `most`) if less than
        `limit` of them failed, else one.
        """
        ended, failures = self.ended + 1, self.failed + failed
        if ended < self.size:
            return Ramp(self.size, ended, failures)
        return Ramp(min(self.size * 2, max(most, 1)) if failures / ended < limit else 1)


def executor_problem(
    parallel: int | None, per_minute: int | None, ramp: float | None, delay: float | None
) -> str:
    """Return the reason against these limits of an executor as one sentence; "" if there is none."""
    if parallel is not None and not 1 <= parallel <= MOST_PARALLEL:
        return f"--max-parallel must be between 1 and {MOST_PARALLEL:,}, not {parallel}."
    if per_minute is not None and not 1 <= per_minute <= MOST_PER_MINUTE:
        return f"--starts-per-minute must be between 1 and {MOST_PER_MINUTE:,}, not {per_minute}."
    if ramp is not None and not 0 < ramp <= 1:
        return f"--ramp must be more than 0 and at most 1, not {ramp:g}."
    if ramp is not None and parallel is None:
        return "A ramp doubles up to --max-parallel: give the executor one."
    if delay is not None and not 0 < delay <= MOST_DELAY:
        return (
            f"--run-delay-seconds must be more than 0 and at most {MOST_DELAY:,.0f}, not {delay:g}."
        )
    return ""
