"""`manage.py up`: serve the site and work its tasks on this machine until Ctrl-C."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from drainsite.supervisor import site
from drainsite.supervisor.supervisor import Child, ChildSpec, Supervisor

# Any number will do, as long as every host of an installation uses the same.
MIGRATION_LOCK = 0x64726169


class Command(BaseCommand):
    """Web server, drain workers and maintenance, by role, watched by our own supervisor."""

    help = "Start web and workers on this machine; Ctrl-C ends all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """What to run and where to listen; values are judged by `handle`, in sentences."""
        parser.add_argument("--role", default="all", help="all, web or worker")
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=2, help="drain worker processes")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, migrate, run."""
        specs = children(**{key: options[key] for key in ("role", "host", "port", "workers")})
        migrate()
        connection.close()
        self.stdout.write(announcement(options["role"], options["host"], options["port"]))
        self.stdout.flush()
        Supervisor(specs, self._say).run()
        self.stdout.write("Stopped.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def children(*, role: str, host: str, port: int, workers: int) -> list[ChildSpec]:
    """The programs of a role; raises CommandError with one sentence for values that cannot be."""
    if role not in site.ROLES:
        raise CommandError(f"Role {role!r} does not exist: choose all, web or worker.")
    if not 1 <= workers <= 256:
        raise CommandError(f"{workers} workers are not possible: choose 1 to 256 with --workers.")
    specs = []
    try:
        if role in {"all", "web"}:
            site.check_address(host, port)
            specs.append(site.web(host, port))
    except site.SiteError as error:
        raise CommandError(str(error)) from error
    if role in {"all", "worker"}:
        specs.append(site.cluster("drain", workers, answers))
        specs.append(site.cluster("maintenance", 1, answers))
    return specs


def answers(_child: Child) -> bool:
    """Whether a cluster works its tasks."""
    return True


def migrate() -> None:
    """Bring the database up to date; hosts that start together do it one after the other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        try:
            call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])


def announcement(role: str, host: str, port: int) -> str:
    """The first line: where the site is, or that this machine only works."""
    if role == "worker":
        return "Working; Ctrl-C stops."
    shown = f"[{host}]" if ":" in host else host
    return f"Serving http://{shown}:{port}/ - Ctrl-C stops."
