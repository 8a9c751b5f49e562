"""A connection to an Autopack database, SQLite or PostgreSQL, behind the few calls that we need."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote

import psycopg
from psycopg.rows import dict_row

from drain.policy.secrets import NOTHING_HIDDEN, Mask, masked, secrets_of
from drain.sources.autopack.schema import TABLES
from drain.sources.errors import SourceError
from drain.sources.urls import Location, locate

BUSY_SECONDS = 10.0
CONNECT_SECONDS = 10
FETCH = 5000
Row = Mapping[str, Any]


class Database(Protocol):
    """An open Autopack database; `?` stands for a parameter on both kinds."""

    columns: Mapping[str, set[str]]
    mask: Mask
    """Hides its password in what it holds."""

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Stream rows at bounded memory."""

    def change(self, sql: str, values: Sequence[object]) -> int:
        """Write and commit one statement; returns the number of rows changed."""


class SqliteDatabase:
    """A SQLite file, opened through a URI so that reading can never write or create it."""

    mask = NOTHING_HIDDEN

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.row_factory = sqlite3.Row
        self.columns: Mapping[str, set[str]] = {
            table.name: {
                str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table.name}")')
            }
            for table in TABLES
        }

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Stream rows of one statement."""
        cursor = self._connection.execute(sql, tuple(values))
        while chunk := cursor.fetchmany(FETCH):
            for row in chunk:
                yield dict(row)

    def change(self, sql: str, values: Sequence[object]) -> int:
        """Write one statement and commit."""
        with self._connection:
            return self._connection.execute(sql, tuple(values)).rowcount


class PostgresDatabase:
    """A PostgreSQL database; reads go through a server-side cursor of one repeatable snapshot."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]], address: str) -> None:
        self._connection = connection
        self.mask = Mask(secrets_of({"DATABASE_URL": address}))
        found = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = ANY (current_schemas(false)) AND table_name = ANY (%s)",
            ([table.name for table in TABLES],),
        )
        found_columns: dict[str, set[str]] = {table.name: set() for table in TABLES}
        for row in found:
            found_columns[row["table_name"]].add(row["column_name"])
        self.columns: Mapping[str, set[str]] = found_columns

    def rows(self, sql: str, values: Sequence[object] = ()) -> Iterator[Row]:
        """Stream rows of one statement."""
        with self._connection.cursor(name="drainsite") as cursor:
            cursor.itersize = FETCH
            cursor.execute(_placeholders(sql), tuple(values))
            yield from cursor

    def change(self, sql: str, values: Sequence[object]) -> int:
        """Write one statement and commit."""
        count = self._connection.execute(_placeholders(sql), tuple(values)).rowcount
        self._connection.commit()
        return count


@contextmanager
def opened(url: str, *, write: bool = False) -> Iterator[Database]:
    """Open the source at `url` (env:NAME allowed), read-only unless told otherwise. Raises SourceError.

    Errors of the driver while it is open come out as one sentence too.
    """
    location = locate(url)
    try:
        with _connected(location, write=write) as database:
            _require_tables(location, database)
            yield database
    except sqlite3.Error as error:
        raise SourceError(_sqlite_sentence(location, error)) from error
    except psycopg.Error as error:
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise SourceError(f"{masked(location.url)} cannot be used: {masked(first)}.") from error


@contextmanager
def _connected(location: Location, *, write: bool) -> Iterator[Database]:
    if location.path is None:
        with psycopg.connect(
            location.url, row_factory=dict_row, connect_timeout=CONNECT_SECONDS
        ) as connection:
            connection.read_only = not write
            if not write:
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield PostgresDatabase(connection, location.url)
        return
    if not location.path.is_file():
        raise SourceError(f"There is no file {location.path}; check the path in the address.")
    uri = f"file:{quote(str(location.path))}?mode={'rw' if write else 'ro'}"
    lite = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS)
    try:
        if not write:
            # One read transaction: runs, phases and events are of the same moment.
            lite.execute("BEGIN")
        yield SqliteDatabase(lite)
    finally:
        lite.close()


def _require_tables(location: Location, database: Database) -> None:
    for table in TABLES:
        present = database.columns[table.name]
        if not present and table.mandatory:
            raise SourceError(
                f"{masked(location.url)} is no Autopack database: it has no table {table.name}."
            )
        missing = [name for name in table.required if present and name not in present]
        if missing:
            raise SourceError(
                f"{masked(location.url)} is no Autopack database: "
                f"its table {table.name} has no column {missing[0]}."
            )


def _sqlite_sentence(location: Location, error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return (
            f"{location.path} is locked by another process; try again when it has finished writing."
        )
    if "malformed" in text or "not a database" in text or "disk I/O" in text:
        return f"{location.path} is no readable SQLite database ({text}); it may be half written."
    return f"{location.path} cannot be used: {text}."


def _placeholders(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")
