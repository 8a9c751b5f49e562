"""`manage.py sources`: where runs come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count

from drain.engine.source.schedules import airflow_names, described
from drain.management.listing import ListCommand, Row
from drain.models import Source

_SHOWN = ("name", "kind", "runs", "imported_at", "schedule", "next_at", "said", "address")
_ALL = (
    *(
        "name",
        "kind",
        "runs",
        "imported_at",
        "address",
        "schedule",
        "timezone",
        "dags",
        "pause_after",
        "next_at",
    ),
    *("read_at", "found", "failures", "said", "said_at", "paused"),
)


class Command(ListCommand):
    """Reads only."""

    help = "List sources: databases and names under which files were imported."
    noun = "sources"

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return sources by their names, without the passwords of their addresses."""
        found = Source.objects.annotate(count=Count("runs")).order_by("name")
        columns = _ALL if options["json"] else _SHOWN
        airflow = airflow_names()
        rows = ({"runs": source.count, **described(source, airflow)} for source in found[:limit])
        return [{name: row[name] for name in columns} for row in rows]
