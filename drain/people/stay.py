"""How long somebody stays signed in: so long after the last page, and never longer than so long in all."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

SINCE = "drain_since"
SEEN = "drain_seen"
TOUCH_SECONDS = 60
"""The last page is only written down again after this long: a live page asks every few seconds."""


class SessionEndMiddleware:
    """End a browser session that is too old or was left alone too long.

    What a page asks by itself (htmx polling carries HX-Request) does not count as somebody being there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sign out who stayed too long, then go on."""
        if request.user.is_authenticated:
            _judge(request, time.time())
        return self.get_response(request)


def _judge(request: HttpRequest, now: float) -> None:
    since = request.session.setdefault(SINCE, now)
    seen = request.session.setdefault(SEEN, now)
    age, idle = now - since, now - seen
    if age > settings.DRAIN_SESSION_MAX_SECONDS or idle > settings.DRAIN_SESSION_IDLE_SECONDS:
        logout(request)
    elif idle > TOUCH_SECONDS and "HX-Request" not in request.headers:
        request.session[SEEN] = now
