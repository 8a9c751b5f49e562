"""A range of dates that narrows a list: native fields, read in the reader's time zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from drain.policy.moments import MomentError, read_moment

FORMAT = "%Y-%m-%dT%H:%M"
"""The format of a field of the type datetime-local."""
_DAY = 10


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on and before `until`; None is no end. `error` says what could not be read."""

    since: datetime | None = None
    until: datetime | None = None
    error: str = ""

    def __bool__(self) -> bool:
        return bool(self.since or self.until or self.error)

    def narrow(self, found: QuerySet[Any], field: str) -> QuerySet[Any]:
        """The rows whose `field` lies in the range."""
        ends = {f"{field}__gte": self.since, f"{field}__lt": self.until}
        return found.filter(**{name: value for name, value in ends.items() if value})

    @property
    def fields(self) -> dict[str, str]:
        """The values of the two fields."""
        ends = {"since": self.since, "until": self.until}
        return {
            n: timezone.localtime(end).strftime(FORMAT) if end else "" for n, end in ends.items()
        }

    @property
    def zone(self) -> str:
        """The time zone in which both are read."""
        return str(timezone.get_current_timezone())


ALWAYS = Period()
"""No range at all."""


def read_period(query: Mapping[str, str], now: datetime) -> Period:
    """The range in the query of an address; what is no time counts as absent and is named in `error`.
    A day includes its end.
    """
    local, ends, error = timezone.localtime(now), {}, ""
    for name in ("since", "until"):
        text = query.get(name, "").strip()
        try:
            end = read_moment(text, local) if text else None
        except MomentError as problem:
            end, error = None, str(problem)
        if end and name == "until":
            # To a person, "until the 31st" and "until 18:00" hold what happened then.
            end += timedelta(days=1) if len(text) == _DAY else timedelta(minutes=1)
        ends[name] = end
    return Period(ends["since"], ends["until"], error)


def as_field(text: str, now: datetime) -> str:
    """A time that somebody gave in any way, as a field that picks times shows it; "" for what is none."""
    try:
        return timezone.localtime(read_moment(text, timezone.localtime(now))).strftime(FORMAT)
    except MomentError:
        return ""
