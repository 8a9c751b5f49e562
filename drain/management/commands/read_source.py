"""`read_source NAME`: read a source now, or have the site read it by itself at the times of a schedule."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.engine.source.reading import COUNTS, read_source
from drain.engine.source.schedules import (
    PAUSE_AFTER,
    SourceSchedule,
    described,
    locked,
    schedule_source,
    unschedule_source,
)
from drain.management.base import DrainCommand
from drain.models import Source


class Command(DrainCommand):
    """Parse, call one verb, print."""

    help = (
        "Read a source by what is kept of it (an SQL query, an Autopack database, Airflow): once and now; or, with "
        "--schedule, by the site itself from now on. `sources` shows when next, and why the last reading failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments of the contract."""
        parser.add_argument("name", help="of a source that was imported before")
        when = parser.add_mutually_exclusive_group()
        when.add_argument(
            "--schedule",
            metavar="CRON",
            help='five fields like "*/10 * * * *", or @hourly; goes on with one that was paused',
        )
        when.add_argument(
            "--unschedule", action="store_true", help="read it by itself no more; needs --reason"
        )
        parser.add_argument("--timezone", metavar="ZONE", default="UTC", help="of its hours (UTC)")
        parser.add_argument(
            "--dag",
            action="append",
            default=[],
            metavar="ID",
            help="of Airflow: only this DAG; may be repeated",
        )
        parser.add_argument(
            "--pause-after",
            type=int,
            metavar="N",
            default=PAUSE_AFTER,
            help=f"leave it alone after so many failed readings in a row ({PAUSE_AFTER}); 0: never",
        )
        parser.add_argument("--reason", default="", help="for the people who read the audit")
        super().add_arguments(parser)

    def act(self, **options: Any) -> None:
        """Call the verb."""
        name, now = options["name"], timezone.now()
        if options["unschedule"]:
            source = unschedule_source(name, self.actor, options["reason"])
            self._print(options, source, f"{source.name} is read by itself no more.")
        elif options["schedule"] is not None:
            wanted = SourceSchedule(
                options["schedule"], options["timezone"], tuple(options["dag"]), options["pause_after"] or None
            )  # fmt: skip
            source = schedule_source(name, wanted, self.actor, now, options["reason"])
            self._print(
                options, source, f"{source.name} is read next at {source.next_at:%Y-%m-%d %H:%MZ}."
            )
        else:
            source = locked(name, lock=False)
            problem = read_source(source, self.actor)
            source.refresh_from_db()
            if problem:
                raise CommandError(f"{problem}{_last_good(source)}")
            counts = ", ".join(f"{source.found[word]} {word}" for word in COUNTS)
            self._print(options, source, f"{source.name} is read: {counts}.")

    def _print(self, options: dict[str, Any], source: Source, line: str) -> None:
        if options["json"]:
            self.print_json(described(source))
        else:
            self.stdout.write(line)


def _last_good(source: Source) -> str:
    if source.read_at is None:
        return ""
    return f" The last good reading was at {source.read_at:%Y-%m-%d %H:%MZ}."
