"""Lists as files: all pages of a filter as CSV or JSON, row by row, whatever their number."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from drain.evidence.report.escape import csv_cell

CHUNK = 1000
"""Rows that are read and written at once."""
KINDS = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
Rows = Iterable[Sequence[Any]]


class _Echo:
    """A file for the csv module that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def wanted(request: HttpRequest) -> str:
    """`csv` or `json` where the address asks for a file, else ""."""
    kind = request.GET.get("download", "")
    return kind if kind in KINDS else ""


def download(kind: str, name: str, heads: Sequence[str], rows: Rows) -> StreamingHttpResponse:
    """A file of these rows, which are only read while it is sent; no cell of CSV begins as a formula."""
    lines = _csv(heads, rows) if kind == "csv" else _json(heads, rows)
    answer = StreamingHttpResponse(_together(lines), content_type=KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def rows_of(found: QuerySet[Any], fields: Mapping[str, str]) -> Iterator[Sequence[Any]]:
    """A query's rows through a cursor of the server; `fields` are the ORM's by their names in the file."""
    return found.values_list(*fields.values()).iterator(chunk_size=CHUNK)


def chunks(found: QuerySet[Any, Any]) -> Iterator[list[Any]]:
    """A query's rows through a cursor of the server, CHUNK at once: for what is asked of many together."""
    taken = []
    for row in found.iterator(chunk_size=CHUNK):
        taken.append(row)
        if len(taken) == CHUNK:
            yield taken
            taken = []
    if taken:
        yield taken


def _csv(heads: Sequence[str], rows: Rows) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(heads)
    for row in rows:
        yield writer.writerow(map(_cell, row))


def _cell(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return csv_cell(_plain(value))


def _json(heads: Sequence[str], rows: Rows) -> Iterator[str]:
    before = "[\n"
    for row in rows:
        yield before + json.dumps(dict(zip(heads, row, strict=True)), default=_plain)
        before = ",\n"
    yield "\n]\n" if before == ",\n" else "[]\n"


def _plain(value: object) -> object:
    """A value as both kinds of file write it: moments with their offset, durations in seconds."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def _together(lines: Iterator[str]) -> Iterator[str]:
    """Yield some lines a piece: one piece a line would be one packet a line."""
    taken: list[str] = []
    for line in lines:
        taken.append(line)
        if len(taken) == CHUNK:
            yield "".join(taken)
            taken = []
    yield "".join(taken)
