"""`manage.py fingerprint`: the identity of a failure's text, or of a file's lines; merge, unmerge, split."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from drain.fingerprints import Fingerprint, RegionFinder, explain, fingerprint
from drain.fingerprints.naming.compose import safe
from drain.fingerprints.splitting import SplitBy
from drain.management.base import DatabaseCommand
from drain.management.fingerprint_verbs import VERBS, decide

_PIECE_BYTES = 1 << 20
# Nobody's failure text; a file of one endless line would otherwise be read into memory whole.
_LINE_BYTES = 64 << 20


class Command(DatabaseCommand):
    """Reads text, asks `fingerprint`, prints; needs no database but for what it decides about stored ones."""

    help = (
        "Print the fingerprint of a failure's text, or of every line of a JSON-lines file; "
        "or decide about stored ones: merge KEY INTO, unmerge KEY, split KEY --by place --value cart.total."
    )
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """FILE or standard input, one text or one per line; or a verb and keys."""
        parser.add_argument(
            "words",
            nargs="*",
            metavar="FILE",
            help="a file, or - for standard input; or merge KEY INTO, unmerge KEY, split KEY",
        )
        parser.add_argument(
            "--by", choices=[way.value for way in SplitBy], help="what tells the part of a split"
        )
        parser.add_argument("--value", metavar="TEXT", help="that type, words, place or test")
        parser.add_argument("--reason", default="", help="of a merge, unmerge or split: why")
        parser.add_argument(
            "--jsonl",
            action="store_true",
            help='read one {"text": ...} a line, print one object a line',
        )
        parser.add_argument(
            "--json", action="store_true", help="print JSON instead of lines for people"
        )
        parser.add_argument(
            "--explain",
            action="store_true",
            help="print what was read, which line was chosen and the rules that decided",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Open the input, show progress on a terminal, print the answer; or decide about stored ones."""
        words = options["words"]
        if words and words[0] in VERBS:
            self.stdout.write(decide(words[0], words[1:], options))
            return
        if len(words) > 1 or options["by"] or options["value"]:
            raise CommandError(f"Give one file, or one of {', '.join(VERBS)} with its keys.")
        name = words[0] if words else "-"
        try:
            with _input(name) as source, _progress(name) as progress:
                if options["jsonl"]:
                    self._print_lines(source, progress)
                elif options["explain"]:
                    self._explain(source, progress)
                else:
                    self._print_one(source, progress, as_json=options["json"])
        except BrokenPipeError:
            # The reader (`| head`) has all it wanted; what is still buffered must not fail at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            raise CommandError(f"Cannot read {name}: {error.strerror or error}.") from error

    def _print_one(self, source: BinaryIO, progress: _Progress, *, as_json: bool) -> None:
        result = fingerprint(_region_of(source, progress))
        if as_json:
            self.stdout.write(_as_json(result))
            return
        for name, value in _as_dict(result).items():
            shown = value.replace("\n", "\n" + " " * 10) if name == "template" else value
            self.stdout.write(f"{name + ':':<9} {shown}")

    def _explain(self, source: BinaryIO, progress: _Progress) -> None:
        """Records with their weights and rules, the chosen one, its parts and its category."""
        told = explain(_region_of(source, progress))
        self.stdout.write("read")
        for record in told.records:
            mark = ">" if record.chosen else " "
            self.stdout.write(f"{mark} {record.line:>6}  {record.weight:<8} {record.text}")
            self.stdout.write(f"{'':>17} {'; '.join(record.rules)}")
        if not told.records:
            self.stdout.write("  one report or traceback from the first line to the last")
        failure, verdict = told.failure, told.verdict
        named = {
            "type": failure.type,
            "message": failure.message,
            "test" if failure.test else "place": failure.function,
            "caused by": ": ".join(filter(None, (failure.cause_type, failure.cause_message))),
            "category": f"{verdict.category} ({verdict.rule}{f': “{verdict.words}”' if verdict.words else ''})",
            "in the key": "type and message" if verdict.everywhere else "type, message and place",
        }
        self.stdout.write("named")
        for name, value in named.items():
            if value:
                self.stdout.write(f"  {name + ':':<11} {safe(value)}")
        for name in ("title", "key"):
            self.stdout.write(f"  {name + ':':<11} {getattr(told.fingerprint, name)}")

    def _print_lines(self, source: BinaryIO, progress: _Progress) -> None:
        for number, line in enumerate(iter(lambda: source.readline(_LINE_BYTES), b""), 1):
            progress.advance(len(line))
            if not line.isspace():
                self.stdout.write(_as_json(fingerprint(_text_of(line, number))))


_FIELDS = tuple(field.name for field in fields(Fingerprint))


def _as_dict(result: Fingerprint) -> dict[str, Any]:
    """The fields in their order; `asdict` would copy each value deeply, which costs more than the hash."""
    return {name: getattr(result, name) for name in _FIELDS}


def _as_json(result: Fingerprint) -> str:
    return json.dumps(_as_dict(result))


def _text_of(line: bytes, number: int) -> str:
    """The text of one line; CommandError names the line when it has none."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise CommandError(
            f'Line {number} is no JSON ({error}); every line must be an object like {{"text": "..."}}.'
        ) from error
    text = value.get("text") if isinstance(value, dict) else None
    if not isinstance(text, str):
        raise CommandError(
            f'Line {number} has no "text" that is a string; every line must be an object like {{"text": "..."}}.'
        )
    return text


def _region_of(source: BinaryIO, progress: _Progress) -> str:
    """The region of the error in a stream of any length, in flat memory."""
    finder = RegionFinder()
    for piece in iter(lambda: source.read(_PIECE_BYTES), b""):
        progress.advance(len(piece))
        finder.feed_bytes(piece)
    return finder.region()


@contextmanager
def _input(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with Path(name).open("rb") as source:
        yield source


class _Progress:
    """Bytes read so far, drawn on standard error if that is a terminal."""

    def __init__(self, bar: Progress | None, total: int | None) -> None:
        self._bar = bar
        self._task = bar.add_task("fingerprint", total=total) if bar else None

    def advance(self, count: int) -> None:
        """`count` more bytes were read."""
        if self._bar and self._task is not None:
            self._bar.advance(self._task, count)


@contextmanager
def _progress(name: str) -> Iterator[_Progress]:
    """A bar on a terminal, nothing anywhere else."""
    if not sys.stderr.isatty():
        yield _Progress(None, None)
        return
    total = Path(name).stat().st_size if name != "-" else None
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Progress(bar, total)
