"""Addresses that messages may go to: public ones, and networks of one's own that a setting names.

Whoever may define a receiver must not reach with it what only this machine can: its own services, the
metadata of a cloud, a neighbour without a password.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""IPv4 addresses in IPv6 ones (RFC 6052): a gateway leads to the last four bytes."""
_WORLDWIDE = IPv6Network("2000::/3")
"""All that is given out to be routed everywhere (IANA's registry of IPv6 unicast addresses).
What lies outside is of one site, leads to an IPv4 address in a way of its own, or is nobody's.
"""
_SPECIAL = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")))
"""Of protocols, of documents and of gateways that nobody runs any more (IANA's registries of special-purpose
addresses, RFC 7526); some Pythons take them for public.
"""


def unreachable(address: Address, name: str, networks: Iterable[str], *, plain: bool) -> str:
    """Return why no message may go to an address that `name` leads to, in one sentence; empty where it may.

    `networks` are those of one's own, as DRAIN_WEBHOOK_NETWORKS has them; `plain` is without TLS.
    """
    if _is_own(address, networks):
        return ""
    if not _is_public(address):
        return (
            f"{name} is {address}, which is not a public address: name its network in "
            "DRAIN_WEBHOOK_NETWORKS if messages shall go there."
        )
    if plain:
        return (
            f"{name} is outside of DRAIN_WEBHOOK_NETWORKS, and plain http can be read on the way: "
            "use https."
        )
    return ""


def _is_own(address: Address, networks: Iterable[str]) -> bool:
    own = [ip_network(each.strip(), strict=False) for each in networks]
    return any(each in network for network in own for each in (address, _inner(address)))


def _is_public(address: Address) -> bool:
    inner = _inner(address)
    if isinstance(address, IPv6Address) and not (address in _WORLDWIDE or address in _TRANSLATED):
        return False
    return not any(
        not each.is_global or each.is_multicast or any(each in network for network in _SPECIAL)
        for each in (address, inner)
    )


def _inner(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one leads to, where it does; else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
