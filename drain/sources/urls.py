"""Addresses of sources: env:NAME resolved when used, passwords hidden wherever one is shown."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from drain.sources.errors import SourceError

HIDDEN = "***"
ENV_PREFIX = "env:"
_POSTGRES = re.compile(r"(postgres(?:ql)?)(\+psycopg2?)?://")
_SQLITE = "sqlite://"
# Greedy up to the last @ before a slash, so that a password that itself holds an @ is hidden whole.
_USERINFO = re.compile(r"(\w[\w+.-]*://[^\s:/?#@]*:)[^\s/?#]*(@)")
_SLASHED = re.compile(r"(postgres(?:ql)?(?:\+\w+)?://[^\s:/?#@]*:)\S*(@)")
_PARAMETER = re.compile(
    r"\b((?:ssl)?password|passwd|pwd|token|secret|api_?key)(\s*=\s*)('[^']*'|[^\s&;'\"]*)", re.I
)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a source really is: a file, or a PostgreSQL address that may hold a password."""

    url: str
    """What a driver of ours opens."""
    path: Path | None = None
    given: str = ""
    """As it was written, with the driver that SQLAlchemy is to use; empty if that is the same."""

    @property
    def address(self) -> str:
        """What a program of the source's own is given."""
        return self.given or self.url


def mask(text: str) -> str:
    """Hide every password in an address or in a text that quotes one; everything else stays."""
    text = _SLASHED.sub(rf"\1{HIDDEN}\2", text)
    text = _USERINFO.sub(rf"\1{HIDDEN}\2", text)
    return _PARAMETER.sub(rf"\1\2{HIDDEN}", text)


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
        f"{mask(resolved)[:200]!r} is no address of an Autopack database; write sqlite:////absolute/path, "
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
