"""Acts of a person on a session: each a POST of its own over one verb of the engine."""

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
from drain.models import Attempt, Candidate, DrainSession
from drain.models.vocabulary import CandidateStatus, SessionState
from drain.policy.words import counted

CHANGE = "drain.change_drainsession"


@verb(CHANGE)
def session_pause(request: HttpRequest, pk: int) -> HttpResponse:
    """Start nothing more until resumed."""
    return _act(
        request,
        pk,
        pause_session,
        "is paused: nothing new starts, {running} may end; Resume goes on with the {waiting}.",
    )


@verb(CHANGE)
def session_resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with the same plan."""
    said = "goes on with the {waiting} of its plan; Pause takes it back."
    return _act(request, pk, resume_session, said)


@verb(CHANGE)
def session_stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop after what runs."""
    return _act(request, pk, stop_session_by_person, _stopped)


def _stopped(pk: int) -> str:
    """Return the result of a stop, with the button that takes it back or starts the rest."""
    if DrainSession.objects.filter(pk=pk, state=SessionState.STOPPING).exists():
        return "stops after its {running}; Resume takes it back and goes on with the {waiting}."
    if Candidate.objects.filter(session=pk, status=CandidateStatus.WAITING).exists():
        return "is stopped: nothing of it ran. Drain the rest… starts its {waiting} in a new one."
    return "is stopped: nothing of it ran and nothing of its plan was left."


@verb(CHANGE)
def session_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """End what runs too."""
    return _act(
        request, pk, cancel_session, "is cancelled: running phases are ended and stay failed."
    )


def _act(
    request: HttpRequest,
    pk: int,
    act: Callable[[int, Actor], None],
    said: str | Callable[[int], str],
) -> HttpResponse:
    def run() -> str:
        act(pk, person(request))
        words = said if isinstance(said, str) else said(pk)
        return f"Drain {pk} {words.format(**_counts(pk))}"

    return attempt(request, run, reverse("drain:session-detail", args=[pk]))


def _counts(pk: int) -> dict[str, str]:
    """Return the numbers that an act on a drain is about, in words."""
    running = Attempt.objects.filter(session=pk, finished_at=None).count()
    waiting = Candidate.objects.filter(session=pk, status=CandidateStatus.WAITING).count()
    return {
        "running": f"{counted(running, 'running phase')}",
        "waiting": f"{counted(waiting, 'waiting phase')}",
    }
