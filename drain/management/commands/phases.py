"""`manage.py phases`: the phases that match, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from drain.management.listing import ListCommand, Row
from drain.management.selecting import add_filters, filter_from
from drain.models.vocabulary import PhaseState
from drain.policy.words import last_line


class Command(ListCommand):
    """Reads only."""

    help = "List phases, the newest first, by the filters that drains and acts take."
    noun = "phases"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose phases."""
        super().add_arguments(parser)
        parser.add_argument("--state", choices=PhaseState.values, help="only in this state")
        add_filters(parser)

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return phases in the order of their making."""
        state = PhaseState(options["state"]) if options["state"] else None
        found = filter_from(options, timezone.now()).find(state)
        return [
            {
                "id": phase.pk,
                "run_id": phase.run.run_id,
                "phase_id": phase.phase_id,
                "state": phase.state,
                "since": phase.state_changed_at,
                "attempts": phase.attempts,
                "fingerprint": phase.last_fingerprint,
                "error": last_line(phase.last_failure_reason),
            }
            for phase in found.select_related("run").order_by("-pk")[:limit]
        ]
