"""`up --phase-user`: phases run as a user that can read nothing of the site, or nothing is started."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from drain.engine.process.os_user import may, why_not


def check_user(name: str) -> None:
    """Raise CommandError for a user as whom phases cannot run, or that is the site's own."""
    if os.geteuid() != 0:
        raise CommandError(
            "--phase-user works for root only, who alone can start processes of another user: start `up` as root, "
            "or leave it out and phases run as the user of the site."
        )
    if why := why_not(name):
        raise CommandError(f"{why} Make one (useradd --system NAME), or name another.")
    if pwd.getpwnam(name).pw_uid == 0:
        raise CommandError(f"{name} is root, who can read all of the site: name an ordinary user.")


def check_closed(name: str) -> None:
    """Raise CommandError if this user gets at what the site keeps to itself.
    The database must have been started.
    """
    for path in _private():
        if path.exists() and may(name, "x" if path.is_dir() else "r", path):
            raise CommandError(
                f"Phases as {name} would get at {path}: close it (chmod go-rwx), or name another user."
            )


def _private() -> Iterator[Path]:
    """Yield the paths that no phase may read: keys, the embedded database and its socket, logs.
    Workers close their own folders.
    """
    folder = Path(settings.DATA_DIR)
    yield from (folder / "secret_key", folder / "logs")
    yield from (folder / "postgres" / each for each in ("password", "data", "server.log"))
    if "DATA_DIR" in connection.settings_dict and (socket := connection.settings_dict["HOST"]):
        yield Path(socket)
