"""`manage.py release RUN|PREFIX*`: end a hold."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from drain.engine.queue.holds import release
from drain.management.base import DrainCommand


class Command(DrainCommand):
    """The holds of exactly this run or prefix."""

    help = "End the hold on a run or a prefix."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options for the held thing and the reason."""
        super().add_arguments(parser)
        parser.add_argument("target", metavar="RUN|PREFIX*", help="as it was held")
        parser.add_argument("--reason", default="", help="for the people who read the history")

    def act(self, **options: Any) -> None:
        """Release and say how many holds ended."""
        count = release(options["target"], self.actor, timezone.now(), options["reason"])
        if options["json"]:
            self.print_json({"released": count, "target": options["target"]})
        else:
            self.stdout.write(f"{options['target']} is released; running drains do not grow by it.")
