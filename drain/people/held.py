"""A form that came after its session had ended: what was typed is kept, and sent again by one click.

Nothing is stored: the fields go back to the browser that sent them, in the page of the answer. A form of
another site never comes so far: its words would be somebody else's.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

FIELD = "held"
"""The field of the sign-in form that carries what was typed elsewhere."""
MOST_CHARACTERS = 500_000
"""More than this is not carried on: somebody has it in a file."""
SHOWN = 300
"""Characters of a field that the page shows; all of it is sent."""
_NEVER = ("csrfmiddlewaretoken", FIELD)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(frozen=True, slots=True)
class HeldForm:
    """A form that was sent and not taken: its address, and its fields in their order."""

    action: str
    fields: tuple[tuple[str, str], ...]
    page: str = ""
    """The page that it stood on."""

    @property
    def told(self) -> list[tuple[str, str]]:
        """The fields in words: many values of one name are counted."""
        by_name: dict[str, list[str]] = {}
        for name, value in self.fields:
            by_name.setdefault(name, []).append(value)
        return [
            (
                name.replace("_", " "),
                f"{len(values):,} values" if len(values) > 1 else _short(values[0]),
            )
            for name, values in by_name.items()
            if any(values)
        ]

    def to_json(self) -> str:
        """Return the form as the value of a field."""
        return json.dumps([self.action, self.fields, self.page])


def _short(value: str) -> str:
    return value if len(value) <= SHOWN else f"{value[:SHOWN]}…"


def held_form(request: HttpRequest) -> HeldForm | None:
    """Return the form that a page of this site sent;
    None for anything else, for one with a password, and for one too large.
    """
    if request.method != "POST" or request.content_type not in _FORMS or not _own(request):
        return None
    fields = tuple(
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in _NEVER
    )
    secret = any("password" in name for name, _ in fields)
    if not fields or secret or sum(len(value) for _, value in fields) > MOST_CHARACTERS:
        return None
    page = request.META.get("HTTP_REFERER", "")
    return HeldForm(request.get_full_path(), fields, page if _ours(request, page) else "")


def _own(request: HttpRequest) -> bool:
    """Return whether a page of this site sent it; a browser says so of every form."""
    sent = urlsplit(request.headers.get("Origin") or request.META.get("HTTP_REFERER", ""))
    return (sent.scheme, sent.netloc) == (request.scheme, request.get_host())


def _ours(request: HttpRequest, address: str) -> bool:
    return url_has_allowed_host_and_scheme(address, request.get_host())


def read_held(request: HttpRequest, text: str) -> HeldForm | None:
    """Return the form that the sign-in carried; None for nothing and for a form that leads elsewhere."""
    try:
        action, fields, page = json.loads(text)
        held = HeldForm(
            str(action), tuple((str(name), str(value)) for name, value in fields), str(page)
        )
    except (ValueError, TypeError, RecursionError):
        return None
    own = _ours(request, held.action) and (not held.page or _ours(request, held.page))
    return held if own else None


def send_again(request: HttpRequest, held: HeldForm, status: int = 200) -> HttpResponse:
    """The page that shows what was typed and sends it when somebody says so."""
    return render(request, "errors/held.html", {"held": held}, status=status)


def no_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The answer to a form without a valid token: after a sign-in in another tab it only has an older one."""
    held = held_form(request)
    if held is None:
        return render(request, "403_csrf.html", status=403)
    return (
        send_again(request, held, 403)
        if request.user.is_authenticated
        else sign_in_for(request, held)
    )


def sign_in_for(request: HttpRequest, held: HeldForm) -> HttpResponse:
    """The sign-in page that carries on what was typed."""
    context: dict[str, Any] = {
        "form": AuthenticationForm(request),
        "next": held.page,
        "held": held.to_json(),
        "sign_on": settings.DRAIN_OIDC_NAME if settings.OIDC else "",
        "login": True,
    }
    return render(request, "login.html", context, status=403)


class SignInView(LoginView):
    """The sign-in page; who was signed out while typing has the words back afterwards."""

    template_name = "login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the other way in, where a provider is configured."""
        sign_on = settings.DRAIN_OIDC_NAME if settings.OIDC else ""
        held = self.request.POST.get(FIELD, "")
        return super().get_context_data(**kwargs) | {"sign_on": sign_on, "held": held}

    def form_valid(self, form: AuthenticationForm) -> HttpResponseBase:  # type: ignore[override] # not only a redirect
        """Redirect to the page that was asked for, or to the form that was typed."""
        answer = super().form_valid(form)
        held = read_held(self.request, self.request.POST.get(FIELD, ""))
        return send_again(self.request, held) if held else answer
