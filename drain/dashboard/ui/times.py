"""Moments as `<time>` with the whole of it on hover, in the time zone that the person chose."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.safestring import SafeString

from drain.dashboard.ui import formats

# By hand, since strftime of a single word takes longer than the rest of a moment's text.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ago(moment: datetime | None, now: datetime) -> SafeString | str:
    """How long before `now`."""
    if moment is None:
        return formats.NOTHING
    return _time(moment, timezone.localtime(moment), formats.age(moment, now))


def at(moment: datetime | None, shape: str = "full") -> SafeString | str:
    """An absolute time in the chosen zone: `full` 28 Dec, 11:00; `dated` 28 Dec 2025, 11:00; `clock` 14:31:02; `day` 28 Dec 2025."""
    if moment is None:
        return formats.NOTHING
    local = timezone.localtime(moment)
    return _time(moment, local, _text(local, shape))


def hour(moment: datetime, now: datetime) -> str:
    """The time of a day as text, `18:00`; with its date when that is not today."""
    local = timezone.localtime(moment)
    same = local.date() == timezone.localtime(now).date()
    return f"{local:%H:%M}" if same else _text(local, "full")


def _text(local: datetime, shape: str) -> str:
    """A local time as text; the month is written out, so that no order of numbers misleads."""
    day = f"{local.day} {_MONTHS[local.month - 1]}"
    if shape == "clock":
        return f"{local:%H:%M:%S}"
    if shape == "day":
        return f"{day} {local.year}"
    if shape == "dated":
        return f"{day} {local.year}, {local:%H:%M}"
    return f"{day}, {local:%H:%M}"


def _time(moment: datetime, local: datetime, text: str) -> SafeString:
    # Without format_html: a list has a hundred of these, and nothing in them comes from outside.
    title = f"{local.isoformat(' ', 'seconds')[:19]} {local.tzinfo}"
    return SafeString(f'<time datetime="{moment.isoformat()}" title="{title}">{text}</time>')
