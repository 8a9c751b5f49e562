"""Commands that list things: the newest first, as a table for people or as one JSON object for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.core.management.base import CommandError, CommandParser

from drain.management.base import DrainCommand

Row = Mapping[str, Any]
MOST = 10_000
_WIDEST = 60


class ListCommand(DrainCommand):
    """Lists what `rows` yields; the keys of a row are its columns. Reads only."""

    noun = ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option for the number of rows."""
        super().add_arguments(parser)
        parser.add_argument("--limit", type=int, default=50, help="how many at most (50)")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return at most `limit` rows."""
        raise NotImplementedError

    def act(self, **options: Any) -> None:
        """Print them, and whether there are more."""
        limit = options["limit"]
        if not 1 <= limit <= MOST:
            raise CommandError(f"--limit is a number from 1 to {MOST:,}.", returncode=2)
        found = list(islice(self.rows(limit + 1, options), limit + 1))
        rows, more = found[:limit], len(found) > limit
        if options["json"]:
            self.print_json({self.noun: rows, "more": more})
            return
        for line in _table(rows):
            self.stdout.write(line)
        if not rows:
            self.stdout.write(f"No {self.noun}.")
        elif more:
            self.stdout.write(f"There are more than {limit}: --limit shows them.")


def _table(rows: Sequence[Row]) -> Iterable[str]:
    if not rows:
        return []
    names = list(rows[0])
    cells = [[name.replace("_", " ") for name in names]]
    cells += [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    return [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, dict):
        return ", ".join(f"{count} {name}" for name, count in value.items()) or "-"
    text = " ".join(str("-" if value in (None, "") else value).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
