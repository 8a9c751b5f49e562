"""By which names Autopack's API server answers for a source's database."""

from __future__ import annotations

import hashlib
import re

from drain.models import Source
from drain.policy.secrets import masked
from drain.sources.urls import locate

SERVICE = "autopack"
_CREDENTIALS = re.compile(r"://([^:]+):([^@]+)@")


def database_names(source: Source) -> tuple[set[str], str]:
    """Every name that the server's answer may give the database, and the one for people. Raises SourceError."""
    location = locate(source.url)
    address = location.address
    names = {address, masked(address), location.url, _identity(address), _identity(location.url)}
    if location.path is not None:
        names |= {str(location.path), f"sqlite:///{location.path}"}
    return names, masked(address)


def _identity(address: str) -> str:
    """Autopack's `database_identity`: the address without its credentials, hashed and cut."""
    masked = _CREDENTIALS.sub("://***:***@", address).replace("\\", "/")
    return hashlib.sha256(masked.encode()).hexdigest()[:12]
