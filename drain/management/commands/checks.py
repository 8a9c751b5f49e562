"""`manage.py checks`: claims that are tested, and when they were judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from drain.management.listing import ListCommand, Row
from drain.models import Check


class Command(ListCommand):
    """Reads only."""

    help = (
        "List checks, the newest first, and when they were judged last. (Django's own is `check`.)"
    )
    noun = "checks"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose checks."""
        super().add_arguments(parser)
        parser.add_argument("--all", action="store_true", help="also those that are switched off")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return checks in the order of their making."""
        found = Check.objects.select_related("marker").order_by("-pk")
        if not options["all"]:
            found = found.filter(enabled=True)
        return [
            {
                "check": check.pk,
                "kind": check.kind,
                "enabled": check.enabled,
                "drain": check.session_id,
                "marker": str(check.marker or ""),
                "judged_at": check.judged_at,
                "name": check.name,
            }
            for check in found[:limit]
        ]
