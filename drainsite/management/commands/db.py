"""`manage.py db status|start|stop`: look after the embedded PostgreSQL by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import connection

from drain.management.texts import SiteCommand
from drainsite import postgres


class Command(SiteCommand):
    """Without it the server lives as long as somebody uses it; `start` keeps it until `stop`."""

    help = "Show, start (and keep running) or stop the embedded PostgreSQL."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """One word, and --force for a stop that does not ask who is using it."""
        parser.add_argument(
            "action", choices=("status", "start", "stop"), help="what to do with it"
        )
        parser.add_argument("--force", action="store_true", help="stop even while others use it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, or say in one sentence why not."""
        place = connection.settings_dict.get("DATA_DIR")
        if place is None:
            raise CommandError("DATABASE_URL names the database: it is not drainsite's to manage.")
        try:
            self.stdout.write(_act(Path(place), options["action"], force=options["force"]))
        except postgres.PostgresError as error:
            raise CommandError(str(error)) from error


def _act(data_dir: Path, action: str, *, force: bool) -> str:
    if action == "start":
        postgres.keep(data_dir)
        postgres.ensure_running(data_dir)
    elif action == "stop" and not postgres.stop(data_dir, force=force):
        raise CommandError(
            "Others are using the database (web, workers or a command): "
            "end them first, or add --force."
        )
    running = postgres.status(data_dir)
    return f"running (process {running.pid}) in {data_dir}" if running else "not running"
