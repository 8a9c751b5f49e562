"""`manage.py requeue`: failed phases back into their pipeline's queue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.queue.clearing import requeue
from drain.engine.queue.selection import count_selection
from drain.management.base import DrainCommand
from drain.management.commands.drain_phase import find_phase
from drain.management.moving import print_results, results_json
from drain.management.selecting import add_filters, filter_from, print_selection
from drain.models.vocabulary import PhaseState
from drain.policy.command_lines import manage_line, positional


class Command(DrainCommand):
    """One failed phase by name, or all that match."""

    help = "Put failed phases back into their pipeline's queue; drains leave them alone then."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose phases, and the reason."""
        super().add_arguments(parser)
        parser.add_argument("run", nargs="?", help="id of the run")
        parser.add_argument("phase", nargs="?", help="id of its failed phase")
        parser.add_argument("--reason", required=True, help="for the people who read the history")
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")
        add_filters(parser)

    def act(self, **options: Any) -> None:
        """Requeue and say who runs them now."""
        asked = filter_from(options, timezone.now())
        named = options["run"] is not None
        if named == (not asked.is_empty) or (named and not options["phase"]):
            raise CommandError("Name RUN PHASE, or at least one filter.", returncode=2)
        if named and not options["dry_run"]:
            self._one(options)
            return
        found = asked.find(PhaseState.FAILED)
        if named:
            found = found.filter(pk=find_phase(options["run"], options["phase"]).pk)
        if options["dry_run"]:
            selection = count_selection(found)
            if options["json"]:
                self.print_json(selection.as_json())
            else:
                print_selection(self.stdout, selection, "would be queued again")
            return
        phases = list(found.values_list("pk", flat=True))
        results = requeue(phases, options["reason"], self.actor)
        if options["json"]:
            self.print_json(results_json(results))
        elif results:
            print_results(self.stdout, results)
        else:
            self.stdout.write("No failed phase matches: nothing was moved.")

    def _one(self, options: dict[str, Any]) -> None:
        phase = find_phase(options["run"], options["phase"])
        (result,) = requeue([phase.pk], options["reason"], self.actor)
        if not result.done:
            raise EngineError(f"{result.phase_id} was {result.said}.")
        if options["json"]:
            self.print_json(results_json([result]))
            return
        line = manage_line("drain_phase", *positional(result.run_id, result.phase_id))
        self.stdout.write(f"{result.phase_id} is queued. Its pipeline runs it next, or:\n  {line}")
