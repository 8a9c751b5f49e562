"""`manage.py requeue`: failed phases back into their pipeline's queue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from drain.engine.errors import EngineError
from drain.engine.queue.clearing import requeue
from drain.management.commands.drain_phase import find_phase
from drain.management.moving import MovingCommand, results_json
from drain.management.selecting import add_filters
from drain.policy.command_lines import manage_line, positional


class Command(MovingCommand):
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
        found = self.failed_phases(options)
        if options["dry_run"]:
            self.show_selection(found, "would be queued again", as_json=options["json"])
        elif options["phase"]:
            self._one(options)
        else:
            results = requeue(
                list(found.values_list("pk", flat=True)), options["reason"], self.actor
            )
            self.show_results(results, as_json=options["json"])

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
