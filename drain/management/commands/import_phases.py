"""`import_phases FILE|-`: bring phases in from a file of another tool."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from django.core.management.base import CommandError
from django.utils import timezone

from drain.management.actor import command_actor
from drain.management.base import DatabaseCommand
from drain.management.importing import (
    add_reading,
    chosen_reading,
    next_step,
    print_import,
)
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.errors import SourceError
from drain.sources.files.formats import FORMATS
from drain.sources.files.importing import SOURCE_NAME, import_file
from drain.sources.files.result import FileImport, Options


class Command(DatabaseCommand):
    """Parse, import, print."""

    help = (
        "Import phases from a file (- for standard input): JSON lines, JSON, CSV, TSV, JUnit XML, also packed with gzip; "
        "all or nothing. docs/import.md says what is recognised."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Arguments of the contract."""
        parser.add_argument("file", help="path, or - for standard input")
        parser.add_argument(
            "--format", choices=sorted(FORMATS), help="default: by what the file looks like"
        )
        parser.add_argument("--name", default=SOURCE_NAME, help="name of the source of these runs")
        parser.add_argument(
            "--encoding", help="default: UTF-8, UTF-16 or Windows text by the first bytes"
        )
        parser.add_argument("--delimiter", help="of CSV; default: by the header line")
        add_reading(parser, "celery, rq, sidekiq, bullmq, airflow, github, or a JSON file")
        parser.add_argument(
            "--lenient", action="store_true", help="leave out what cannot be read, and list it"
        )
        parser.add_argument(
            "--remember",
            action="store_true",
            help="read later files of this source the same way, unless they say otherwise",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and report."""
        chosen = chosen_reading(
            options,
            encoding=options["encoding"],
            delimiter=_delimiter(options["delimiter"]),
            lenient=options["lenient"],
            dry_run=options["dry_run"],
            remember=options["remember"],
        )
        try:
            result = self._import(options["file"], options["format"], options["name"], chosen)
        except (SourceError, OSError) as error:
            raise CommandError(_sentence(error)) from error
        print_import(self.stdout, result, as_json=options["json"])
        if not (options["json"] or options["dry_run"]):
            self.stdout.write(next_step())

    def _import(self, name: str, kind: str | None, source: str, options: Options) -> FileImport:
        if name == "-":
            return _import_file(sys.stdin.buffer, "standard input", kind, source, options)
        with Path(name).open("rb") as stream:
            return _import_file(stream, name, kind, source, options)


def _import_file(
    stream: IO[bytes], name: str, kind: str | None, source: str, options: Options
) -> FileImport:
    by = Person(command_actor(), Origin.COMMAND)
    return import_file(stream, kind, timezone.now(), source, options, by=by, file=name)


def _delimiter(written: str | None) -> str | None:
    found = {"\\t": "\t", "tab": "\t"}.get(written, written) if written is not None else None
    if found is not None and (len(found) != 1 or found in '"\r\n'):
        raise CommandError("--delimiter is one character, or tab.", returncode=2)
    return found


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename} cannot be read: {error.strerror}."
    return str(error)
