"""The version of the tables: what this code knows, and what the database has."""

from __future__ import annotations

import pkgutil
from functools import cache

from django.db.models.expressions import RawSQL

from drain import migrations
from drain.db.prepared import row

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
