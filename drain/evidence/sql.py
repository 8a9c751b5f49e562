"""Rows of hand-written SQL as dictionaries, on Django's own connection and in its transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, transaction

Row = dict[str, Any]


def rows(statement: str, values: Mapping[str, Any] | None = None) -> list[Row]:
    """All rows of one statement; values are bound by name."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or {})
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, found, strict=True)) for found in cursor.fetchall()]


def row(statement: str, values: Mapping[str, Any] | None = None) -> Row:
    """The only row of one statement."""
    (found,) = rows(statement, values)
    return found


def stream(
    statement: str, values: Mapping[str, Any] | None = None, *, size: int = 2000
) -> Iterator[tuple[Any, ...]]:
    """Rows as tuples from a server-side cursor, `size` at a time, so memory stays flat.

    The transaction it needs lasts as long as the iteration: do nothing slow between two rows.
    """
    connection.ensure_connection()
    with (
        transaction.atomic(),
        connection.connection.cursor(name="drain_evidence") as cursor,
    ):
        cursor.itersize = size
        cursor.execute(statement, values or {})
        yield from cursor
