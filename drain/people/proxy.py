"""The word of a proxy about how a request came to it."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address

from django.http import HttpRequest, HttpResponse

from drain.people.requests import from_trusted_proxy


class ForwardedSchemeMiddleware:
    """Takes a request for HTTPS where the proxy that ended TLS says so.

    Trusted proxies are believed, and whoever is on this machine: claiming HTTPS gains nothing there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the scheme that `request.is_secure()` reads."""
        if request.META.get("HTTP_X_FORWARDED_PROTO") == "https" and _is_believed(request):
            request.META["wsgi.url_scheme"] = "https"
        return self._next(request)


def _is_believed(request: HttpRequest) -> bool:
    try:
        direct = ip_address(str(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return False
    return direct.is_loopback or from_trusted_proxy(request)
