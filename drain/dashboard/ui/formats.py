"""Numbers and shares as people read them. Pure functions: value in, text out."""

from __future__ import annotations

from drain.policy.words import NOTHING

_BYTE_UNITS = ("B", "kB", "MB", "GB", "TB")


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


def share_of(part: float, whole: float) -> float:
    """`part` of `whole` in percent between 0 and 100; zero of nothing is zero."""
    return min(100.0, max(0.0, 100.0 * part / whole)) if whole else 0.0
