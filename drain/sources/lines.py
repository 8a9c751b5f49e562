"""Lines of a JSON-lines or CSV file as dictionaries with their number, at flat memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from drain.sources.errors import SourceError

LINE_LIMIT = 4 * 1024 * 1024
Numbered = tuple[int, Mapping[str, Any]]


def read_jsonl(stream: IO[bytes]) -> Iterator[Numbered]:
    """Yield (line number, object) of each line that is not blank. Raises SourceError."""
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise SourceError(f"Line {number} is longer than {LINE_LIMIT // 1024 // 1024} MiB.")
        if line.strip():
            yield number, _object(number, line)


def read_csv(stream: IO[bytes]) -> Iterator[Numbered]:
    """Yield (line number, fields) of each row under the header line; empty fields are left out."""
    csv.field_size_limit(LINE_LIMIT)
    reader = csv.DictReader(_text_lines(stream), strict=True)
    try:
        for row in reader:
            if None in row:
                raise SourceError(f"Line {reader.line_num} has more fields than the header line.")
            yield reader.line_num, {key: value for key, value in row.items() if value}
    except csv.Error as error:
        raise SourceError(f"Line {reader.line_num} is no CSV: {error}.") from error


def _object(number: int, line: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SourceError(f"Line {number} is not UTF-8.") from error
    except RecursionError as error:
        raise SourceError(f"Line {number} is nested too deeply.") from error
    except ValueError as error:
        raise SourceError(f"Line {number} is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise SourceError(f'Line {number} is no JSON object, like {{"run_id": …}}.')
    return found


def _text_lines(stream: IO[bytes]) -> Iterator[str]:
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) > LINE_LIMIT:
            raise SourceError(f"Line {number} is longer than {LINE_LIMIT // 1024 // 1024} MiB.")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise SourceError(f"Line {number} is not UTF-8.") from error
