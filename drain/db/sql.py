"""Rows of hand-written SQL as dictionaries, on Django's own connection and in its transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection, transaction
from psycopg.rows import RowFactory, tuple_row

Row = dict[str, Any]


def rows(statement: str, values: Mapping[str, Any] | None = None) -> list[Row]:
    """Run one statement and return its rows; values are bound by name."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or {})
        if cursor.description is None:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, found, strict=True)) for found in cursor.fetchall()]


def row(statement: str, values: Mapping[str, Any] | None = None) -> Row:
    """Run one statement and return its only row."""
    (found,) = rows(statement, values)
    return found


def clock() -> datetime:
    """Return the database's time, by which attempts start and end; a host's clock may be minutes off."""
    return row("SELECT clock_timestamp() AS at")["at"]  # type: ignore[no-any-return]


def stream(
    statement: str,
    values: Mapping[str, Any] | Sequence[Any] = (),
    *,
    size: int = 500,
    binary: bool = False,
    made: RowFactory[Any] = tuple_row,
) -> Iterator[Any]:
    """Yield rows as they come, `size` at once, so memory stays flat: tuples, or objects that `made` makes.

    The server goes on while rows are worked on. The connection is taken, and its transaction lasts, as long
    as the iteration: ask nothing else on it and do nothing slow between two rows.
    """
    connection.ensure_connection()
    with transaction.atomic(), psycopg.Cursor(connection.connection, row_factory=made) as cursor:
        yield from cursor.stream(statement, values, binary=binary, size=size)


def last_line_sql(column: str) -> str:
    """Return SQL for a text's last line, where most tools put the reason,
    as `policy.words.last_line` finds it.
    """
    return rf"ltrim(split_part(rtrim({column}, E' \t\r\n'), E'\n', -1))"
