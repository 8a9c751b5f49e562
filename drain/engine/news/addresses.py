"""Where a webhook may go: public addresses by https, and networks of one's own that a setting names.

Whoever may define webhooks must not reach with them what only this machine can: its own services, the
metadata of a cloud, a neighbour without a password. Names are resolved once for each message, and the connection goes
to exactly the address that was judged, so that a name which answers otherwise a moment later gains nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings

from drain.engine.errors import EngineError

LONGEST_URL = 2000
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses in IPv6 ones (RFC 6052): a gateway leads to the last four bytes."""
_WORLDWIDE = IPv6Network("2000::/3")
"""All that is given out to be routed everywhere (IANA's registry of IPv6 unicast addresses). What lies outside is of one
site, leads to an IPv4 address in a way of its own, or is nobody's."""
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")))
"""Of protocols, of documents and of gateways that nobody runs any more (IANA's registries of special-purpose addresses,
RFC 7526); some Pythons take them for public."""
_MANY_PORTS = 65_535
Address = IPv4Address | IPv6Address


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
        """What people see of it."""
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
    """What people may see of a stored address: never its path, which may be a key."""
    return parse(url).shown


def resolve(target: Target) -> str:
    """Return the one address that the connection goes to. Raises AddressError where it may not go."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError:
        raise AddressError(f"The name {target.host} has no address.") from None
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    for address in addresses:
        own = _is_own(address)
        if not own and not _is_public(address):
            raise AddressError(
                f"{target.host} is {address}, which is not a public address: name its network in "
                "DRAIN_WEBHOOK_NETWORKS if webhooks shall go there."
            )
        if not own and target.scheme == "http":
            raise AddressError(
                f"{target.host} is outside of DRAIN_WEBHOOK_NETWORKS, and plain http can be read on the way: "
                "use https."
            )
    return str(addresses[0])


def _is_own(address: Address) -> bool:
    networks = (ip_network(each.strip(), strict=False) for each in settings.DRAIN_WEBHOOK_NETWORKS)
    plain = _inner(address)
    return any(each in network for network in networks for each in (address, plain))


def _is_public(address: Address) -> bool:
    inner = _inner(address)
    if isinstance(address, IPv6Address) and not (address in _WORLDWIDE or address in _TRANSLATED):
        return False
    return not any(
        not each.is_global or each.is_multicast or any(each in network for network in _SPECIAL)
        for each in (address, inner)
    )


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, where it does; else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
