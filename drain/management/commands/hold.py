"""`manage.py hold RUN|PREFIX*`: set runs aside until a time or until released."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.engine.queue.holds import hold, hold_matching
from drain.engine.queue.selection import PhaseFilter, count_selection
from drain.management.base import DrainCommand
from drain.management.selecting import add_filters, filter_from, print_selection
from drain.models.vocabulary import PhaseState
from drain.policy.moments import read_moment
from drain.policy.words import agrees, counted


class Command(DrainCommand):
    """One hold, or one for each run of the failed phases that match."""

    help = "Set a run, or every run that begins with PREFIX, aside: no drain takes its phases."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options for the held thing, the end of the hold and the reason."""
        super().add_arguments(parser)
        parser.add_argument(
            "target", nargs="?", metavar="RUN|PREFIX*", help="a run, or all whose id begins so"
        )
        parser.add_argument(
            "--until", help="a time to come: 18:00 is the next; or 2026-01-31 18:00"
        )
        parser.add_argument("--reason", default="", help="for the people who meet the hold")
        parser.add_argument(
            "--dry-run", action="store_true", help="with filters: count, and hold nothing"
        )
        add_filters(parser)

    def act(self, **options: Any) -> None:
        """Hold and say until when."""
        now = timezone.now()
        until = options["until"] and read_moment(
            options["until"], timezone.localtime(now), coming=True
        )
        asked = filter_from(options, now)
        if (options["target"] is None) == asked.is_empty:
            raise CommandError("Name RUN or PREFIX*, or at least one filter.", returncode=2)
        ends = until.isoformat() if until else None
        if options["target"] is None:
            self._matching(options, asked, now, until)
            return
        if options["dry_run"]:
            raise CommandError("--dry-run counts what filters mean: give one.", returncode=2)
        made = hold(options["target"], options["reason"], self.actor, now, until)
        if options["json"]:
            self.print_json({"hold": made.pk, "target": options["target"], "until": ends})
        else:
            self.stdout.write(f"{options['target']} is held until {ends or 'it is released'}.")

    def _matching(
        self, options: dict[str, Any], asked: PhaseFilter, now: datetime, until: datetime | None
    ) -> None:
        if options["dry_run"]:
            found = count_selection(asked.find(PhaseState.FAILED))
            if options["json"]:
                self.print_json(found.as_json())
            else:
                print_selection(self.stdout, found, "match, and the runs would be held")
            return
        made, before = hold_matching(asked, options["reason"], self.actor, now, until)
        ends = until.isoformat() if until else None
        if options["json"]:
            runs = [each.value for each in made]
            self.print_json({"held": runs, "held_before": before, "until": ends})
            return
        also = f"; {before:,} were before" if before else ""
        self.stdout.write(
            f"{counted(len(made), 'run')} {agrees(len(made))} held until {ends or 'released'}{also}."
        )
