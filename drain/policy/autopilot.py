"""Limits of an autopilot: its times, its budget, and the end after drains that were no use. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from drain.policy.cron import Cron
from drain.policy.stopping.limits import Limits

DAY = timedelta(days=1)
"""A budget is that of the drains that were started within so long."""
_MOST_SKIPPED = 800
"""Quiet hours in a row that are looked beyond for the next time: two years of them."""
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class AutopilotError(ValueError):
    """Raised for autopilot settings that make no sense; one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of each day, by the clock of a zone, in which no phase is started; they may go over midnight."""

    begins: time
    ends: time
    zone: ZoneInfo

    @classmethod
    def read(cls, text: str, zone: ZoneInfo) -> Self:
        """Return the hours that `22:00-07:00` names. Raises AutopilotError."""
        found = _HOURS.fullmatch(text.strip())
        if found is None:
            raise AutopilotError(
                f"“{text.strip()[:20]}” are no quiet hours: write them like 22:00-07:00."
            )
        hours = [int(part) for part in found.groups()]
        begins, ends = time(hours[0], hours[1]), time(hours[2], hours[3])
        if begins == ends:
            raise AutopilotError(
                "Quiet hours that end when they begin would be all day: pause it instead."
            )
        return cls(begins, ends, zone)

    def holds(self, moment: datetime) -> bool:
        """Return whether the moment is in quiet hours."""
        clock = moment.astimezone(self.zone).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def next_begin(self, moment: datetime) -> datetime:
        """The first moment after this one at which quiet hours begin, in UTC."""
        return self._next(self.begins, moment)

    def next_end(self, moment: datetime) -> datetime:
        """The first moment after this one at which quiet hours end, in UTC."""
        return self._next(self.ends, moment)

    def _next(self, clock: time, moment: datetime) -> datetime:
        day = moment.astimezone(self.zone).date()
        found = (
            datetime.combine(day + timedelta(days=more), clock, self.zone).astimezone(UTC)
            for more in range(3)
        )
        return next(each for each in found if each > moment)


def upcoming(cron: Cron, zone: ZoneInfo, quiet: Quiet | None, now: datetime) -> Iterator[datetime]:
    """The times of a schedule after `now` that lie outside its quiet hours, in UTC;
    none where all lie inside.
    """
    moment, skipped = now, 0
    while skipped < _MOST_SKIPPED and (found := cron.after(moment, zone)) is not None:
        if quiet is not None and quiet.holds(found):
            skipped += 1
            # The end itself is outside.
            moment = max(found, quiet.next_end(found) - timedelta(microseconds=1))
            continue
        yield found
        moment, skipped = found, 0


class Amount(NamedTuple):
    """Attempts, minutes that drains run, and events of telemetry:
    a budget (None: no limit), or what is left of it.
    """

    attempts: int | None = None
    minutes: float | None = None
    events: int | None = None


class UsedBudget(NamedTuple):
    """The budget that the drains of a day have used so far."""

    attempts: int = 0
    minutes: float = 0.0
    events: int = 0


def used_up(budget: Amount, used: UsedBudget) -> str:
    """Say which part of the budget is used up; "" while none is."""
    for name in Amount._fields:
        most, so_far = getattr(budget, name), getattr(used, name)
        if most is not None and so_far >= most:
            return f"The budget of {most:,g} {name} a day is used up: {so_far:,g} within 24 hours."
    return ""


def allowed(limits: Limits, budget: Amount, used: UsedBudget, until: datetime | None) -> Limits:
    """Narrow a drain's limits so that it cannot exceed what is left of the budget, nor run into quiet hours.

    Attempts: phases times attempts of each are at most what is left. Ask only while nothing is used up.
    """
    if budget.attempts is not None:
        left = budget.attempts - used.attempts
        batch = min(limits.batch_size, left)
        each = min(limits.max_attempts_per_phase, left // batch)
        sample = None if limits.sample is None else min(limits.sample, batch)
        limits = replace(limits, batch_size=batch, max_attempts_per_phase=each, sample=sample)
        if sample is not None and limits.sample_passes is not None:
            limits = replace(limits, sample_passes=min(limits.sample_passes, sample))
    if budget.minutes is not None:
        minutes = budget.minutes - used.minutes
        limits = replace(
            limits, max_total_minutes=min(limits.max_total_minutes or minutes, minutes)
        )
    return limits if until is None else replace(limits, until=until)


class EndedDrain(NamedTuple):
    """A drain of an autopilot that is over."""

    state: str
    stop_reason: str
    selected: int
    complete: int


def useless_in_a_row(latest_first: Iterable[EndedDrain]) -> int:
    """Count the latest drains that completed nothing;
    one that a person ended or that was empty is passed over.
    """
    count = 0
    for one in latest_first:
        if one.complete:
            return count
        by_person = one.state == "cancelled" or one.stop_reason in ("person", "budget")
        count += one.selected > 0 and not by_person
    return count
