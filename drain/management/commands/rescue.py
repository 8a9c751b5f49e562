"""`manage.py rescue`: recover attempts whose worker died."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from drain.engine.rescue import rescue
from drain.management.base import DrainCommand


class Command(DrainCommand):
    """One round of rescue, now."""

    help = "End attempts whose lease ran out (outcome lost) and wake sessions that lack loops."

    def add_arguments(self, parser: CommandParser) -> None:
        """Why."""
        super().add_arguments(parser)
        parser.add_argument("--reason", default="", help="for the people who read the history")

    def act(self, **options: Any) -> None:
        """Rescue and report."""
        done = rescue(self.actor, options["reason"])
        if options["json"]:
            self.print_json({"attempts": done.attempts, "loops": done.loops})
        else:
            self.stdout.write(f"{done.attempts} attempts rescued, {done.loops} loops woken.")
