"""`manage.py hold RUN|PREFIX*`: set runs aside until a time or until released."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from drain.engine.queue.holds import hold
from drain.management.base import DrainCommand
from drain.policy.moments import read_moment


class Command(DrainCommand):
    """One hold."""

    help = "Set a run, or every run that begins with PREFIX, aside: no drain takes its phases."

    def add_arguments(self, parser: CommandParser) -> None:
        """What, until when and why."""
        super().add_arguments(parser)
        parser.add_argument(
            "target", metavar="RUN|PREFIX*", help="a run, or all whose id begins so"
        )
        parser.add_argument(
            "--until", help="a time to come: 18:00 is the next; or 2026-01-31 18:00"
        )
        parser.add_argument("--reason", default="", help="for the people who meet the hold")

    def act(self, **options: Any) -> None:
        """Hold and say until when."""
        now = timezone.now()
        until = options["until"] and read_moment(
            options["until"], timezone.localtime(now), coming=True
        )
        made = hold(options["target"], options["reason"], self.actor, now, until)
        ends = until.isoformat() if until else None
        if options["json"]:
            self.print_json({"hold": made.pk, "target": options["target"], "until": ends})
        else:
            self.stdout.write(f"{options['target']} is held until {ends or 'it is released'}.")
