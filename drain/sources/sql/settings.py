"""Kept settings of an SQL source: its address, its two statements, and the mapping of its columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from drain.models import Source
from drain.models.vocabulary import SourceKind
from drain.policy.command_lines import manage_line
from drain.sources.errors import SourceError
from drain.sources.files.kept import options_of, reading_of
from drain.sources.files.result import Options
from drain.sources.sql.database import check_update
from drain.sources.urls import ENV_PREFIX, absolute, locate

SECONDS = 60
MOST_SECONDS = 3600
MOST_CHARACTERS = 100_000
PARAMETERS = ("run_id", "phase_id", "state", "expect", "reason", "link", "params")
"""The parameters that an update may name."""
_PLAIN = Options()
_UPDATE = re.compile(r"(?:\s+|--[^\n]*(?:\n|$))*update\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SqlSource:
    """A query in, an update out."""

    name: str
    url: str
    """May be env:NAME, and holds no password."""
    query: str
    update: str = ""
    """Empty: it is told nothing."""
    options: Options = _PLAIN
    seconds: int = SECONDS


@dataclass(frozen=True, slots=True)
class Given:
    """A person's settings for an SQL source; None leaves the kept one."""

    url: str | None = None
    query: str | None = None
    update: str | None = None
    options: Options | None = None
    seconds: int | None = None


def sql_source(name: str, given: Given) -> SqlSource:
    """Return the source of that name as kept, with what is given now. Raises SourceError."""
    kept = Source.objects.filter(name=name).first()
    if kept is not None and kept.kind != SourceKind.SQL:
        raise SourceError(f"{name} is the name of another source; choose another name.")
    found = _kept(kept) if kept is not None else SqlSource(name, "", "")
    changes: dict[str, Any] = {
        field: value
        for field in ("query", "update", "options", "seconds")
        if (value := getattr(given, field)) is not None
    }
    if given.url is not None:
        changes["url"] = _address(given.url)
    found = replace(found, **changes)
    _refuse_incomplete(found)
    return found


def kept_source(source: Source) -> SqlSource:
    """Return what is kept of a source of kind SQL."""
    return _kept(source)


def has_update(source: Source | None) -> bool:
    """Return whether a source is an SQL source with an update."""
    return (
        source is not None and source.kind == SourceKind.SQL and bool(source.reading.get("update"))
    )


def store(asked: SqlSource) -> Source:
    """Keep it; call in the transaction of its import."""
    reading = reading_of(asked.options) | {"query": asked.query, "seconds": asked.seconds}
    if asked.update:
        reading["update"] = asked.update
    values = {"kind": SourceKind.SQL, "url": asked.url, "reading": reading}
    return Source.objects.update_or_create(name=asked.name, defaults=values)[0]


def check(asked: SqlSource) -> None:
    """Raise SourceError for an update that its database would not run."""
    if not asked.update:
        return
    if not _UPDATE.match(asked.update):
        raise SourceError("The update must begin with UPDATE: it changes the row of one phase.")
    check_update(asked.url, asked.update, dict.fromkeys(PARAMETERS), asked.seconds)


def _kept(source: Source) -> SqlSource:
    reading = source.reading
    return SqlSource(
        name=source.name,
        url=source.url,
        query=str(reading.get("query", "")),
        update=str(reading.get("update", "")),
        options=options_of(reading),
        seconds=int(reading.get("seconds", SECONDS)),
    )


def _address(url: str) -> str:
    """The address as it is stored. Raises SourceError for one with a password in it."""
    found = absolute(url)
    if found.startswith(ENV_PREFIX) or (location := locate(found)).path is not None:
        return found
    try:
        has_password = "password" in conninfo_to_dict(location.url)
    except ProgrammingError:
        raise SourceError(
            "The address cannot be read; write postgresql://user@host/name."
        ) from None
    if has_password:
        raise SourceError(
            "An address with a password is not kept: put it into a variable of the environment, of the workers too, "
            "and write --url env:NAME."
        )
    return found


def _refuse_incomplete(found: SqlSource) -> None:
    if not found.url or not found.query.strip():
        raise SourceError(
            f"What is {found.name!r}? Say where it is and what to read: "
            f"{manage_line('import_sql', found.name)} --url ADDRESS --query-file FILE."
        )
    for words, text in (("query", found.query), ("update", found.update)):
        if len(text) > MOST_CHARACTERS or "\0" in text:
            raise SourceError(
                f"The {words} must be text of at most {MOST_CHARACTERS:,} characters."
            )
    if not 1 <= found.seconds <= MOST_SECONDS:
        raise SourceError(f"--timeout takes 1 to {MOST_SECONDS:,} seconds.")
