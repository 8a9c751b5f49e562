"""`manage.py sources`: where runs come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count

from drain.management.listing import ListCommand, Row
from drain.models import Source
from drain.policy.secrets import masked


class Command(ListCommand):
    """Reads only."""

    help = "List sources: databases and names under which files were imported."
    noun = "sources"
    examples = ("sources", "sources --json")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return sources by their names, without the passwords of their addresses."""
        found = Source.objects.annotate(count=Count("runs")).order_by("name")
        return [
            {
                "name": source.name,
                "kind": source.kind,
                "runs": source.count,
                "imported_at": source.imported_at,
                "address": masked(source.url),
            }
            for source in found[:limit]
        ]
