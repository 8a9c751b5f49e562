"""The length of a stay: so long after the last page, and never longer than so long in all."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import url_has_allowed_host_and_scheme

from drain.people.held import held_form, sign_in_for

SINCE = "drain_since"
SEEN = "drain_seen"
SAFE = ("GET", "HEAD", "OPTIONS")
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


class SignInMiddleware(LoginRequiredMiddleware):
    """Everything is for who is signed in. Who sent a form too late signs in and has what was typed back.

    Where it cannot be kept, the sign-in leads to the page that the form stood on: its own address only
    answers forms.
    """

    def handle_no_permission(  # type: ignore[override] # a form is answered, too
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponse:
        """The sign-in page with what was typed, or on to it, which leads to the page that was asked for."""
        held = held_form(request)
        if held is not None:
            return sign_in_for(request, held)
        page = request.META.get("HTTP_REFERER", "")
        if request.method in SAFE or not url_has_allowed_host_and_scheme(page, request.get_host()):
            return super().handle_no_permission(request, view_func)
        return redirect_to_login(page, settings.LOGIN_URL)


def _judge(request: HttpRequest, now: float) -> None:
    since = request.session.setdefault(SINCE, now)
    seen = request.session.setdefault(SEEN, now)
    age, idle = now - since, now - seen
    if age > settings.DRAIN_SESSION_MAX_SECONDS or idle > settings.DRAIN_SESSION_IDLE_SECONDS:
        logout(request)
    elif idle > TOUCH_SECONDS and "HX-Request" not in request.headers:
        request.session[SEEN] = now
