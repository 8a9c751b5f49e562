"""The few statements that run for every phase, straight through libpq.

psycopg waits for each answer in Python, so that a signal can interrupt it; beside a statement of a tenth of a
millisecond that waiting is what costs. Only for statements that find their rows by key and wait for nobody for long:
a signal is heard when the answer is there.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from .cursor import Row, Statement, raise_as_django, statement_of

_open = threading.local()


def quick_rows(statement: str, values: Mapping[str, Any]) -> list[Row]:
    """`cursor.rows` for the hot path. PostgreSQL infers what each value is, so that is clear from the statement."""
    connection.ensure_connection()
    try:
        return _line(connection.connection).rows(statement_of(statement), values)
    except psycopg.Error as error:
        raise_as_django(error)


def quick_row(statement: str, values: Mapping[str, Any]) -> Row | None:
    """Like `quick_rows`, for a statement that answers with one row or none."""
    found = quick_rows(statement, values)
    return found[0] if found else None


class _Line:
    """One connection, with its prepared statements."""

    def __init__(self, owner: psycopg.Connection[Any]) -> None:
        self.owner = owner
        self._adapt = Transformer(owner)
        self._names: dict[bytes, bytes] = {}

    def rows(self, statement: Statement, values: Mapping[str, Any]) -> list[Row]:
        given = [values[name] for name in statement.names]
        result = self._run(statement.query, self._adapt.dump_sequence(given, _TEXT[: len(given)]))
        if not statement.columns:
            names = (result.fname(number) or b"" for number in range(result.nfields))
            statement.columns = tuple(name.decode() for name in names)
        self._adapt.set_pgresult(result)
        return statement.named(self._adapt.load_rows(0, result.ntuples, tuple))

    def _run(self, query: bytes, values: Any) -> PGresult:
        line = self.owner.pgconn
        # As psycopg does: a transaction begins with its first statement.
        if not self.owner.autocommit and line.transaction_status == TransactionStatus.IDLE:
            self._checked(line.exec_(b"BEGIN"))
        if self.owner.prepare_threshold is None:
            return self._checked(line.exec_params(query, values))
        return self._checked(line.exec_prepared(self._prepared(query), values))

    def _prepared(self, query: bytes) -> bytes:
        name = self._names.get(query)
        if name is None:
            name = b"quick_%d" % len(self._names)
            self._checked(self.owner.pgconn.prepare(name, query))
            self._names[query] = name
        return name

    def _checked(self, result: PGresult) -> PGresult:
        if result.status in _WELL:
            return result
        raise psycopg.errors.error_from_result(result, encoding=self.owner.info.encoding)


_TEXT = [PyFormat.TEXT] * 64
_WELL = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


def _line(owner: psycopg.Connection[Any]) -> _Line:
    """This thread's; a new connection has nothing prepared."""
    line: _Line | None = getattr(_open, "line", None)
    if line is None or line.owner is not owner:
        line = _open.line = _Line(owner)
    return line
