"""Schedules in five fields, as crontab(5) has them: minute, hour, day of the month, month, day of the week.

`*`, numbers, ranges, lists and steps; months and days by their first three letters; Sunday is 0 and 7. Where
both days are restricted, either is enough. A time that the clocks leave out comes as much later as they are
put forward; one that comes twice counts the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12),
           ("day of the week", 0, 7))  # fmt: skip
_NAMES = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "day of the week": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_SHORT = {
    "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
}  # fmt: skip
_PART = re.compile(r"(?:\*|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]+))?")
_LONGEST = 100
_DAYS = 9 * 366
"""29 February is at most eight years away."""


class CronError(ValueError):
    """A text that is no schedule; one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The times of a day and the days of a schedule."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """0 is Sunday."""
    either_day: bool
    """Both kinds of days are restricted, so that either is enough."""

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the schedule that `text` names. Raises CronError, also for one that never comes."""
        fields = _SHORT.get(text.strip().lower(), text.lower()).split()
        if len(fields) != len(_FIELDS) or len(text) > _LONGEST:
            raise CronError(
                f"“{text.strip()[:60]}” is no schedule: give five fields (minute, hour, day of the month, month, "
                "day of the week) like “30 2 * * 1-5”, or @hourly, @daily, @weekly, @monthly."
            )
        found = [_values(field, *which) for field, which in zip(fields, _FIELDS, strict=True)]
        weekdays = frozenset(day % 7 for day in found[4])
        either = not (fields[2].startswith("*") or fields[4].startswith("*"))
        made = cls(found[0], found[1], found[2], found[3], weekdays, either)
        if made.after(datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo("UTC")) is None:
            raise CronError(f"“{text.strip()}” names a day that never comes: change it.")
        return made

    def after(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first time after `moment`, in UTC; None if there is none within nine years."""
        first = moment.astimezone(zone).date()
        for offset in range(_DAYS):
            day = first + timedelta(days=offset)
            if self._has(day) and (found := self._within(day, moment, zone)) is not None:
                return found
        return None

    def _has(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (of_month or of_week) if self.either_day else (of_month and of_week)

    def _within(self, day: date, moment: datetime, zone: ZoneInfo) -> datetime | None:
        times = (time(hour, minute) for hour in self.hours for minute in self.minutes)
        all_day = (datetime.combine(day, each, zone).astimezone(UTC) for each in times)
        return min((each for each in all_day if each > moment), default=None)


def _values(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        found.update(_range(part, name, low, high))
    return frozenset(found)


def _range(part: str, name: str, low: int, high: int) -> Iterator[int]:
    match = _PART.fullmatch(part)
    if match is None:
        raise _refused(part, name, low, high)
    first, last, step = match.groups()
    begin = low if first is None else _number(first, name, low, high)
    if first is None or (last is None and step):
        end = high
    else:
        end = begin if last is None else _number(last, name, low, high)
    if end < begin or (step is not None and int(step) == 0):
        raise _refused(part, name, low, high)
    yield from range(begin, end + 1, int(step or 1))


def _number(text: str, name: str, low: int, high: int) -> int:
    names = _NAMES.get(name, [])
    if text in names:
        return names.index(text) + low
    # Of ASCII digits: [0-9a-z] lets nothing else through that isdigit() takes.
    if not text.isdigit() or not low <= int(text) <= high:
        raise _refused(text, name, low, high)
    return int(text)


def _refused(text: str, name: str, low: int, high: int) -> CronError:
    return CronError(f"“{text[:20]}” is no {name}: it goes from {low} to {high}.")
