"""`manage.py drains`: drain sessions, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from drain.management.listing import ListCommand, Row
from drain.models import DrainSession
from drain.models.vocabulary import SessionState


class Command(ListCommand):
    """Reads only."""

    help = "List drains, the newest first. `report NUMBER` says more of one."
    noun = "drains"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose drains."""
        super().add_arguments(parser)
        parser.add_argument(
            "--state", choices=SessionState.values, help="only drains in this state"
        )

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return drains in the order of their making."""
        found = DrainSession.objects.order_by("-pk")
        if options["state"]:
            found = found.filter(state=options["state"])
        return [
            {
                "drain": drain.pk,
                "state": drain.state,
                "stop_reason": drain.stop_reason,
                "selected": drain.selected,
                "failed_before": drain.total_failed,
                "started_by": drain.started_by,
                "created_at": drain.created_at,
                "ended_at": drain.ended_at,
                "note": drain.note,
            }
            for drain in found[:limit]
        ]
