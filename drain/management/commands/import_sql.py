"""`import_sql NAME…`: bring phases in by a query of one's own, from PostgreSQL or SQLite."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from drain.engine.source.telling import tell_sources
from drain.management.base import DrainCommand
from drain.management.importing import (
    add_reading,
    add_watch,
    chosen_reading,
    print_import,
    watched,
)
from drain.sources.errors import SourceError
from drain.sources.files.result import Options
from drain.sources.sql.importing import import_sql
from drain.sources.sql.settings import MOST_CHARACTERS, Given, sql_source

_DEFINES = ("url", "query_file", "update_file", "no_update", "mapping", "map", "set", "day_first", "timeout")  # fmt: skip


class Command(DrainCommand):
    """Read, import, print; with --watch again and again."""

    help = (
        "Import phases by a query (read-only) from PostgreSQL or SQLite; with an update, that database is told what "
        "became of them. What is said of a source is kept with it. docs/sql.md says how."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        parser.add_argument("name", nargs="+", help="name of the source; several that are known")
        parser.add_argument(
            "--url", help="env:NAME, sqlite:////absolute or postgresql://user@host/name"
        )
        parser.add_argument(
            "--query-file", metavar="FILE", help="one SELECT whose columns are fields of phases"
        )
        parser.add_argument(
            "--update-file",
            metavar="FILE",
            help="one UPDATE of one row, with run_id, phase_id, state, expect, reason, link and params as parameters",
        )
        parser.add_argument(
            "--no-update", action="store_true", help="tell the source nothing any more"
        )
        add_reading(parser, "celery, rq, sidekiq, bullmq, airflow or github")
        parser.add_argument(
            "--timeout",
            type=int,
            metavar="SECONDS",
            help="how long the query may take (default 60)",
        )
        add_watch(parser)
        super().add_arguments(parser)

    def act(self, **options: Any) -> None:
        """Import once, or until somebody has enough."""
        names, every = list(dict.fromkeys(options["name"])), watched(options)
        if len(names) > 1 and any(options[each] for each in _DEFINES):
            raise CommandError("Options that say what a source is go with one name.", returncode=2)
        given = _given(options)
        for name in names:
            _refuse_unknown(name, given)
        while True:
            failed = [name for name in names if not self._import(name, given, options)]
            if every is None:
                if failed:
                    raise CommandError(f"Not imported: {', '.join(failed)}.")
                return
            if not failed and not options["dry_run"]:
                # Kept by now; who says otherwise meanwhile is followed.
                given = Given()
            self.stdout.flush()
            time.sleep(every)

    def _import(self, name: str, given: Given, options: dict[str, Any]) -> bool:
        # What the source knows needs no guard.
        tell_sources()
        try:
            result = import_sql(sql_source(name, given), self.actor, dry_run=options["dry_run"])
        except SourceError as error:
            if options["watch"] is None and len(options["name"]) == 1:
                raise CommandError(str(error)) from error
            self.stderr.write(f"{name}: {error}")
            return False
        print_import(self.stdout, result, as_json=options["json"])
        return True


def _refuse_unknown(name: str, given: Given) -> None:
    try:
        sql_source(name, given)
    except SourceError as error:
        raise CommandError(str(error)) from error


def _given(options: dict[str, Any]) -> Given:
    said = chosen_reading(options)
    if options["no_update"] and options["update_file"]:
        raise CommandError("--no-update and --update-file contradict each other.", returncode=2)
    return Given(
        url=options["url"],
        query=_text(options["query_file"]),
        update="" if options["no_update"] else _text(options["update_file"]),
        options=said if said != Options() else None,
        seconds=options["timeout"],
    )


def _text(name: str | None) -> str | None:
    if name is None:
        return None
    try:
        with Path(name).open(encoding="utf-8") as file:
            return file.read(MOST_CHARACTERS + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise CommandError(f"{name} is not UTF-8.") from None
