"""`manage.py runs`: runs with their phases by state, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

from drain.management.listing import ListCommand, Row
from drain.models import Phase, Run
from drain.models.vocabulary import PhaseState


class Command(ListCommand):
    """Reads only."""

    help = "List runs, the newest first, with how many of their phases are in which state."
    noun = "runs"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose runs."""
        super().add_arguments(parser)
        parser.add_argument("--prefix", default="", help="only runs whose id begins so")
        parser.add_argument("--source", default="", help="only runs of the source of this name")
        parser.add_argument(
            "--state", choices=PhaseState.values, help="only runs with such a phase"
        )

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return runs in the order of their making."""
        found = Run.objects.select_related("source", "executor").order_by("-pk")
        if options["prefix"]:
            found = found.filter(run_id__startswith=options["prefix"])
        if options["source"]:
            found = found.filter(source__name=options["source"])
        if options["state"]:
            found = found.filter(pk__in=Phase.objects.filter(state=options["state"]).values("run"))
        runs = list(found[:limit])
        states: dict[int, dict[str, int]] = defaultdict(dict)
        counted = Phase.objects.filter(run__in=runs).values_list("run", "state")
        for run, state, count in counted.annotate(count=Count("pk")).order_by("run", "state"):
            states[run][state] = count
        return [
            {
                "run_id": run.run_id,
                "phases": states[run.pk],
                "order": run.order,
                "executor": str(run.executor or ""),
                "source": str(run.source or ""),
                "created_at": run.created_at,
            }
            for run in runs
        ]
