"""The person behind a request, and its network address."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from drain.models.audit import Person
from drain.models.vocabulary import Origin


def person_of(request: HttpRequest, origin: Origin = Origin.BROWSER) -> Person:
    """The signed-in person behind a request, for transitions and the audit."""
    return Person(request.user.get_username(), origin, address_of(request))


def address_of(request: HttpRequest) -> str:
    """The client's network address.

    Only a trusted proxy may say whom it speaks for; the last address that is not itself a trusted
    proxy counts, since everything before it is what a client claimed.
    """
    direct = str(request.META.get("REMOTE_ADDR", ""))
    if not from_trusted_proxy(request):
        return direct
    claimed = str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    for address in reversed([text.strip() for text in claimed]):
        if _is_address(address) and not is_trusted(address):
            return address
    return direct


def from_trusted_proxy(request: HttpRequest) -> bool:
    """Return whether the connection itself comes from an address in DRAIN_TRUSTED_PROXIES."""
    return is_trusted(str(request.META.get("REMOTE_ADDR", "")))


def is_trusted(address: str) -> bool:
    """Return whether an address lies in one of the trusted networks;
    anything that is no address never does.
    """
    if not _is_address(address):
        return False
    return any(ip_address(address) in network for network in _trusted_networks())


def _trusted_networks() -> list[IPv4Network | IPv6Network]:
    return [ip_network(text, strict=False) for text in settings.DRAIN_TRUSTED_PROXIES]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
