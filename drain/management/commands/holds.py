"""`manage.py holds`: runs and prefixes that are set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Q
from django.utils import timezone

from drain.management.listing import ListCommand, Row
from drain.models import Hold


class Command(ListCommand):
    """Reads only."""

    help = "List the holds that keep runs out of drains, the newest first."
    noun = "holds"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose holds."""
        super().add_arguments(parser)
        parser.add_argument("--all", action="store_true", help="also those that ended")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return holds in the order of their making."""
        found = Hold.objects.order_by("-pk")
        if not options["all"]:
            open_ended = Q(until__isnull=True) | Q(until__gt=timezone.now())
            found = found.filter(open_ended, released_at__isnull=True)
        return [
            {
                "hold": hold.pk,
                "kind": hold.kind,
                "value": hold.value,
                "until": hold.until,
                "created_by": hold.created_by,
                "created_at": hold.created_at,
                "released_at": hold.released_at,
                "reason": hold.reason,
            }
            for hold in found[:limit]
        ]
