"""Numbers, durations and shares as people read them. Pure functions: value in, text out."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

NOTHING = "–"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")
_WORKER = re.compile(r"(?<=\d)/[0-9a-f]{32}$")
_PASSWORD = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@]*):(?P<secret>[^\s/@]*)@")


def number(value: object) -> str:
    """`1315` → `1,315`; `4.25` → `4.2`; nothing for None; other text unchanged."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def decimals(value: object, digits: int = 2, *, trim: bool = False) -> str:
    """`2.5` → `2.50`; nothing for None; with `trim` a whole number has no decimals."""
    if value is None or value == "":
        return NOTHING
    amount = float(str(value))
    return f"{amount:,.{0 if trim and amount.is_integer() else digits}f}"


def who(actor: object) -> str:
    """`vm/20574/285ed48e61884c12882811f95035db6d`, a worker's name, by host and process; others unchanged."""
    return _WORKER.sub("", str(actor or ""))


def duration(value: object) -> str:
    """A span in its two largest units: `0.8 s`, `22 s`, `3 min 12 s`, `6 h 11 min`, `4 d 02 h`.

    Takes a timedelta or seconds. Under ten seconds one decimal is kept, since crashes on import live there.
    """
    if value is None or value == "":
        return NOTHING
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(str(value))
    if seconds < 0:
        return f"−{duration(-seconds)}"
    if seconds < 9.95:
        return "0 s" if seconds == 0 else f"{seconds:.1f} s"
    return _in_units(round(seconds))


def _in_units(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE:02d} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE:02d} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR:02d} h"


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago in one or two units, whole seconds: `40 s`, `14 min`, `6 h 11 min`, `4 d 02 h`."""
    if moment is None:
        return NOTHING
    seconds = max(0, int((now - moment).total_seconds()))
    if _MINUTE <= seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return _in_units(seconds)


def percent(value: object, digits: int = 1) -> str:
    """A share between 0 and 1 as `84.7 %`; "Not enough data" never becomes a number."""
    if value is None or value == "":
        return "Not enough data"
    return f"{float(str(value)) * 100:.{digits}f} %"


def rate(share: float | None, n: int, low: float | None = None, high: float | None = None) -> str:
    """A share with what it rests on: `84.7 %, n 202, 79.0–89.0 %`. All shares between 0 and 1."""
    if share is None or n == 0:
        return f"Not enough data, n {n:,}"
    interval = "" if low is None or high is None else f", {low * 100:.1f}–{high * 100:.1f} %"
    return f"{percent(share)}, n {n:,}{interval}"


def size(value: object) -> str:
    """Bytes in decimal units: `812 B`, `16.4 kB`, `1.2 GB`."""
    if value is None or value == "":
        return NOTHING
    amount = float(str(value))
    for unit in _BYTE_UNITS:
        if amount < 1000 or unit == _BYTE_UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def masked(url: object) -> str:
    """A database address without its password: `postgresql://user:•••@host/db`."""
    return _PASSWORD.sub(r"\g<head>:•••@", str(url))


def share_of(part: float, whole: float) -> float:
    """`part` of `whole` in percent between 0 and 100; zero of nothing is zero."""
    return min(100.0, max(0.0, 100.0 * part / whole)) if whole else 0.0
