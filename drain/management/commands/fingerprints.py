"""`manage.py fingerprints`: causes of failures, the last seen first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from drain.evidence.fingerprints.aliases import failed_now
from drain.management.listing import ListCommand, Row
from drain.models import Fingerprint
from drain.models.vocabulary import FingerprintStatus


class Command(ListCommand):
    """Reads only."""

    help = "List fingerprints, the last seen first, with how many phases are failed by them now."
    noun = "fingerprints"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose fingerprints."""
        super().add_arguments(parser)
        parser.add_argument("--status", choices=FingerprintStatus.values, help="only these")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return causes that are merged into no other one."""
        found = Fingerprint.objects.filter(merged_into__isnull=True).order_by("-last_seen", "-pk")
        if options["status"]:
            found = found.filter(status=options["status"])
        causes = list(found[:limit])
        counts = failed_now([cause.key for cause in causes])
        return [
            {
                "key": cause.key,
                "status": cause.status,
                "failed_now": counts[cause.key],
                "category": cause.category,
                "first_seen": cause.first_seen,
                "last_seen": cause.last_seen,
                "title": cause.title,
            }
            for cause in causes
        ]
