"""Commands that move phases: their choice of failed ones, and one exact line per phase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet
from django.utils import timezone

from drain.engine.queue.clearing import PhaseResult
from drain.engine.queue.selection import count_selection
from drain.management.base import DrainCommand
from drain.management.commands.drain_phase import find_phase
from drain.management.selecting import filter_from, print_selection
from drain.models import Phase
from drain.models.vocabulary import PhaseState

SHOWN = 100
NO_MATCH = "No failed phase matches: nothing was moved."


class MovingCommand(DrainCommand):
    """The base of commands that move phases."""

    def failed_phases(self, options: dict[str, Any]) -> QuerySet[Phase]:
        """Return the failed phases that match, or the named one if it is failed. Raises CommandError."""
        asked = filter_from(options, timezone.now())
        named = options["run"] is not None
        if named == (not asked.is_empty) or (named and not options["phase"]):
            raise CommandError("Name RUN PHASE, or at least one filter.", returncode=2)
        found = asked.find(PhaseState.FAILED)
        if named:
            found = found.filter(pk=find_phase(options["run"], options["phase"]).pk)
        return found

    def show_selection(self, found: QuerySet[Phase], would: str, *, as_json: bool) -> None:
        """Print the phases that would be moved; nothing is."""
        selection = count_selection(found)
        if as_json:
            self.print_json(selection.as_json())
        else:
            print_selection(self.stdout, selection, would)

    def show_results(
        self, results: Sequence[PhaseResult], *, as_json: bool, nothing: str = NO_MATCH
    ) -> None:
        """Print what became of each phase, or the sentence for no phase."""
        if as_json:
            self.print_json(results_json(results))
        elif not results:
            self.stdout.write(nothing)
        else:
            for each in results[:SHOWN]:
                self.stdout.write(f"{each.run_id}  {each.phase_id}  {each.said}")
            if len(results) > SHOWN:
                self.stdout.write(f"… and {len(results) - SHOWN:,} more")
            done = sum(each.done for each in results)
            self.stdout.write(f"{done:,} moved, {len(results) - done:,} not moved.")


def results_json(results: Sequence[PhaseResult]) -> dict[str, Any]:
    """Counts, and every phase with what became of it."""
    done = sum(result.done for result in results)
    return {
        "moved": done,
        "left_alone": len(results) - done,
        "phases": [
            {"run_id": each.run_id, "phase_id": each.phase_id, "done": each.done, "said": each.said}
            for each in results
        ],
    }
