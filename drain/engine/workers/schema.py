"""The version of the tables: what this code knows, and what the database has."""

from __future__ import annotations

import pkgutil
from functools import cache

from django.db.models.expressions import RawSQL

import drain
from drain import migrations
from drain.db.prepared import row
from drain.engine.errors import EngineError

_STORED = "SELECT max(name) AS name FROM django_migrations WHERE app = 'drain'"


@cache
def code_schema() -> str:
    """Return the name of the newest migration that this code knows."""
    return max(module.name for module in pkgutil.iter_modules(migrations.__path__))


def stored_schema() -> str:
    """Return the name of the newest migration that the database has; "" for none."""
    found = row(_STORED, {})
    return (found["name"] if found else None) or ""


def as_stored() -> RawSQL:
    """Return the same as a part of a query, which then is the only one; null for none."""
    return RawSQL(_STORED, [])  # noqa: S611 - a constant only


def is_current() -> bool:
    """Return whether this code is made for the tables as they are."""
    return stored_schema() == code_schema()


def require_known_schema() -> None:
    """Raise EngineError if a newer version made the tables: what this one writes might be lost on it."""
    if (stored := stored_schema()) > code_schema():
        raise EngineError(
            f"The database is of a newer version than this drainsite {drain.__version__} (its newest migration is "
            f"{stored}, here {code_schema()}): install that version again, or restore a backup of before its upgrade."
        )
