"""Whole numbers that people type: into addresses, forms, commands and the API."""

from __future__ import annotations

from typing import Final

HIGHEST: Final = 2**63 - 1
"""The largest value of PostgreSQL's bigint, so that any key can be asked for."""


def whole(text: str, most: int = HIGHEST) -> int | None:
    """The number from 0 to `most` that these ASCII digits write; None for anything else.

    `str.isdecimal` alone lets digits of other scripts pass, and `int` alone signs, underscores and a text of
    any length.
    """
    digits = text.lstrip("0")
    if not (text.isascii() and text.isdecimal()) or len(digits) > len(str(most)):
        return None
    number = int(digits or "0")
    return number if number <= most else None
