"""`manage.py workers`: hosts that run phases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.management.base import CommandParser

from drain.engine.workers.schema import stored_schema
from drain.management.listing import ListCommand, Row
from drain.models import WorkerHost


class Command(ListCommand):
    """Reads only."""

    help = "List the hosts whose workers run phases, the last seen first."
    noun = "workers"

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options that choose hosts."""
        super().add_arguments(parser)
        parser.add_argument("--all", action="store_true", help="also those that were stopped")

    def rows(self, limit: int, options: Mapping[str, Any]) -> Iterable[Row]:
        """Return hosts by when they were seen."""
        found = WorkerHost.objects.order_by("-last_seen", "host")
        if not options["all"]:
            found = found.filter(stopped_at__isnull=True)
        schema = stored_schema()
        return [
            {
                "host": host.host,
                "pid": host.pid,
                "workers": host.workers,
                "slots": host.slots,
                "version": host.version,
                "note": "" if host.schema in ("", schema) else "upgrade me",
                "started_at": host.started_at,
                "last_seen": host.last_seen,
                "stopped_at": host.stopped_at,
            }
            for host in found[:limit]
        ]
