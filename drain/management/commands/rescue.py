"""`manage.py rescue`: recover attempts whose worker died."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from drain.engine.rescue import rescue
from drain.management.base import DrainCommand
from drain.policy.words import counted


class Command(DrainCommand):
    """One round of rescue, now."""

    help = "End attempts whose lease ran out (outcome lost), and see to drains without workers."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option for the reason."""
        super().add_arguments(parser)
        parser.add_argument("--reason", required=True, help="for the people who read the history")

    def act(self, **options: Any) -> None:
        """Rescue and report."""
        done = rescue(self.actor, options["reason"])
        if options["json"]:
            self.print_json(asdict(done))
        else:
            self.stdout.write(
                f"{counted(done.attempts, 'attempt')} rescued, {counted(done.loops, 'loop')} woken, "
                f"{counted(done.sessions, 'inline drain')} without a process interrupted."
            )
