"""JSON documents: an array of objects, an object that holds one (`{"jobs":
[…]}`), or several one after the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from json.decoder import WHITESPACE  # type: ignore[attr-defined] # typeshed leaves it out
from typing import Any

from drain.sources.errors import SourceError
from drain.sources.files.jsonlines import json_error
from drain.sources.files.lines import LINE_LIMIT, TOO_LONG, Opened, Read, Reading, Reject

LISTS = frozenset(
    {
        "phases", "task_instances", "jobs", "workflow_jobs", "tasks", "items", "data", "results",
        "records", "rows", "failed",
    }
)  # fmt: skip
"""Names under which tools put the list of what is in a document."""
_PIECE = 64 * 1024
_NEAR_END = 12
"""A literal that is cut off is reported where it begins, so many characters before the end at most."""


def read_json_documents(opened: Opened) -> Reading:
    """Read the objects of an array, of the list inside an object, or of an object of objects."""
    return Reading(opened.described("JSON"), _documents(_Scanner(opened)))


def _documents(scanner: _Scanner) -> Iterator[Read]:
    while first := scanner.peek():
        if first == "[":
            yield from _elements(scanner)
        elif first == "{":
            yield from _object(scanner)
        else:
            scanner.refuse("is no JSON: an array or an object is expected")


def _elements(scanner: _Scanner) -> Iterator[Read]:
    scanner.take("[")
    while scanner.peek() != "]":
        line = scanner.line
        yield _record(line, scanner.value())
        if scanner.peek() != ",":
            break
        scanner.take(",")
        if scanner.peek() == "]":
            scanner.refuse("is no JSON: a value is expected after the comma")
    scanner.take("]")


def _object(scanner: _Scanner) -> Iterator[Read]:
    """Yield what an object holds: the elements of its list, its objects, or else itself."""
    beginning = scanner.line
    scanner.take("{")
    members: dict[str, Any] = {}
    lists = nested = False
    while scanner.peek() != "}":
        name = str(scanner.value())
        scanner.take(":")
        line = scanner.line
        if scanner.peek() == "[" and name in LISTS:
            lists = True
            yield from _elements(scanner)
        else:
            value = scanner.value()
            if (nested or not members) and is_record(value):
                nested = True
                yield line, {"id": name, **value}
            else:
                members[name] = value
        if scanner.peek() == ",":
            scanner.take(",")
    scanner.take("}")
    if not lists and not nested:
        yield beginning, members


def is_record(value: Any) -> bool:
    """Return whether a member of an object looks like a record, and its name like the record's id."""
    return isinstance(value, dict) and not {"state", "status", "uuid"}.isdisjoint(value)


def _record(line: int, value: Any) -> Read:
    if isinstance(value, dict):
        return line, value
    return Reject(line, f'Line {line} has an element that is no object, like {{"run_id": …}}.')


class _Scanner:
    """Reads JSON values one by one out of a text of any length; holds one value, and no more than a limit."""

    def __init__(self, opened: Opened) -> None:
        self._text = opened.text(json=True)
        self._decoder = json.JSONDecoder()
        self._buffer = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def peek(self) -> str:
        """Return the next character that is no blank, or "" at the end."""
        while True:
            found = WHITESPACE.match(self._buffer, self._at)
            end = found.end() if found else self._at
            self._pass(end)
            if end < len(self._buffer):
                return self._buffer[end]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Pass one character; raises SourceError if it is another."""
        found = self.peek()
        if found != character:
            self.refuse(
                f"is no JSON: {character!r} is expected, not {found!r}"
                if found
                else "is the last one, and the file ends in the middle of a value"
            )
        self._at += 1

    def value(self) -> Any:
        """Return the next value; raises SourceError with the line where it begins."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._cut_off(error) or not self._more():
                    self.refuse(self._why(error))
                continue
            except (ValueError, RecursionError) as error:
                self.refuse(json_error(error).rstrip("."))
            if end - self._at > LINE_LIMIT:
                self.refuse(f"begins a value that {TOO_LONG}")
            if end < len(self._buffer) or not self._more():
                self._pass(end)
                return value

    def refuse(self, why: str) -> None:
        """Raise SourceError: what follows a broken value cannot be told apart."""
        raise SourceError(f"Line {self.line} {why}. Nothing was imported.")

    def _why(self, error: json.JSONDecodeError) -> str:
        if len(self._buffer) - self._at > LINE_LIMIT:
            return f"begins a value that {TOO_LONG}"
        if self._cut_off(error):
            return "begins a value, and the file ends in the middle of it"
        where = self.line + self._buffer.count("\n", self._at, error.pos)
        return f"begins a value that is no JSON: {error.msg} (line {where})"

    def _cut_off(self, error: json.JSONDecodeError) -> bool:
        return (
            error.msg.startswith("Unterminated string")
            or error.pos >= len(self._buffer) - _NEAR_END
        )

    def _pass(self, end: int) -> None:
        self.line += self._buffer.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        held = len(self._buffer) - self._at
        if self._ended or held > LINE_LIMIT:
            return False
        more = self._text.read(max(_PIECE, held))
        self._ended = not more
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
        return bool(more)
