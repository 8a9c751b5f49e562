"""`manage.py discard`: failed phases that nobody will run again are given up, or called complete."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from drain.engine.errors import EngineError
from drain.engine.queue.clearing import discard
from drain.management.moving import MovingCommand
from drain.management.selecting import add_filters
from drain.models.vocabulary import PhaseState


class Command(MovingCommand):
    """One phase by name, or all that match."""

    help = "Discard failed phases as skipped or complete; an Autopack source is written first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose phases, and those for the new state and the reason."""
        super().add_arguments(parser)
        parser.add_argument("run", nargs="?", help="id of the run")
        parser.add_argument("phase", nargs="?", help="id of its failed phase")
        parser.add_argument(
            "--to",
            default="skipped",
            choices=["skipped", "complete"],
            help="what it becomes (skipped)",
        )
        parser.add_argument("--reason", required=True, help="for the people who read the history")
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")
        add_filters(parser)

    def act(self, **options: Any) -> None:
        """Discard and print what became of each."""
        found = self.failed_phases(options)
        if options["dry_run"]:
            would = f"would be discarded as {options['to']}"
            self.show_selection(found, would, as_json=options["json"])
            return
        phases = list(found.values_list("pk", flat=True))
        if options["phase"] and not phases:
            raise EngineError(
                f"{options['phase']} is not FAILED: only a failed phase is discarded."
            )
        to = PhaseState(options["to"].upper())
        results = discard(phases, to, options["reason"], self.actor)
        self.show_results(results, as_json=options["json"])
