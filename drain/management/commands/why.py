"""`manage.py why`: why a phase is not drained, as its page says it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.engine.queue.explain import explain
from drain.management.base import DrainCommand
from drain.models import Phase


class Command(DrainCommand):
    """Reads only."""

    help = "Say why a phase is not drained, and what a drain started now would do with it."

    def add_arguments(self, parser: CommandParser) -> None:
        """The phase, by the ids that its source gave."""
        super().add_arguments(parser)
        parser.add_argument("run", metavar="RUN", help="id of the run")
        parser.add_argument("phase", metavar="PHASE", help="id of the phase in it")

    def act(self, **options: Any) -> None:
        """Print the sentence, or one object."""
        phase = _named_phase(options["run"], options["phase"])
        why = explain(phase, timezone.now())
        if options["json"]:
            ids = {"run_id": phase.run.run_id, "phase_id": phase.phase_id, "state": phase.state}
            self.print_json(why.as_json() | ids)
            return
        self.stdout.write(f"{phase.phase_id} of {phase.run.run_id} is {phase.state}.")
        for line in why.lines:
            self.stdout.write(line)


def _named_phase(run: str, phase: str) -> Phase:
    """The phase of these ids, or CommandError with a sentence."""
    found = Phase.objects.select_related("run").filter(run__run_id=run, phase_id=phase).first()
    if found is None:
        raise CommandError(f"There is no phase “{phase}” in a run “{run}”: see the page Runs.")
    return found
