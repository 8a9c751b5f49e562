"""What a person does to a session: each a POST of its own over one verb of the engine."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from drain.dashboard.http.actions import attempt, person, verb
from drain.engine.sessions.verbs import (
    Actor,
    cancel_session,
    pause_session,
    resume_session,
    stop_session_by_person,
)

CHANGE = "drain.change_drainsession"


@verb(CHANGE)
def session_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Start nothing more until resumed."""
    return _act(request, pk, pause_session, "paused: nothing new starts, what runs may end.")


@verb(CHANGE)
def session_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with the same plan."""
    return _act(request, pk, resume_session, "goes on with the same plan.")


@verb(CHANGE)
def session_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop after what runs."""
    return _act(request, pk, stop_session_by_person, "stops once what runs has ended.")


@verb(CHANGE)
def session_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End what runs too."""
    return _act(
        request, pk, cancel_session, "is cancelled: running phases are ended and stay failed."
    )


def _act(
    request: HttpRequest, pk: int, act: Callable[[int, Actor], None], said: str
) -> HttpResponse:
    def run() -> str:
        act(pk, person(request))
        return f"Drain {pk} {said}"

    return attempt(request, run, reverse("drain:session-detail", args=[pk]))
