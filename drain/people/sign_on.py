"""Single sign-on through a reverse proxy that says in a header who somebody is. Off by default."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin

from .requests import address_of, from_trusted_proxy

BACKEND = "django.contrib.auth.backends.ModelBackend"
SIGNED_ON = "drain_signed_on"
"""Key of the browser session: this person came through the proxy and goes with its header."""


class ProxySignOnMiddleware:
    """Sign in whom a trusted proxy names; strip the header from everybody else.

    Stands after AuthenticationMiddleware and before LoginRequiredMiddleware. A new person gets an
    account without a password and without a role: they see nothing until an administrator gives one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Adjust `request.user` to the header, then go on."""
        header = settings.DRAIN_SSO_HEADER
        if header:
            name = _named(request, f"HTTP_{header.upper().replace('-', '_')}")
            if name:
                _sign_on(request, name)
            elif request.session.get(SIGNED_ON):
                logout(request)
        return self.get_response(request)


def _named(request: HttpRequest, key: str) -> str:
    name = str(request.META.pop(key, "")).strip()
    # Views read headers from this cached copy, which must not hold what was stripped.
    request.__dict__.pop("headers", None)
    return name if from_trusted_proxy(request) else ""


def _sign_on(request: HttpRequest, name: str) -> None:
    if request.user.is_authenticated and request.user.get_username() == name:
        return
    user = _account(request, name)
    if user is None or not user.is_active:
        logout(request)
        return
    login(request, user, backend=BACKEND)
    request.session[SIGNED_ON] = True


def is_name(text: str) -> bool:
    """Return whether it can be a person's name:
    not too long, and nothing that hides or turns letters round.
    """
    return 0 < len(text) <= 150 and text.isprintable()


@transaction.atomic
def _account(request: HttpRequest, name: str) -> User | None:
    if not is_name(name):
        return None
    user, made = User.objects.get_or_create(username=name)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
        by = Person(name, Origin.BROWSER, address_of(request))
        subject = Subject("user", str(user.pk), name)
        record_audit(by, "user.sign_up", subject, "first sign-in through the proxy")
    return user
