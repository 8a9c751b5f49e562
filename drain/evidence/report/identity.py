"""The database and the versions that a report speaks of."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import django
from django.db import connection

from drain import __version__
from drain.db.sql import row
from drain.models import DrainSession

EXACT = 100_000
"""Rows of a table that are counted one by one."""

# Counting millions would cost more than the rest of the report, so a large table has PostgreSQL's estimate. A
# young one has none yet, and one that has just grown an old one: those are counted as far as EXACT.
_COUNT = """(SELECT CASE WHEN reltuples > 2 * %(exact)s THEN reltuples::bigint ELSE (
    SELECT CASE WHEN count(*) < %(exact)s THEN count(*) ELSE greatest(count(*), reltuples::bigint) END
    FROM (SELECT FROM {table} LIMIT %(exact)s) few
) END FROM pg_class WHERE oid = '{table}'::regclass)"""
_IDENTITY = f"""
SELECT current_setting('server_version') AS server, (SELECT count(*) FROM drain_run) AS runs,
    {_COUNT.format(table="drain_phase")} AS phases, {_COUNT.format(table="drain_attempt")} AS attempts,
    (SELECT coalesce(json_agg(source ORDER BY source.name), '[]')::text FROM (
        SELECT name, kind, identity, imported_at FROM drain_source WHERE id IN (
            SELECT source_id FROM drain_run WHERE id IN (
                SELECT run_id FROM drain_candidate WHERE session_id = %(session)s))
    ) source) AS sources
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """A source as it was last seen; its address is never part of a report."""

    name: str
    kind: str
    identity: dict[str, Any]
    imported_at: str


@dataclass(frozen=True, slots=True)
class ReportIdentity:
    """The origin of the numbers."""

    database: str
    """Host and name; never user or password."""
    rows: dict[str, int]
    sources: tuple[SourceIdentity, ...]
    versions: dict[str, str]


def identity_of(session: DrainSession) -> ReportIdentity:
    """Return the identity of drainsite's own database and of the sources of the session's runs."""
    found = row(_IDENTITY, {"session": session.pk, "exact": EXACT})
    settings = connection.settings_dict
    return ReportIdentity(
        database=f"{settings.get('HOST') or 'embedded'}/{settings.get('NAME')}",
        rows={name: found[name] for name in ("runs", "phases", "attempts")},
        sources=tuple(_source(**source) for source in json.loads(found["sources"])),
        versions={
            "drainsite": __version__,
            "python": platform.python_version(),
            "django": django.get_version(),
            "postgresql": found["server"].split(" ")[0],
        },
    )


def _source(
    name: str, kind: str, identity: dict[str, Any], imported_at: str | None
) -> SourceIdentity:
    safe = {name: value for name, value in identity.items() if name != "url"}
    seen = (
        datetime.fromisoformat(imported_at).astimezone(UTC).isoformat() if imported_at else "never"
    )
    return SourceIdentity(name, kind, safe, seen)
