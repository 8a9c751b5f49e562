"""What people do to a session: start, pause, resume, stop, cancel."""

from __future__ import annotations

from django.db import transaction

from drain.models import DrainSession
from drain.models.audit import Person, Subject, record_audit
from drain.models.door.phases import Why
from drain.models.door.sessions import move_session
from drain.models.vocabulary import LIVE_SESSION_STATES, SessionState

from .errors import EngineError
from .places import make_places
from .settling import end_session
from .wakeups import wake

Actor = Person
"""Who acts, through which door."""


def start_session(session: DrainSession) -> None:
    """Put a planned session's wake-ups into the queue; workers do the rest."""
    if session.state in LIVE_SESSION_STATES:
        make_places(session.pk, session.parallel)
        wake(session.pk)


def pause_session(session_pk: int, actor: Actor) -> None:
    """Start nothing more until resumed; what runs may end."""
    _move(session_pk, [SessionState.RUNNING], SessionState.PAUSED, "pause", actor)


def resume_session(session_pk: int, actor: Actor, *, wake_workers: bool = True) -> None:
    """Go on with a paused or interrupted session: same plan, nothing twice."""
    expect = [SessionState.PAUSED, SessionState.INTERRUPTED]
    _move(session_pk, expect, SessionState.RUNNING, "resume", actor, stop_reason="", stop_card={})
    if wake_workers:
        make_places(session_pk, DrainSession.objects.get(pk=session_pk).parallel)
        wake(session_pk)


def stop_session_by_person(session_pk: int, actor: Actor) -> None:
    """Start nothing more; what runs may end, and then the session is stopped."""
    _stop(session_pk, actor, "stop", cancel=False)


def cancel_session(session_pk: int, actor: Actor) -> None:
    """Start nothing more and end what runs; its phases go back to FAILED untouched."""
    _stop(session_pk, actor, "cancel", cancel=True)


def _stop(session_pk: int, actor: Actor, verb: str, *, cancel: bool) -> None:
    sentence = f"{actor.name} {'cancelled' if cancel else 'stopped'} the session."
    card = {"rule": "person", "limit": "", "observed": "", "key": "", "sentence": sentence}
    expect = [state for state in LIVE_SESSION_STATES if cancel or state != SessionState.STOPPING]
    _move(
        session_pk,
        expect,
        SessionState.STOPPING,
        verb,
        actor,
        stop_reason="person",
        stop_card=card,
        **({"cancel_requested": True} if cancel else {}),
    )
    # With nothing running there may be no loop left that could close the books.
    end_session(
        session_pk, SessionState.CANCELLED if cancel else SessionState.STOPPED, actor.name, "person"
    )


def interrupt_session(session_pk: int, actor: Actor) -> bool:
    """The process that drained it was asked to end; `resume` goes on where it stood."""
    with transaction.atomic():
        return move_session(
            session_pk,
            expect=LIVE_SESSION_STATES,
            to=SessionState.INTERRUPTED,
            why=Why("interrupt", actor.name, session=session_pk),
            stop_reason="interrupted",
        )


def _move(
    session_pk: int,
    expect: list[SessionState],
    to: SessionState,
    verb: str,
    actor: Actor,
    **changes: object,
) -> None:
    with transaction.atomic():
        why = Why(verb, actor.name, session=session_pk)
        moved = move_session(session_pk, expect=expect, to=to, why=why, **changes)
        if moved:
            subject = Subject("session", str(session_pk), f"Drain {session_pk}")
            record_audit(actor, f"session.{verb}", subject, new={"state": to.value})
    if not moved:
        state = DrainSession.objects.filter(pk=session_pk).values_list("state", flat=True).first()
        if state is None:
            raise EngineError(f"There is no drain session {session_pk}: see the page Drains.")
        raise EngineError(
            f"Drain {session_pk} is {state}, so it cannot be {_PAST[verb]}: "
            f"only a session that is {' or '.join(expect)} can."
        )


_PAST = {"pause": "paused", "resume": "resumed", "stop": "stopped", "cancel": "cancelled"}


def latest_resumable() -> DrainSession | None:
    """The newest session that `--resume` without a number means."""
    states = [SessionState.INTERRUPTED, SessionState.PAUSED]
    return DrainSession.objects.filter(state__in=states).order_by("-pk").first()
