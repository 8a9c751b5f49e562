"""`manage.py news`: what happened that people want to hear of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from drain.management.listing import ListCommand, Row
from drain.models import Notice
from drain.models.vocabulary import NEWS, NoticeKind


class Command(ListCommand):
    """Reads only."""

    help = "List what happened: drains that ended, fingerprints that came back, silent hosts."
    noun = "news"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose news."""
        super().add_arguments(parser)
        parser.add_argument("--event", choices=[kind.value for kind in NEWS], help="only this kind")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return notices in the order of their making."""
        found = Notice.objects.exclude(kind=NoticeKind.TEST).order_by("-pk")
        if options["event"]:
            found = found.filter(kind=options["event"])
        return [
            {"notice": row.pk, "event": row.kind, "since": row.since, "title": row.title}
            for row in found[:limit]
        ]
