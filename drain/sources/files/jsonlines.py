"""JSON lines: one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from drain.sources.files.lines import LineError, Lines, Opened, Read, Reading, Reject


def read_json_lines(opened: Opened) -> Reading:
    """Read one object a line; blank lines count and are left out."""
    return Reading(opened.described("JSON lines"), _records(Lines(opened.text(json=True))))


def json_error(error: ValueError | RecursionError) -> str:
    """Return what is wrong with a JSON text, to follow `Line 7 `."""
    if isinstance(error, RecursionError):
        return "is nested too deeply."
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON: {error.msg} (character {error.colno})."
    return "holds a number with thousands of digits."


def parsed(line: str) -> Mapping[str, Any] | None:
    """Return the object that a line is for itself, or None."""
    found = _read(0, line)
    return None if isinstance(found, Reject) else found[1]


def _records(lines: Lines) -> Iterator[Read]:
    while True:
        try:
            line = next(lines, None)
        except LineError as error:
            yield Reject(lines.number, str(error))
            continue
        if line is None:
            return
        if line.strip():
            yield _read(lines.number, line)


def _read(number: int, line: str) -> Read:
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Reject(number, f"Line {number} {json_error(error)}")
    if not isinstance(found, dict):
        return Reject(number, f'Line {number} is no JSON object, like {{"run_id": …}}.')
    return number, found
