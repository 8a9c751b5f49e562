"""Times that people type, in flags, forms, markers and holds: one grammar for all (docs/operations.md).

18:00  18:00:30                     a time of day, in the reader's time zone 2026-01-31
the beginning of that day 2026-01-31 18:00  2026-01-31T18:00  that time, in the reader's time zone
2026-01-31T18:00+01:00  …Z          that time, wherever it is read
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")
_FULL = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?",
    re.IGNORECASE,
)
_YEARS = range(1970, 9999)
"""Beyond these a change of the offset leaves the calendar."""
_FARTHEST = timedelta(hours=14)
"""No clock on earth is farther from UTC, and PostgreSQL refuses what is much farther."""
_QUOTED = 40


class MomentError(ValueError):
    """A text that is no time; one sentence with the way out."""


def read_moment(text: str, now: datetime, *, coming: bool = False) -> datetime:
    """Return the aware time that `text` names for a reader whose clock shows `now`,
    aware in the reader's zone.

    A time of day is today's; where something is to come (`coming`), the next. A time that comes twice, when
    clocks are put back, is the first, and one that is left out raises MomentError like every text that is no
    time.
    """
    clock = _CLOCK.fullmatch(text.strip())
    if clock is None:
        found = _date(text)
        if found is None:
            raise _refused(text, "18:00, 2026-01-31 18:00 or 2026-01-31T18:00+00:00")
        return _existing(found if found.tzinfo else found.replace(tzinfo=now.tzinfo), text)
    hour, minute, second = (int(part or 0) for part in clock.groups())
    found = now.replace(hour=hour, minute=minute, second=second, microsecond=0)
    return _existing(found + timedelta(days=1) if coming and found <= now else found, text)


def read_date(text: str) -> datetime:
    """Return the date and time of `text`, naive without an offset; raise MomentError for all else."""
    found = _date(text)
    if found is None:
        raise _refused(text, "2026-01-31T18:00+00:00")
    return found


def _date(text: str) -> datetime | None:
    if not _FULL.fullmatch(text.strip()):
        return None
    try:
        found = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return None
    offset = found.utcoffset() or timedelta()
    return found if found.year in _YEARS and abs(offset) <= _FARTHEST else None


def _refused(text: str, examples: str) -> MomentError:
    return MomentError(f"“{text.strip()[:_QUOTED]}” is not a time: write it like {examples}.")


def _existing(moment: datetime, text: str) -> datetime:
    back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise MomentError(
            f"“{text.strip()[:_QUOTED]}” does not exist in {moment.tzinfo}, where clocks are put forward then: "
            f"{back:%H:%M} is the next that does."
        )
    return moment
