"""Verbs of a session: start, pause, resume, stop, cancel."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q

from drain.engine.errors import EngineError
from drain.engine.sessions.closing import end_session
from drain.engine.workers.loops import inline_loop_is_alive, runs_somewhere
from drain.engine.workers.wakeups import wake
from drain.models import Autopilot, DrainSession
from drain.models.audit import Person, Subject, record_audit
from drain.models.transitions.phases import MoveReason
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import LIVE_SESSION_STATES, SessionState
from drain.policy.reasons import StopReason

Actor = Person
"""The actor, with the door they came through."""


def start_session(session: DrainSession) -> None:
    """Put a planned session's wake-ups into the queue; workers do the rest."""
    if session.state in LIVE_SESSION_STATES:
        wake(fresh=True)


def pause_session(session_pk: int, actor: Actor) -> None:
    """Start nothing more until resumed; what runs may end."""
    _move(session_pk, [SessionState.RUNNING], SessionState.PAUSED, "pause", actor)


def resume_session(session_pk: int, actor: Actor, *, inline: bool = False) -> None:
    """Go on with a paused or interrupted session, or one whose stop by a person has not ended:
    same plan, nothing twice.

    `inline`: the caller drains it in its own process. Otherwise workers do, or the process that paused
    with it and is still there. One that never opened is opened first, preflights and all.
    """
    session = DrainSession.objects.filter(pk=session_pk).first()
    there = inline_loop_is_alive(session_pk)
    runs = runs_somewhere(session_pk)
    expect = [SessionState.PAUSED, SessionState.INTERRUPTED, SessionState.STOPPING]
    if session is not None and inline and (there or runs) and session.state in expect:
        raise EngineError(
            f"Something of drain {session_pk} still runs in another process, which can go on with it: "
            f"`manage.py session resume {session_pk}`."
        )
    here = inline or (session is not None and session.inline and there)
    to = SessionState.RUNNING if session and session.started_at else SessionState.PLANNED
    changes = {"inline": here, "stop_reason": "", "stop_card": {}}
    only = ~Q(state=SessionState.STOPPING) | _TAKEN_BACK
    _move(session_pk, expect, to, "resume", actor, only=only, **changes)
    if session is not None and not here:
        wake(fresh=True)


_TAKEN_BACK = Q(stop_reason=StopReason.PERSON, cancel_requested=False)


def stop_session_by_person(session_pk: int, actor: Actor) -> None:
    """Start nothing more; once what runs has ended the session is stopped. A resume before takes it back."""
    _stop(session_pk, actor, "stop", f"{actor.name} stopped the drain.")


def can_be_taken_back(session: DrainSession) -> bool:
    """Return whether it is stopping because a person said so, and a resume would let it go on."""
    by_person = session.stop_reason == StopReason.PERSON and not session.cancel_requested
    return session.state == SessionState.STOPPING and by_person


def cancel_session(session_pk: int, actor: Actor) -> None:
    """Start nothing more and end what runs; its phases go back to FAILED untouched."""
    _stop(session_pk, actor, "cancel", f"{actor.name} cancelled the drain.", cancel=True)


def stop_over_budget(session_pk: int, actor: Actor, sentence: str) -> None:
    """Start nothing more, since its autopilot has no budget left; what runs may end."""
    _stop(session_pk, actor, "stop", sentence, rule="budget")


def _stop(
    session_pk: int,
    actor: Actor,
    verb: str,
    sentence: str,
    *,
    rule: str = "person",
    cancel: bool = False,
) -> None:
    expect = [state for state in LIVE_SESSION_STATES if cancel or state != SessionState.STOPPING]
    changes: dict[str, Any] = {"stop_reason": rule, "stop_card": _card(rule, sentence)}
    if cancel:
        changes["cancel_requested"] = True
    _move(session_pk, expect, SessionState.STOPPING, verb, actor, **changes)
    # With nothing running there may be no loop left that could close the books.
    end_session(
        session_pk, SessionState.CANCELLED if cancel else SessionState.STOPPED, actor.name, rule
    )


def interrupt_session(session_pk: int, actor: str, reason: str = "") -> bool:
    """The process that drained it ended; `resume` goes on where it stood, unless it was being stopped.

    False if nothing changed: it was over, or it is stopping and something still runs in it.
    """
    with transaction.atomic():
        moved = move_session(
            session_pk,
            expect=[state for state in LIVE_SESSION_STATES if state != SessionState.STOPPING],
            to=SessionState.INTERRUPTED,
            why=MoveReason("interrupt", actor, reason, session=session_pk),
            stop_reason="interrupted",
            stop_card=_card("interrupted", reason) if reason else {},
            no_host_since=None,
        )
    return moved or _end_what_stops(session_pk, actor)


def _card(rule: str, sentence: str) -> dict[str, str]:
    return {"rule": rule, "limit": "", "observed": "", "key": "", "sentence": sentence}


def _end_what_stops(session_pk: int, actor: str) -> bool:
    session = DrainSession.objects.filter(pk=session_pk, state=SessionState.STOPPING).first()
    if session is None:
        return False
    to = SessionState.CANCELLED if session.cancel_requested else SessionState.STOPPED
    return end_session(session_pk, to, actor)


def _move(
    session_pk: int,
    expect: list[SessionState],
    to: SessionState,
    verb: str,
    actor: Actor,
    only: Q | None = None,
    **changes: object,
) -> None:
    with transaction.atomic():
        if verb == "resume":
            _require_only(session_pk)
        why = MoveReason(verb, actor.name, session=session_pk)
        moved = move_session(session_pk, expect=expect, to=to, why=why, only=only, **changes)
        if moved:
            subject = Subject("session", str(session_pk), f"Drain {session_pk}")
            record_audit(actor, f"session.{verb}", subject, new={"state": to.value})
    if not moved:
        raise EngineError(_refusal(session_pk, verb, expect))


def _refusal(session_pk: int, verb: str, expect: list[SessionState]) -> str:
    """Return the reason for not moving it, with the way out where it has ended or is going to."""
    session = DrainSession.objects.filter(pk=session_pk).first()
    if session is None:
        return f"There is no drain {session_pk}: see the page Drains."
    refused = f"Drain {session_pk} is {session.state}, so it cannot be {_PAST[verb]}"
    if verb == "resume" and session.state in _OVER:
        return f"{refused}: “Drain the rest…” on its page starts a drain of what it left."
    if verb == "resume" and session.state == SessionState.STOPPING:
        return f"{refused}: only a stop by a person is taken back. Once it has ended, a new drain takes the rest."
    return f"{refused}: only a drain that is {' or '.join(expect)} can."


def _require_only(session_pk: int) -> None:
    """A drain that an autopilot has replaced meanwhile does not come back beside the new one."""
    mine = DrainSession.objects.filter(pk=session_pk).values_list("autopilot", flat=True).first()
    if mine is None:
        return
    # Whoever starts one for it waits at this lock, and the other way round.
    Autopilot.objects.select_for_update(no_key=True).filter(pk=mine).first()
    others = DrainSession.objects.filter(autopilot=mine, state__in=LIVE_SESSION_STATES)
    if other := others.exclude(pk=session_pk).first():
        raise EngineError(
            f"Its autopilot has drain {other.pk} at work: drain {session_pk} can be resumed when that has ended."
        )


_OVER = (SessionState.STOPPED, SessionState.CANCELLED, SessionState.FINISHED)
_PAST = {"pause": "paused", "resume": "resumed", "stop": "stopped", "cancel": "cancelled"}


def latest_resumable() -> DrainSession | None:
    """The newest session that `--resume` without a number means."""
    states = [SessionState.INTERRUPTED, SessionState.PAUSED]
    return DrainSession.objects.filter(state__in=states).order_by("-pk").first()
