"""Which database and which versions a report speaks of."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import Any

import django
from django.db import connection
from django.db.models import QuerySet

from drain import __version__
from drain.evidence.sql import row
from drain.models import Attempt, Candidate, DrainSession, Phase, Run, Source

EXACT = 100_000
"""Rows of a table that are counted one by one."""


@dataclass(frozen=True, slots=True)
class SourceIdentity:
    """A source as it was last seen; its address is never part of a report."""

    name: str
    kind: str
    identity: dict[str, Any]
    imported_at: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Where the numbers come from."""

    database: str
    """Host and name; never user or password."""
    rows: dict[str, int]
    sources: tuple[SourceIdentity, ...]
    versions: dict[str, str]


def identity_of(session: DrainSession) -> Identity:
    """Of drainsite's own database and of the sources of the session's runs."""
    runs = Candidate.objects.filter(session=session).values("run")
    found = Source.objects.filter(runs__in=runs).distinct().order_by("name")
    settings = connection.settings_dict
    server = row("SELECT current_setting('server_version') AS server")["server"]
    return Identity(
        database=f"{settings.get('HOST') or 'embedded'}/{settings.get('NAME')}",
        rows={
            "runs": Run.objects.count(),
            "phases": _about(Phase.objects.all(), "drain_phase"),
            "attempts": _about(Attempt.objects.all(), "drain_attempt"),
        },
        sources=tuple(_source(source) for source in found),
        versions={
            "drainsite": __version__,
            "python": platform.python_version(),
            "django": django.get_version(),
            "postgresql": server.split(" ")[0],
        },
    )


def _about(found: QuerySet[Any], table: str) -> int:
    """Rows of a table: exact up to EXACT, beyond it PostgreSQL's estimate.

    Counting millions would cost more than the rest of the report; a young table has no estimate yet.
    """
    counted = found[:EXACT].count()
    if counted < EXACT:
        return counted
    guess = row(
        "SELECT reltuples::bigint AS n FROM pg_class WHERE oid = %(table)s::regclass",
        {"table": table},
    )
    return max(counted, int(guess["n"]))


def _source(source: Source) -> SourceIdentity:
    seen = source.imported_at.isoformat() if source.imported_at else "never"
    safe = {name: value for name, value in source.identity.items() if name != "url"}
    return SourceIdentity(source.name, source.kind, safe, seen)
