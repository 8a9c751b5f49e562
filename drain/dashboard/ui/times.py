"""Moments as texts in the time zone that the person chose; components.html makes `<time>` of them."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from drain.policy.words import age

# By hand, since strftime of a single word takes longer than the rest of a moment's text.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def title(moment: datetime) -> str:
    """The whole of a moment, for hovering: `2025-12-28 11:00:00 Europe/Berlin`."""
    local = timezone.localtime(moment)
    return f"{local.isoformat(' ', 'seconds')[:19]} {local.tzinfo}"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """Return the time before `now` (the present when a page has no clock of its own): `6 h 11 min`."""
    return age(moment, now or timezone.now())


def at(moment: datetime, shape: str = "full") -> str:
    """An absolute time in the chosen zone.

    `full` 28 Dec, 11:00, with the year where it is not this one; `dated` 28 Dec 2025, 11:00;
    `clock` 14:31:02; `day` 28 Dec 2025.
    """
    return _text(timezone.localtime(moment), shape)


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
    if shape == "dated" or local.year != timezone.localtime().year:
        return f"{day} {local.year}, {local:%H:%M}"
    return f"{day}, {local:%H:%M}"
