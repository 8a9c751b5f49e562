"""`manage.py discard`: failed phases that nobody will run again are given up, or called complete."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.queue.clearing import discard
from drain.engine.queue.selection import count_selection
from drain.management.base import DrainCommand
from drain.management.commands.drain_phase import find_phase
from drain.management.moving import print_results, results_json
from drain.management.selecting import add_filters, filter_from, print_selection
from drain.models.vocabulary import PhaseState


class Command(DrainCommand):
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
        asked = filter_from(options, timezone.now())
        named = options["run"] is not None
        if named == (not asked.is_empty) or (named and not options["phase"]):
            raise CommandError("Name RUN PHASE, or at least one filter.", returncode=2)
        found = asked.find(PhaseState.FAILED)
        if named:
            found = found.filter(pk=find_phase(options["run"], options["phase"]).pk)
        if options["dry_run"]:
            self._preview(count_selection(found), as_json=options["json"], to=options["to"])
            return
        phases = list(found.values_list("pk", flat=True))
        if named and not phases:
            raise EngineError(
                f"{options['phase']} is not FAILED: only a failed phase is discarded."
            )
        to = PhaseState(options["to"].upper())
        results = discard(phases, to, options["reason"], self.actor)
        if options["json"]:
            self.print_json(results_json(results))
        elif results:
            print_results(self.stdout, results)
        else:
            self.stdout.write("No failed phase matches: nothing was moved.")

    def _preview(self, found: Any, *, as_json: bool, to: str) -> None:
        if as_json:
            self.print_json(found.as_json())
        else:
            print_selection(self.stdout, found, f"would be discarded as {to}")
