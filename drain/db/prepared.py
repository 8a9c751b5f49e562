"""The cursor of the engine's hot path: bound on the server, so that PostgreSQL plans each statement once.

Django's own cursors bind on the client, which would have every statement of the engine parsed and planned
again for every phase. Statements are written with Django's placeholders, `%(name)s`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn

import psycopg
from django.db import connection
from psycopg.types.json import JsonbLoader
from psycopg.types.numeric import Int8Dumper

Row = dict[str, Any]

_PLACEHOLDER = re.compile(r"%(?:\((?P<name>\w+)\)s|%)")
_open = threading.local()


class Statement:
    """A statement in PostgreSQL's own form, the names of its values in order, and of its columns."""

    __slots__ = ("columns", "names", "query")

    def __init__(self, statement: str) -> None:
        names: dict[str, str] = {}

        def numbered(found: re.Match[str]) -> str:
            name = found["name"]
            return names.setdefault(name, f"${len(names) + 1}") if name else "%"

        self.query = _PLACEHOLDER.sub(numbered, statement).encode()
        self.names = tuple(names)
        self.columns: tuple[str, ...] = ()

    def named(self, found: Sequence[tuple[Any, ...]]) -> list[Row]:
        """Rows as dictionaries; the first to read a result sets `columns`."""
        columns = self.columns
        return [dict(zip(columns, values, strict=True)) for values in found]


statement_of = cache(Statement)


def records_of(records: Iterable[Any]) -> str:
    """Slots dataclasses as a JSON array, for `json_to_recordset`;
    an array a column would cost thrice as much.
    """
    return _encode([{name: getattr(each, name) for name in each.__slots__} for each in records])


def _as_input(value: object) -> str:
    """Return a value as text that PostgreSQL reads back as its type."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return str(value)


_encode = json.JSONEncoder(default=_as_input).encode


def plan_once() -> None:
    """Have PostgreSQL plan each prepared statement on this connection once, whatever its values.

    The engine's statements find rows by key: planning them anew costs more than running them. Call
    `plan_again` now and then, as tables grow.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")


def plan_again() -> None:
    """Forget the plans made so far: they were made for tables of another size."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


def rows(statement: str, values: Mapping[str, Any]) -> list[Row]:
    """Run one statement on Django's connection, in its transaction; rows as dictionaries."""
    connection.ensure_connection()
    prepared = statement_of(statement)
    try:
        cursor = _cursor(connection.connection)
        cursor.execute(prepared.query, [values[name] for name in prepared.names], prepare=True)
        if cursor.rownumber is None:
            return []
        prepared.columns = prepared.columns or tuple(each.name for each in cursor.description or ())
        return prepared.named(cursor.fetchall())
    except psycopg.Error as error:
        _raise_as_django(error)


def _raise_as_django(error: psycopg.Error) -> NoReturn:
    """Raise Django's error for psycopg's, and let Django know, as if its own cursor had been used."""
    connection.errors_occurred = True
    with connection.wrap_database_errors:
        raise error


def row(statement: str, values: Mapping[str, Any]) -> Row | None:
    """Run one statement like `rows`, which answers with one row or none."""
    found = rows(statement, values)
    return found[0] if found else None


def _cursor(owner: psycopg.Connection[Any]) -> psycopg.RawCursor[tuple[Any, ...]]:
    """Return this thread's cursor on the connection: its knowledge of types serves every later statement."""
    cursor: psycopg.RawCursor[tuple[Any, ...]] | None = getattr(_open, "cursor", None)
    if cursor is None or cursor.connection is not owner:
        cursor = psycopg.RawCursor(owner)
        # Left alone, each size of integer would be a statement of its own to PostgreSQL.
        cursor.adapters.register_dumper(int, Int8Dumper)
        # Django has psycopg leave JSON as text, and decodes it in its fields.
        cursor.adapters.register_loader("jsonb", JsonbLoader)
        _open.cursor = cursor
    return cursor
