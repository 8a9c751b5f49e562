"""The base of all commands: errors are one sentence on stderr with exit 1, results can be JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import psycopg
from django.core.management.base import CommandError, CommandParser
from django.db import connection
from django.db.utils import DatabaseError, Error, InterfaceError, OperationalError

from drain.engine.errors import EngineError
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.policy.moments import MomentError
from drain.policy.selection.graph import CycleError
from drain.policy.stopping.limits import LimitError

from .actor import command_actor
from .texts import SiteCommand

_MIGRATE = "run `manage.py migrate`, or `manage.py up`, which does it; where one of them runs now, wait until it is done."
REFUSALS = (EngineError, LimitError, MomentError, CycleError)


class DatabaseCommand(SiteCommand):
    """A command that asks the database: what that refuses is one sentence too."""

    requires_migrations_checks = False

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run it; a database that is not there, or has no tables yet, is no traceback."""
        try:
            return super().execute(*args, **options)
        except DatabaseError as error:
            raise CommandError(database_sentence(error)) from error
        except BrokenPipeError:
            # Who reads (`| head`) has enough; Python's own flush at the end must find somewhere to write.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None


class DrainCommand(DatabaseCommand):
    """A command over one verb: `act` does it, refusals become one sentence."""

    # The site checks itself where it is started and with `manage.py check`;
    # a command loads no page to say less.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Add --json, for every command that reports."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run `act`, turning what it refuses into a CommandError."""
        try:
            self.act(**options)
        except REFUSALS as error:
            raise CommandError(str(error)) from error

    def act(self, **options: Any) -> None:
        """Do the command's work."""
        raise NotImplementedError

    @property
    def actor(self) -> Person:
        """The person at this shell."""
        return Person(command_actor(), Origin.COMMAND)

    def print_json(self, value: Any) -> None:
        """Print one JSON document on standard output."""
        self.stdout.write(json.dumps(value, default=str))


def database_sentence(error: Error) -> str:
    """Return one sentence, with the place to look, for a database that refuses or is not reached."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if 'relation "' in first and "does not exist" in first:
        return f"The database has no tables yet: {_MIGRATE}"
    if first.startswith("column ") and "does not exist" in first:
        return f"The database is of another version than this program ({first}): {_MIGRATE}"
    if (denied := first.find("permission denied for")) >= 0:
        return (
            f"The database does not let this role ({first[denied:].rstrip(')')}): let the role that DATABASE_URL "
            "names own its database."
        )
    if not isinstance(error, OperationalError | InterfaceError) and _answered(error):
        return f"The database answered: {first}"
    if "DATA_DIR" in connection.settings_dict:
        return first
    if isinstance(error.__cause__, psycopg.errors.ConnectionTimeout) and "host" not in first:
        at = connection.settings_dict
        first += f" (host {at['HOST'] or 'of the default socket'}, port {at['PORT'] or 5432})"
    # What libpq says has no password in it.
    return f"The database that DATABASE_URL names cannot be used: {first}"


def _answered(error: Error) -> bool:
    """Return whether the error is a server's; libpq by itself refuses an address that it cannot read."""
    return not isinstance(error.__cause__, psycopg.Error) or error.__cause__.sqlstate is not None
