"""One database that was migrated once, of which each process of tests takes a copy:
migrating takes seconds each time.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.core.management import call_command
from django.db.backends.base.base import BaseDatabaseWrapper

BEGINNING = "migrated_"
_LOCK = 7_204_101
"""Whoever holds it makes the database; the others wait for it."""


def migrated(connection: BaseDatabaseWrapper) -> str:
    """Return the name of the database that has all migrations as they stand; make it where there is none.

    It gets its name when it is whole, so that one of a run that was killed is never taken; those of other
    migrations go.
    """
    name = f"{BEGINNING}{_digest()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{BEGINNING}%"])
        found = [row[0] for row in cursor.fetchall()]
        if name not in found:
            for old in found:
                cursor.execute(f'DROP DATABASE IF EXISTS "{old}"')
            half = f"{BEGINNING}half"
            cursor.execute(f"CREATE DATABASE {half} TEMPLATE template0")
            _migrate(connection, half)
            cursor.execute(f"ALTER DATABASE {half} RENAME TO {name}")
    return name


def _digest() -> str:
    """Of every migration here, and of what migrations call."""
    folders = [Path(app.path) for app in apps.get_app_configs()]
    files = [path for folder in folders for path in sorted(folder.glob("migrations/*.py"))]
    files += sorted(Path(apps.get_app_config("drain").path).glob("models/roles*.py"))
    told = hashlib.blake2b(django.__version__.encode(), digest_size=8)
    for path in files:
        told.update(path.name.encode() + b"\0" + path.read_bytes())
    return told.hexdigest()


def _migrate(connection: BaseDatabaseWrapper, name: str) -> None:
    settings: dict[str, Any] = connection.settings_dict
    usual = settings["NAME"]
    connection.close()
    settings["NAME"] = name
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        settings["NAME"] = usual
