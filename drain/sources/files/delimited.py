"""CSV and TSV, whatever stands between the fields."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Set
from typing import Any

from drain.sources.errors import SourceError
from drain.sources.files.lines import LINE_LIMIT, LineError, Lines, Opened, Read, Reading, Reject
from drain.sources.files.records import FIELDS

DELIMITERS = ",;\t|"
_SAID = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s-]+|(?<=[a-z0-9])(?=[A-Z])")


def read_delimited(opened: Opened, known: Set[str], delimiter: str | None = None) -> Reading:
    """Read rows under a header line. The delimiter is the one that finds most `known` names in the header."""
    csv.field_size_limit(LINE_LIMIT)
    lines = Lines(opened.text())
    beginning = opened.beginning
    said = _SAID.match(beginning)
    if said:
        next(lines)
        beginning = beginning[said.end() :]
        delimiter = delimiter or said[1]
    mark = delimiter or max(DELIMITERS, key=lambda one: _found(beginning, one, known))
    reader = csv.reader(
        lines, strict=True, delimiter=mark, skipinitialspace=_padded(beginning, mark)
    )
    try:
        written = next(reader, [])
    except (csv.Error, LineError) as error:
        raise SourceError(
            f"The header line cannot be read: {error}. Nothing was imported."
        ) from error
    header = tuple(own_name(name) for name in written)
    twice = sorted(name for name, times in Counter(header).items() if name and times > 1)
    if twice:
        raise SourceError(f"The header has two columns {twice[0][:60]!r}. Nothing was imported.")
    kind = "TSV" if mark == "\t" else f"CSV with {mark} between fields"
    return Reading(opened.described(kind), _records(reader, lines, header), header, mark)


def normal(name: str) -> str:
    """Return `run_id` for ` Run ID`, `runId` and their like."""
    return _BETWEEN.sub("_", name.strip()).casefold()


def own_name(name: str) -> str:
    """Return our name of a field however it is written; other names as they are."""
    found = normal(name)
    return found if found in FIELDS else name.strip()


def _first(beginning: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(beginning.splitlines(keepends=True), delimiter=delimiter), [])
    except csv.Error:
        return []


def _found(beginning: str, delimiter: str, known: Set[str]) -> tuple[int, int]:
    names = _first(beginning, delimiter)
    return len({normal(name) for name in names} & known), len(names)


def _padded(beginning: str, delimiter: str) -> bool:
    return any(name.startswith(" ") for name in _first(beginning, delimiter)[1:])


def _records(reader: Any, lines: Lines, header: tuple[str, ...]) -> Iterator[Read]:
    width = len(header)
    while True:
        number = lines.number + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield Reject(number, f"Line {number} {_why(error)}.")
            continue
        except LineError as error:
            yield Reject(lines.number, str(error))
            continue
        if row is None:
            return
        if len(row) > width and any(row[width:]):
            yield Reject(
                number,
                f"Line {number} has more fields than the header line ({len(row)}, not {width}).",
            )
        elif any(row):
            yield (
                number,
                {name: value for name, value in zip(header, row, strict=False) if value and name},
            )


def _why(error: csv.Error) -> str:
    if "unexpected end of data" in str(error) or "field limit" in str(error):
        return "is no CSV: a quotation mark opens here and is never closed"
    return f"is no CSV: {error}"
