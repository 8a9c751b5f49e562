"""Every statement that reaches the database, Django's and those by hand; its log leaves out half."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are asked meanwhile, in their order, from any connection."""
    asked: list[str] = []
    execute, stream = psycopg.Cursor.execute, psycopg.Cursor.stream

    def noted(query: Any) -> None:
        asked.append(query.decode() if isinstance(query, bytes) else str(query))

    def executed(cursor: Any, query: Any, *values: Any, **options: Any) -> Any:
        noted(query)
        return execute(cursor, query, *values, **options)

    def streamed(cursor: Any, query: Any, *values: Any, **options: Any) -> Any:
        noted(query)
        return stream(cursor, query, *values, **options)

    with (
        mock.patch.object(psycopg.Cursor, "execute", executed),
        mock.patch.object(psycopg.Cursor, "stream", streamed),
    ):
        yield asked
