"""Characters that no column of PostgreSQL can hold, found before they get there."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")


def unstorable(text: str) -> str:
    """Return the unstorable part of the text, in words with the way out; "" for a text that can be stored.

    A half of a character (a lone surrogate) comes from a JSON escape, or from bytes on a command line that
    are no UTF-8.
    """
    if "\0" in text:
        return "a NUL byte: leave it out"
    if _HALF.search(text):
        return "half of a character, like \\ud800: write it in UTF-8"
    return ""
