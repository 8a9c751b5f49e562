"""A person acting through the browser: who it is, what it may do, and where it goes afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

from drain.dashboard.http.methods import ACT
from drain.dashboard.http.permissions import requires
from drain.engine.errors import EngineError, given_reason
from drain.engine.sessions.verbs import Actor
from drain.evidence.fingerprints.lifecycle import By, CauseError
from drain.models.vocabulary import Origin
from drain.people.requests import address_of, person_of
from drain.policy.moments import MomentError
from drain.policy.selection.graph import CycleError
from drain.policy.stopping.limits import LimitError
from drain.sources.errors import SourceError

REFUSALS = (EngineError, LimitError, MomentError, CycleError, CauseError, SourceError)
"""Errors of a verb that cannot do as asked: one sentence for the person."""

View = Callable[..., HttpResponseBase]


def verb(permission: str) -> Callable[[View], View]:
    """A view that acts: POST only, and 403 without the permission."""
    return requires(permission, ACT)


def person(request: HttpRequest) -> Actor:
    """The signed-in person as the engine's verbs want it, with the address for the audit."""
    return person_of(request)


def by(request: HttpRequest, now: Any, reason: str = "") -> By:
    """The signed-in person as the evidence's verbs want it."""
    return By(request.user.get_username(), Origin.BROWSER, now, reason, address=address_of(request))


def back(request: HttpRequest, fallback: str) -> HttpResponse:
    """Redirect to the page that the form stood on, with its filters; never to another site."""
    wanted = request.POST.get("next") or request.META.get("HTTP_REFERER", "")
    # An address and nothing else: `redirect` would take a bare word for the name of a view.
    is_address = wanted.startswith(("/", "http://", "https://"))
    if is_address and url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return HttpResponseRedirect(wanted)
    return HttpResponseRedirect(fallback)


def reason_of(request: HttpRequest) -> str:
    """The reason that a form must bring; raises EngineError without one, or for one that is no sentence."""
    return given_reason(request.POST.get("reason", ""))


def attempt(request: HttpRequest, act: Callable[[], str], fallback: str) -> HttpResponse:
    """Do it, say what happened or why not, and go back."""
    try:
        said = act()
    except REFUSALS as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)
    return back(request, fallback)
