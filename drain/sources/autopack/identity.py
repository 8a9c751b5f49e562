"""The real identity of a source's database: shown before a drain, so that a mismatch is seen in time."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from drain.models.runs import Source
from drain.policy.secrets import masked
from drain.sources.autopack.database import Database, opened
from drain.sources.autopack.schema import TABLES
from drain.sources.urls import Location, locate


def identity(source: Source) -> dict[str, Any]:
    """Host or file, inode and time of change, and row counts, read now. Raises SourceError."""
    with opened(source.url) as database:
        return identity_of(source.url, database)


def identity_of(url: str, database: Database) -> dict[str, Any]:
    """The same for a database that is already open; passwords are masked."""
    location = locate(url)
    return {"url": masked(location.url), **_place(location), "rows": _row_counts(database)}


def _row_counts(database: Database) -> dict[str, int]:
    return {
        table.name: _count(database, table.name) for table in TABLES if database.columns[table.name]
    }


def _count(database: Database, table: str) -> int:
    sql = f"SELECT count(*) AS count FROM {table}"  # noqa: S608 - our own names only
    return int(next(iter(database.rows(sql)))["count"])


def _place(location: Location) -> dict[str, Any]:
    if location.path is None:
        parts = urlsplit(location.url)
        query = parse_qs(parts.query)
        return {
            "kind": "postgresql",
            "host": parts.hostname or query.get("host", ["local socket"])[0],
            "port": parts.port or 5432,
            "database": parts.path.lstrip("/"),
        }
    found = os.stat(location.path)  # noqa: PTH116 - inode and device come from here anyway
    return {
        "kind": "sqlite",
        "file": str(location.path),
        "inode": found.st_ino,
        "bytes": found.st_size,
        "changed_at": datetime.fromtimestamp(found.st_mtime, UTC).isoformat(),
    }
