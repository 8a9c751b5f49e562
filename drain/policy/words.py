"""Texts for people, made of values: the last line of an error."""

from __future__ import annotations

LINE_CHARACTERS = 160
"""The longest line that a list shows."""


def last_line(text: str, most: int = LINE_CHARACTERS) -> str:
    """Return the last line that is not blank, where most tools put the reason; "" without one."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:most] if lines else ""
