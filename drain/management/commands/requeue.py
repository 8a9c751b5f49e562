"""`manage.py requeue RUN PHASE --reason TEXT`: back into the pipeline's queue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from drain.engine.errors import EngineError
from drain.engine.queue.clearing import requeue
from drain.management.base import DrainCommand
from drain.management.commands.drain_phase import find_phase
from drain.management.moving import results_json
from drain.policy.command_lines import manage_line, positional


class Command(DrainCommand):
    """One failed phase."""

    help = "Put a failed phase back into its pipeline's queue; drains leave it alone then."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which phase and why."""
        super().add_arguments(parser)
        parser.add_argument("run", help="id of the run")
        parser.add_argument("phase", help="id of its failed phase")
        parser.add_argument("--reason", required=True, help="for the people who read the history")

    def act(self, **options: Any) -> None:
        """Requeue and say who runs it now."""
        phase = find_phase(options["run"], options["phase"])
        (result,) = requeue([phase.pk], options["reason"], self.actor)
        if not result.done:
            raise EngineError(f"{result.phase_id} was {result.said}.")
        if options["json"]:
            self.print_json(results_json([result]))
        else:
            self.stdout.write(
                f"{result.phase_id} is queued. Its pipeline runs it next, or:\n"
                f"  {manage_line('drain_phase', *positional(result.run_id, result.phase_id))}"
            )
