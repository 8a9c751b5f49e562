"""`manage.py prune`: delete history, audit, logs and ended sessions by age."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from drain.engine.prune import prune
from drain.management.base import DrainCommand
from drain.management.durations import parse_span

WORDS = {
    "transitions": "transitions", "audit": "audit lines", "logs": "logs", "sessions": "drains", "bulk": "bulk actions",
    "news": "news", "checks": "results of checks", "sign_ins": "sign-ins", "rollouts": "drains on fix",
}  # fmt: skip


class Command(DrainCommand):
    """Runs, phases and the numbers of attempts stay."""

    help = "Delete history, audit lines, logs, ended drains, news and more by age; `doctor` says what is large."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options for the ages."""
        super().add_arguments(parser)
        parser.add_argument("--older-than", default="90d", metavar="SPAN", help="default 90d")
        parser.add_argument("--reason", required=True, help="for the people who read the history")

    def act(self, **options: Any) -> None:
        """Prune and say what went."""
        keep = parse_span(options["older_than"], "--older-than")
        gone = prune(timezone.now(), keep, by=self.actor, reason=options["reason"])
        if options["json"]:
            self.print_json(asdict(gone))
        else:
            what = ", ".join(f"{count:,} {WORDS[name]}" for name, count in asdict(gone).items())
            self.stdout.write(f"Older than {options['older_than']}, deleted: {what}.")
