"""The cursor of the hot path: bound on the server, so that PostgreSQL plans each statement once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection
from psycopg.rows import dict_row

Row = dict[str, Any]


def compact(statement: str) -> str:
    """The statement without its indentation: psycopg parses what is longer than 4,096 characters every time."""
    return " ".join(statement.split())


def values_of(record: Any) -> dict[str, Any]:
    """The fields of a slots dataclass as statement values; `asdict` would copy each of them deeply."""
    return {name: getattr(record, name) for name in record.__slots__}


def plan_once() -> None:
    """Have PostgreSQL keep one plan per prepared statement on this connection.

    The engine's statements find single rows by key, whatever their values; planning them anew costs more than
    running them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")


def plan_as_usual() -> None:
    """Undo `plan_once`, if the connection is still there."""
    if connection.connection is not None and connection.is_usable():
        with connection.cursor() as cursor:
            cursor.execute("RESET plan_cache_mode")


def rows(statement: str, values: Mapping[str, Any]) -> list[Row]:
    """Run one statement on Django's connection, in its transaction; rows as dictionaries.

    Django's own cursors bind on the client, which would have every statement of the engine parsed and
    planned again for every phase.
    """
    connection.ensure_connection()
    try:
        with psycopg.Cursor(connection.connection, row_factory=dict_row) as cursor:
            cursor.execute(statement, values, prepare=True)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error:
        # Django's errors and its idea of a broken connection, as if its own cursor had been used.
        connection.errors_occurred = True
        with connection.wrap_database_errors:
            raise


def row(statement: str, values: Mapping[str, Any]) -> Row | None:
    """Like `rows`, for a statement that answers with one row or none."""
    found = rows(statement, values)
    return found[0] if found else None
