"""The names under which browsers reach the site: what ALLOWED_HOSTS lets in, and what is said to the rest."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import urlsplit

from csp.middleware import CSPMiddleware
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.middleware.security import SecurityMiddleware

from drain.dashboard.http.validation import refused

log = logging.getLogger(__name__)
MOST_LOGGED = 20
"""Names of which the log tells, each once: who asks by ever new ones does not fill the disk."""


class NameMiddleware:
    """400 with one sentence for a name that is not among ALLOWED_HOSTS;
    the styles of that page are served.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response
        # It stands before them, since the first of them asks for the name; its page has their headers all the
        # same.
        self._protections = (SecurityMiddleware(get_response), CSPMiddleware(get_response))
        self._logged: set[str] = set()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on what is asked by one of the site's names."""
        try:
            request.get_host()
        except DisallowedHost:
            if request.path_info.startswith(settings.STATIC_URL) and not settings.HTTPS:
                return self._next(request)
            return self._refuse(request)
        return self._next(request)

    def _refuse(self, request: HttpRequest) -> HttpResponse:
        name = split_domain_port(request.META.get("HTTP_HOST", ""))[0] or "that name"
        said = f"This site does not answer to {name}: see ALLOWED_HOSTS."
        if name not in self._logged and len(self._logged) < MOST_LOGGED:
            self._logged.add(name)
            log.warning("%s It is said once for each name.", said)
        answer = refused(request, said)
        for one in self._protections:
            one.process_response(request, answer)
        # Django would write a line for each request; it has no public way to say that one stands already.
        answer._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
        return answer


def is_allowed(name: str) -> bool:
    """Return whether the site answers to this name (without a port; an IPv6 address in brackets)."""
    return validate_host(name.lower(), settings.ALLOWED_HOSTS)


def reachable(host: str, port: int) -> str:
    """The address, ending in a slash, by which a browser gets in where the server listens on `host`.

    DRAIN_SITE_URL where that is set and allowed, else the host itself, else the first full name that is
    allowed.
    """
    said = settings.DRAIN_SITE_URL
    if said and is_allowed(_shown(urlsplit(said).hostname or "")):
        return f"{said}/"
    shown = _shown(host)
    if not is_allowed(shown):
        names = [name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*"))]
        shown = names[0] if names else shown
    return f"http://{shown}:{port}/"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
