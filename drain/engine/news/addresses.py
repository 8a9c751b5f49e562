"""Addresses that a webhook may have (drain/policy/reach.py), and their form for people.

Names are resolved once for each message, and the connection goes to exactly the address that was judged,
so that a name which answers otherwise a moment later gains nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from drain.engine.errors import EngineError
from drain.policy.reach import unreachable

LONGEST_URL = 2000
_MANY_PORTS = 65_535


class AddressError(EngineError):
    """A webhook may not go there; the message is one sentence that repeats no path."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address, taken apart."""

    scheme: str
    host: str
    port: int
    path: str
    """With its query; may be a key, so it is shown nowhere."""

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme] == self.port
        end = "" if self.path == "/" else "/…"
        return f"{self.scheme}://{host}{'' if usual else f':{self.port}'}{end}"


def parse(url: str) -> Target:
    """Take an address apart. Raises AddressError."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        raise AddressError("This is no address: write https://host/path.") from None
    if parts.scheme not in ("http", "https") or not host or len(url) > LONGEST_URL:
        raise AddressError(
            f"A webhook's address begins with https:// and has up to {LONGEST_URL:,} characters."
        )
    if parts.username is not None or parts.password is not None:
        raise AddressError("The address has a user or a password in it: leave them out.")
    if any(character <= " " or character == "\x7f" for character in url.strip()):
        raise AddressError("The address has a space or a control character in it: write %20.")
    if port is None:
        port = {"http": 80, "https": 443}[parts.scheme]
    if not 1 <= port <= _MANY_PORTS:
        raise AddressError("The address has a port that does not exist.")
    path = parts.path or "/"
    if not (path + parts.query).isascii():
        raise AddressError("The path has letters that an address cannot have: write them as %xx.")
    return Target(parts.scheme, host, port, path + (f"?{parts.query}" if parts.query else ""))


def shown(url: str) -> str:
    """Return a stored address as people may see it: never its path, which may be a key."""
    return parse(url).shown


def resolve_host(target: Target) -> str:
    """Return the one address that the connection goes to. Raises AddressError where it may not go."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError:
        raise AddressError(f"The name {target.host} has no address.") from None
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        refused = unreachable(
            address, target.host, settings.DRAIN_WEBHOOK_NETWORKS, plain=target.scheme == "http"
        )
        if refused:
            raise AddressError(refused)
    return str(addresses[0])
