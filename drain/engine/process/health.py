"""The answer of a service's health address:
its name and its database, compared with those that a drain needs.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

ANSWER_LIMIT = 64 * 1024
ASK_SECONDS = 3.0
UNNAMED = "nothing"
_DATABASES = ("database_identity", "database_url", "sqlite_file", "database")
"""The fields of answers for their database, the most exact first;
`database` may also say only that it is there.
"""


@dataclass(frozen=True, slots=True)
class Needed:
    """The service that a drain needs."""

    service: str = ""
    """Its name; empty: any."""
    databases: Collection[str] = ()
    """Every name that its database may go by; empty: any."""
    database: str = ""
    """The one that people know, without a password."""


@dataclass(frozen=True, slots=True)
class HealthAnswer:
    """The answer of a health address."""

    service: str = ""
    database: str = ""
    broken: str = ""
    """The reason for not being well, in its own words."""


def ask(url: str, timeout: float = ASK_SECONDS) -> HealthAnswer | None:
    """Ask a health address; None if nobody answers yet. An answer that is no JSON object has no names."""
    try:
        with _OPENER.open(url, timeout=timeout) as response:
            return read_answer(response.read(ANSWER_LIMIT))
    except HTTPError as error:
        with error:
            found = read_answer(error.read(ANSWER_LIMIT))
        return HealthAnswer(found.service, found.database, found.broken or f"HTTP {error.code}")
    except (OSError, ValueError):
        return None


def mismatch(answer: HealthAnswer, needed: Needed, url: str) -> str:
    """Return the reason why this is not the service that is needed, with both names; empty if it is."""
    if answer.broken:
        return f"The service at {url} is not well: {answer.broken[:200]}."
    wrong_service = needed.service and answer.service != needed.service
    wrong_database = (
        needed.databases and answer.database and answer.database not in needed.databases
    )
    if not (wrong_service or wrong_database):
        return ""
    return (
        f"The service at {url} is another one: it says “{answer.service or UNNAMED}” with the database "
        f"“{answer.database or UNNAMED}”, and this drain needs “{needed.service or 'any'}” with "
        f"“{needed.database or 'any'}”."
    )


def is_address(url: str) -> bool:
    """Return whether this can be asked at all: http or https, with a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


class _NoRedirect(HTTPRedirectHandler):
    """A health address answers itself: where it sends on to is somebody else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = build_opener(_NoRedirect)


def read_answer(body: bytes) -> HealthAnswer:
    """Read the answer of a health address; no names if it is no JSON object."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return HealthAnswer()
    if not isinstance(found, dict):
        return HealthAnswer()
    return HealthAnswer(_text(found, "service"), _database(found), _broken(found))


def _database(found: Mapping[str, Any]) -> str:
    detail = found.get("db_identity_detail") or found.get("db_identity")
    if isinstance(detail, dict):
        found = {**detail, **found}
    elif isinstance(detail, str):
        found = {"database_identity": detail, **found}
    names = [_text(found, name) for name in _DATABASES]
    # "connected" is no name.
    return next((name for name in names if name and name != "connected"), "")


def _broken(found: Mapping[str, Any]) -> str:
    database = _text(found, "database")
    if database.startswith("error"):
        return database
    status = _text(found, "status")
    return status if status in ("unhealthy", "degraded") and database != "connected" else ""


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
