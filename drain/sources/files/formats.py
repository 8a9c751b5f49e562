"""The formats of files, and which one a file has."""

from __future__ import annotations

from collections.abc import Callable, Set

from drain.sources.files.delimited import read_delimited
from drain.sources.files.jsondocuments import LISTS, is_record, read_json_documents
from drain.sources.files.jsonlines import parsed, read_json_lines
from drain.sources.files.junit import read_junit
from drain.sources.files.lines import Opened, Reading

_READERS: dict[str, Callable[[Opened], Reading]] = {
    "jsonl": read_json_lines,
    "json": read_json_documents,
    "junit": read_junit,
}
FORMATS = (*_READERS, "csv", "tsv")


def read_as(opened: Opened, kind: str | None, known: Set[str], delimiter: str | None) -> Reading:
    """Read a file as `kind`, or as what its beginning looks like;
    `known` are names that a header may have.
    """
    kind = kind or _recognised(opened.beginning)
    if kind in _READERS:
        return _READERS[kind](opened)
    return read_delimited(opened, known, "\t" if kind == "tsv" else delimiter)


def _recognised(beginning: str) -> str:
    start = beginning.lstrip()
    if start.startswith("<"):
        return "junit"
    if start.startswith("["):
        return "json"
    return _objects(start) if start.startswith("{") else "csv"


def _objects(start: str) -> str:
    """Tell lines of objects from a document that begins with an object."""
    lines = [line.strip() for line in start.splitlines()[:10] if line.strip()]
    first = parsed(lines[0])
    if first is not None:
        wrapped = any(isinstance(first.get(name), list) for name in LISTS) or (
            bool(first) and all(map(is_record, first.values()))
        )
        return "json" if wrapped and "run_id" not in first else "jsonl"
    # A first line that is broken is that line's fault; a document goes on in the next one.
    document = lines[0][-1] in "[{,:" or all(parsed(line) is None for line in lines[1:])
    return "json" if document else "jsonl"
