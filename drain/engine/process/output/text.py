"""Hostile bytes as text that a database can store and a page can show. Every pattern runs in linear time."""

from __future__ import annotations

import re

LINE_LIMIT = 500
"""Characters of one line in a live tail."""

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # colours and cursor moves
    r"|[\]PX^_][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)?"  # titles, links and other strings
    r"|[ -/]{0,4}[0-~])?"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")


def safe_text(data: bytes) -> str:
    """Decode UTF-8, drop escape sequences, replace what is not text; a lone CR becomes a new line."""
    text = data.decode("utf-8", "replace")
    if "\x1b" in text:
        text = _ESCAPE.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("\ufffd", text)


def last_lines(data: bytes, count: int) -> list[str]:
    """Return the last `count` lines, each cut to LINE_LIMIT characters."""
    lines = safe_text(data).rstrip("\n").split("\n")[-count:]
    return [line if len(line) <= LINE_LIMIT else line[: LINE_LIMIT - 1] + "…" for line in lines]


def cut_notice(missing: int) -> bytes:
    """Return the line that stands where bytes were left out."""
    return f"\n[... {missing} bytes left out ...]\n".encode()
