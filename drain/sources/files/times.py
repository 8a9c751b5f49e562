"""Times in files, as programs write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from drain.sources.values import as_time

_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]+)?")
_SLASHES = re.compile(r"([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})(?:[ T,]+(.+))?")
_ZONE = re.compile(r"\s+(?:UTC|GMT|Z)$|(?<=[0-9])\s+(?=[+-][0-9]{2}:?[0-9]{2}$)")
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
"""Seconds since 1970 stay below 1e11 until the year 5138: what is above counts in ns, µs or ms."""


def as_file_time(value: object, *, day_first: bool = False) -> datetime | None:
    """Return an aware time in UTC, or None for what is no time.

    Takes seconds, milliseconds, microseconds and nanoseconds since 1970, ISO 8601, RFC 1123 and, where
    `day_first` says so, 31/01/2026. What has no zone is UTC.
    """
    if isinstance(value, str):
        if value[4:5] == "-" and (found := as_time(value)):
            return found
        text = value.strip()
        value = float(text) if _NUMBER.fullmatch(text) and len(text) > 8 else text
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return as_time(_seconds(value))
    return _from_text(value, day_first) if isinstance(value, str) else None


def is_day_or_month_first(value: object) -> bool:
    """Return whether only its writer knows if day or month comes first in this date."""
    return isinstance(value, str) and _SLASHES.fullmatch(value.strip()) is not None


def _seconds(value: float) -> float:
    for limit, unit in _UNITS:
        if abs(value) >= limit:
            return value / unit
    return value


def _from_text(text: str, day_first: bool) -> datetime | None:
    slashes = _SLASHES.fullmatch(text)
    if slashes:
        if not day_first:
            return None
        day, month, year, clock = slashes.groups()
        text = f"{year}-{month:0>2}-{day:0>2}" + (f"T{clock}" if clock else "")
    found = as_time(text) or as_time(_ZONE.sub(_zone, text))
    return found or _rfc(text)


def _zone(found: re.Match[str]) -> str:
    return "+00:00" if found[0].strip() else ""


def _rfc(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return as_time(found if found.tzinfo else found.replace(tzinfo=UTC))
