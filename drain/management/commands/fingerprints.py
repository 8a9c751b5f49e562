"""`manage.py fingerprints`: causes of failures, the last seen first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser
from django.db.models import Count

from drain.evidence.fingerprints.aliases import members, resolve_keys
from drain.management.listing import ListCommand, Row
from drain.models import Fingerprint, Phase
from drain.models.vocabulary import FingerprintStatus, PhaseState


class Command(ListCommand):
    """Reads only."""

    help = "List fingerprints, the last seen first, with how many phases are failed by them now."
    noun = "fingerprints"
    examples = ("fingerprints --status new", "fingerprints --limit 10 --json")

    def add_arguments(self, parser: CommandParser) -> None:
        """Which causes."""
        super().add_arguments(parser)
        parser.add_argument("--status", choices=FingerprintStatus.values, help="only these")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return causes that are merged into no other one."""
        found = Fingerprint.objects.filter(merged_into__isnull=True).order_by("-last_seen", "-pk")
        if options["status"]:
            found = found.filter(status=options["status"])
        causes = list(found[:limit])
        keys = [cause.key for cause in causes]
        failed = Phase.objects.filter(state=PhaseState.FAILED, last_fingerprint__in=members(keys))
        by_key = dict(failed.values_list("last_fingerprint").annotate(count=Count("pk")).order_by())
        counts: Counter[str] = Counter()
        for key, stands_for in resolve_keys(by_key).items():
            counts[stands_for] += by_key[key]
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
