"""Addresses of sources: env:NAME resolved when used."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from drain.policy.secrets import masked
from drain.sources.errors import SourceError

ENV_PREFIX = "env:"
_POSTGRES = re.compile(r"(postgres(?:ql)?)(\+psycopg2?)?://")
_SQLITE = "sqlite://"


@dataclass(frozen=True, slots=True)
class Location:
    """The address of a source: a file, or a PostgreSQL address that may hold a password."""

    url: str
    """The address that a driver of ours opens."""
    path: Path | None = None
    given: str = ""
    """As it was written, with the driver that SQLAlchemy is to use; empty if that is the same."""

    @property
    def address(self) -> str:
        """The address for a program of the source's own."""
        return self.given or self.url


def resolve(url: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the address behind `env:NAME`, or the address itself. Raises SourceError."""
    if not url.startswith(ENV_PREFIX):
        return url
    name = url.removeprefix(ENV_PREFIX)
    value = (os.environ if environ is None else environ).get(name, "")
    if not value:
        raise SourceError(
            f"The source's address is {url}, but the environment has no {name or 'such name'}; "
            f"set it, for example {name or 'NAME'}=postgresql://user@host/name."
        )
    if value.startswith(ENV_PREFIX):
        raise SourceError(f"{name} must hold an address, not another {ENV_PREFIX} reference.")
    return value


def locate(url: str, environ: Mapping[str, str] | None = None) -> Location:
    """Return what the address names; a relative SQLite path counts from here. Raises SourceError."""
    resolved = resolve(url, environ)
    if "\0" in resolved:
        raise SourceError("An address cannot hold a NUL byte.")
    postgres = _POSTGRES.match(resolved)
    if postgres:
        plain = f"{postgres[1]}://{resolved[postgres.end() :]}"
        return Location(plain, given=resolved if postgres[2] else "")
    if resolved.startswith(_SQLITE + "/"):
        return _sqlite(resolved)
    raise SourceError(
        f"{masked(resolved)[:200]!r} is no address of a database; write sqlite:////absolute/path, "
        "sqlite:///relative/path, postgresql://user@host/name or env:NAME."
    )


def absolute(url: str) -> str:
    """Return the address in the form that is stored: a SQLite path absolute, env:NAME as it is."""
    if url.startswith(ENV_PREFIX):
        return url
    return locate(url).address


def _sqlite(resolved: str) -> Location:
    written = unquote(resolved.removeprefix(_SQLITE + "/").partition("?")[0])
    if not written or written == ":memory:":
        raise SourceError(f"{resolved!r} names no file; write sqlite:////absolute/path.")
    path = Path(os.path.abspath(Path(written).expanduser()))  # noqa: PTH100 - resolve() would follow links
    return Location(f"{_SQLITE}/{path}", path)
