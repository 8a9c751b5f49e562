"""`import_phases FILE|-`: bring phases in from JSON lines or CSV."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from drain.management.base import DatabaseCommand
from drain.sources.errors import SourceError
from drain.sources.files import FORMATS, SOURCE_NAME, FileImport, import_file


class Command(DatabaseCommand):
    """Parse, import, print."""

    help = "Import phases from a file of JSON lines or CSV (- for standard input); all or nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Arguments of the contract."""
        parser.add_argument("file", help="path, or - for standard input")
        parser.add_argument("--format", choices=sorted(FORMATS), help="default: by the file's name")
        parser.add_argument("--name", default=SOURCE_NAME, help="name of the source of these runs")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and report."""
        try:
            result = self._import(options["file"], options["format"], options["name"])
        except (SourceError, OSError) as error:
            raise CommandError(_sentence(error)) from error
        self.stdout.write(json.dumps(result.as_json()) if options["json"] else _sentences(result))

    def _import(self, name: str, kind: str | None, source: str) -> FileImport:
        if name == "-":
            return import_file(sys.stdin.buffer, kind or "jsonl", timezone.now(), source)
        guessed = kind or ("csv" if name.lower().endswith(".csv") else "jsonl")
        with Path(name).open("rb") as stream:
            return import_file(stream, guessed, timezone.now(), source)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename} cannot be read: {error.strerror}."
    return str(error)


def _sentences(result: FileImport) -> str:
    ignored = (
        f" Fields that nobody reads: {', '.join(result.ignored_fields)}."
        if result.ignored_fields
        else ""
    )
    return (
        f"{result.runs} runs ({result.runs_created} new), {result.phases} phases: {result.created} new, "
        f"{result.updated} changed ({result.synced} in another state now), {result.unchanged} unchanged; "
        f"{result.dependencies} dependencies added.{ignored}"
    )
