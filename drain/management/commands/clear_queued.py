"""`manage.py clear_queued`: a queued phase that nobody will run is marked by a person, with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.queue.blockers import QueueFilter, queue_size, queued_ids
from drain.engine.queue.clearing import clear_queued
from drain.management.commands.drain_phase import find_phase
from drain.management.durations import parse_span
from drain.management.moving import MovingCommand
from drain.management.selecting import add_filters, filter_from
from drain.models import Phase, Run
from drain.models.vocabulary import PhaseState
from drain.policy.words import agrees, counted

MOST = 100_000
"""Phases that one command moves."""


class Command(MovingCommand):
    """One phase by name, all of a run, or all that are stale."""

    help = "Move queued phases to complete, failed or skipped; an Autopack source is written first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose phases, and those for the new state and the reason."""
        super().add_arguments(parser)
        parser.add_argument("run", nargs="?", help="id of the run")
        parser.add_argument("phase", nargs="?", help="id of its queued phase")
        parser.add_argument("--run-id", help="every queued phase of this run")
        parser.add_argument("--stale", metavar="SPAN", help="every phase queued longer, e.g. 2h")
        parser.add_argument(
            "--to",
            required=True,
            choices=["complete", "failed", "skipped"],
            help="what it becomes; failed ones can be drained",
        )
        parser.add_argument("--reason", required=True, help="for the people who read the history")
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")
        add_filters(parser, known=("run-id",))

    def act(self, **options: Any) -> None:
        """Clear and print what became of each."""
        to = PhaseState(options["to"].upper())
        phases, nothing = self._phases(options)
        if options["dry_run"]:
            found = Phase.objects.filter(pk__in=phases, state=PhaseState.QUEUED)
            self.show_selection(
                found, f"would be cleared to {options['to']}", as_json=options["json"]
            )
            return
        results = clear_queued(phases, to, options["reason"], self.actor)
        self.show_results(results, as_json=options["json"], nothing=nothing)
        if len(results) == 1 and not results[0].done:
            raise EngineError(f"{results[0].phase_id} was {results[0].said}.")

    def _phases(self, options: dict[str, Any]) -> tuple[list[int], str]:
        """Return the ids of the chosen phases, and the sentence to print if there are none."""
        if options["phase"]:
            return [find_phase(options["run"], options["phase"]).pk], ""
        now = timezone.now()
        filters = filter_from(options, now, run_ids=())
        wanted = options["run_id"] or options["stale"] or not filters.is_empty
        if options["run"] or not wanted:
            raise CommandError(
                "Name RUN PHASE, or --run-id R, --stale 2h or another filter.", returncode=2
            )
        run_id = options["run_id"] or ""
        if run_id and not Run.objects.filter(run_id=run_id).exists():
            raise EngineError(f"There is no run “{run_id}”: check the name on the page Runs.")
        span = parse_span(options["stale"], "--stale") if options["stale"] else None
        asked = QueueFilter(run_id, stale_only=span is not None, stale_after=span)
        found = queued_ids(asked, now, MOST)
        if not filters.is_empty:
            matching = set(filters.find(PhaseState.QUEUED).values_list("pk", flat=True))
            found = [pk for pk in found if pk in matching]
        return found, "" if found else _nothing(asked, options["stale"], now)


def _nothing(asked: QueueFilter, stale: str | None, now: datetime) -> str:
    """Return a sentence with the search that found nothing, and the number of phases outside it."""
    where = f" of run “{asked.run_id}”" if asked.run_id else ""
    if stale is None:
        return f"No phase{where} is queued: nothing was moved."
    queued, _ = queue_size(replace(asked, stale_only=False), now)
    are = f"{counted(queued, 'phase')} {agrees(queued)}"
    said = f"No phase{where} has been queued longer than {stale}: nothing was moved."
    return f"{said} {are} queued; `manage.py queued` lists them." if queued else said
