"""`manage.py up`: serve the site and work its tasks on this machine until Ctrl-C."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.urls import reverse

from drain.management.texts import SiteCommand
from drain.people.first_account import VALID_MINUTES, first_account, invitation
from drainsite.declared import value
from drainsite.management.serving import PREPARING, ServeOptions, prepare, serve

_WANTED = ("role", "host", "port", "workers", "phase_user")


class Command(SiteCommand):
    """Web server, drain workers and maintenance, by role, watched by our own supervisor."""

    help = "Start web and workers on this machine; Ctrl-C ends all of it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options for the role and the address; values are judged by `handle`, in sentences."""
        parser.add_argument("--role", default="all", help="all, web or worker")
        parser.add_argument(
            "--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)"
        )
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
        parser.add_argument("--workers", type=int, default=2, help="drain worker processes")
        parser.add_argument(
            "--phase-user",
            default=value("DRAIN_PHASE_USER"),
            metavar="NAME",
            help="run phases as this OS user, to whom the site's files are closed; as root only",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check, prepare, run."""
        wanted = ServeOptions(**{key: options[key] for key in _WANTED})
        wanted.check()
        self._say(PREPARING)
        prepare(wanted)
        if wanted.serves:
            self._introduce(wanted)
        if not wanted.serves:
            self._say("Working; Ctrl-C stops.")
        serve(wanted, self._say)
        self._say("Stopped.")

    def _introduce(self, wanted: ServeOptions) -> None:
        """Say how to sign in to a site that has no account yet; a log never gets a password."""
        if not self.stdout.isatty():
            if token := invitation():
                page = reverse("drain:first-account", args=[token])
                self._say(
                    f"Nobody can sign in yet: once it serves, within {VALID_MINUTES} minutes, open {wanted.entrance.rstrip('/')}{page}"
                )
                self._say("(whoever opens it first chooses the administrator's password)")
        elif account := first_account():
            self._say(f"Sign in as {account.name} with the password {account.password}")
            self._say("(shown this once; `manage.py changepassword admin` sets another)")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
