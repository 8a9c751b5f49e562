"""Somebody's own database, SQLite or PostgreSQL: one query is read, or one row at a time is written.

Their statements go to the driver as they are, and values only as its parameters.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

import psycopg

from drain.policy.secrets import masked
from drain.sources.errors import RowError, SourceError
from drain.sources.urls import Location, locate

CONNECT_SECONDS = 10
BUSY_SECONDS = 10.0
FETCH = 2000
_STEPS = 20_000
"""Instructions of SQLite between two looks at the clock."""
_READS = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
# Who does not answer any more is noticed, whatever the network says of it.
_ALIVE: dict[str, Any] = {
    "connect_timeout": CONNECT_SECONDS, "keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}  # fmt: skip
Row = dict[str, Any]
Values = Mapping[str, str | None]


class Tell(Protocol):
    """An update, ready to be run."""

    def __call__(self, values: Values, *, keep: bool = True) -> bool:
        """Run it; whether a row was changed, or would be if it is not to `keep`.
        Raises RowError, or the driver's error.
        """


def read(url: str, query: str, seconds: int) -> Iterator[Row]:
    """Stream the answer of a query, read-only and of one moment. Raises SourceError, also after `seconds`."""
    location, until = locate(url), time.monotonic() + seconds
    with _one_sentence(location, seconds):
        found = _of_postgres if location.path is None else _of_sqlite
        for count, row in enumerate(found(location, query, seconds)):
            if count % FETCH == 0 and time.monotonic() > until:
                raise SourceError(_too_long(seconds))
            yield row


def check_update(url: str, update: str, values: Values, seconds: int) -> None:
    """Have the database explain the update, which changes nothing.
    Raises SourceError for one that it cannot run.
    """
    location = locate(url)
    explained = f"EXPLAIN {update}"
    with _one_sentence(location, seconds):
        if location.path is None:
            with _postgres(location, seconds) as connection:
                connection.read_only = True
                connection.execute(explained, values)
        else:
            with _sqlite(location, seconds) as lite:
                lite.execute(explained, values).fetchall()


@contextmanager
def opened_to_tell(url: str, update: str, seconds: int) -> Iterator[Tell]:
    """Open a database to be told of phases, each in a transaction of its own. Raises SourceError."""
    location = locate(url)
    with _one_sentence(location, seconds):
        if location.path is None:
            with _postgres(location, seconds, autocommit=True) as connection:
                yield partial(_tell_postgres, connection, update)
        else:
            with _sqlite(location, seconds, write=True) as lite:
                yield partial(_tell_sqlite, lite, update)


def _of_postgres(location: Location, query: str, seconds: int) -> Iterator[Row]:
    with _postgres(location, seconds) as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.cursor(name="drainsite") as cursor:
            cursor.itersize = FETCH
            cursor.execute(query)
            names = _names([column.name for column in cursor.description or ()])
            for row in cursor:
                yield dict(zip(names, row, strict=True))


def _of_sqlite(location: Location, query: str, seconds: int) -> Iterator[Row]:
    with _sqlite(location, seconds) as lite:
        lite.set_authorizer(_only_reads)
        cursor = lite.execute(query)
        names = _names([column[0] for column in cursor.description or ()])
        while chunk := cursor.fetchmany(FETCH):
            yield from (dict(zip(names, row, strict=True)) for row in chunk)


def _only_reads(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _READS else sqlite3.SQLITE_DENY


def _names(found: Sequence[str]) -> Sequence[str]:
    if not found:
        raise SourceError("The query answers with no columns; it must be a SELECT.")
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise SourceError(
            f"The query has two columns {masked(twice)[:60]}; name one of them otherwise, with AS."
        )
    return found


@contextmanager
def _postgres(
    location: Location, seconds: int, *, autocommit: bool = False
) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(
        location.url, autocommit=True, prepare_threshold=None, **_ALIVE
    ) as connection:
        connection.execute("SELECT set_config('statement_timeout', %s, false)", [f"{seconds}s"])
        connection.autocommit = autocommit
        yield connection


@contextmanager
def _sqlite(
    location: Location, seconds: int, *, write: bool = False
) -> Iterator[sqlite3.Connection]:
    assert location.path is not None  # noqa: S101 - what `locate` returns for SQLite
    if not location.path.is_file():
        raise SourceError(f"There is no file {location.path}; check the path in the address.")
    uri = f"file:{quote(str(location.path))}?mode={'rw' if write else 'ro'}"
    with closing(
        sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    ) as lite:
        until = time.monotonic() + seconds
        if not write:
            lite.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        yield lite


def _tell_postgres(
    connection: psycopg.Connection[Any], update: str, values: Values, *, keep: bool = True
) -> bool:
    try:
        with connection.transaction(force_rollback=not keep):
            return _one_row(connection.execute(update, values).rowcount)
    except psycopg.Error as error:
        if connection.closed:
            raise
        raise RowError(f"The update was refused: {_first_line(error)}.") from error


def _tell_sqlite(
    lite: sqlite3.Connection, update: str, values: Values, *, keep: bool = True
) -> bool:
    lite.execute("BEGIN IMMEDIATE")
    try:
        changed = _one_row(lite.execute(update, values).rowcount)
        lite.execute("COMMIT" if keep else "ROLLBACK")
    except sqlite3.IntegrityError as error:
        lite.execute("ROLLBACK")
        raise RowError(f"The update was refused: {_first_line(error)}.") from error
    except BaseException:
        if lite.in_transaction:
            lite.execute("ROLLBACK")
        raise
    return changed


def _one_row(count: int) -> bool:
    """Return whether a row was changed. Raises RowError for more, and the caller takes them back."""
    if count > 1:
        raise RowError(
            f"The update would change {count:,} rows for one phase; its WHERE must name one row."
        )
    return count == 1


@contextmanager
def _one_sentence(location: Location, seconds: int) -> Iterator[None]:
    """Turn an error of the driver into one sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise SourceError(_of_lite(location, error, seconds)) from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise SourceError(
            f"The query writes, and it may only read: {_first_line(error)}."
        ) from error
    except psycopg.errors.QueryCanceled as error:
        raise SourceError(_too_long(seconds)) from error
    except psycopg.Error as error:
        raise SourceError(
            f"{masked(location.url)} cannot be used: {_first_line(error)}."
        ) from error


def _of_lite(location: Location, error: sqlite3.Error, seconds: int) -> str:
    text = str(error)
    if text == "interrupted":
        return _too_long(seconds)
    if text == "not authorized" or "readonly" in text:
        return "The query writes, and it may only read: write one SELECT."
    if "locked" in text or "busy" in text:
        return (
            f"{location.path} is locked by another process; try again when it has finished writing."
        )
    return f"{location.path} cannot be used: {text}."


def _too_long(seconds: int) -> str:
    return f"The database took longer than {seconds} s; --timeout gives it more time."


def _first_line(error: Exception) -> str:
    return masked((str(error).strip() or type(error).__name__).splitlines()[0]).rstrip(".")
