"""When nothing can start: is the session over, or is there something to wait for?"""

from __future__ import annotations

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from drain.evidence.checks import run_checks
from drain.models import Candidate, DrainSession
from drain.models.door.cursor import Row, row, rows
from drain.models.door.phases import Why
from drain.models.door.sessions import move_session
from drain.models.vocabulary import LIVE_SESSION_STATES, CandidateStatus, SessionState

from .context import LoopContext
from .planning import state_snapshot
from .scope import SessionScope


class Idle(StrEnum):
    """What a loop without work does."""

    DONE = "done"
    WAIT = "wait"
    PAUSED = "paused"


# What waits in runs on hold only waits for a person: a hold that ends during a session adds nothing to it.
_LOOK = """
SELECT s.state, s.cancel_requested,
    EXISTS (SELECT FROM drain_candidate c WHERE c.session_id = s.id AND c.status = 'running') AS running,
    EXISTS (SELECT FROM drain_sessionrun sr JOIN drain_run r ON r.id = sr.run_id
        WHERE sr.session_id = s.id AND sr.waiting > 0 AND NOT EXISTS (
            SELECT FROM drain_hold h WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until > now())
              AND (h.kind = 'run' AND h.value = r.run_id
                   OR h.kind = 'prefix' AND starts_with(r.run_id, h.value)))) AS startable,
    EXISTS (SELECT FROM drain_sessionrun sr WHERE sr.session_id = s.id AND sr.waiting > 0) AS waiting
FROM drain_drainsession s WHERE s.id = %(session)s::bigint
"""
_EXCLUDE_HELD = """
WITH held AS (
    UPDATE drain_sessionrun SET waiting = 0 WHERE session_id = %(session)s::bigint AND waiting > 0
    RETURNING id
)
UPDATE drain_candidate c SET status = 'excluded', reason = 'run_held', detail = 'held while the session ran'
FROM held WHERE c.session_run_id = held.id AND c.status = 'waiting'
"""


def settle(context: LoopContext) -> Idle:
    """Decide for a loop that found nothing to start; ends the session when it is over."""
    found = row(_LOOK, {"session": context.session})
    if found is None or found["state"] not in LIVE_SESSION_STATES:
        return Idle.DONE
    if found["state"] == SessionState.PAUSED:
        return Idle.PAUSED
    if found["running"]:
        # Others still run: their end may offer something again, and the last one ends the session.
        return Idle.DONE if found["state"] == SessionState.STOPPING else Idle.WAIT
    if found["state"] == SessionState.STOPPING:
        return _end(context, _stopped_as(found))
    if found["waiting"] and found["startable"]:
        return Idle.WAIT
    if found["waiting"]:
        rows(_EXCLUDE_HELD, {"session": context.session})
    return _end(context, SessionState.FINISHED)


def _stopped_as(found: Row) -> SessionState:
    return SessionState.CANCELLED if found["cancel_requested"] else SessionState.STOPPED


def _end(context: LoopContext, to: SessionState) -> Idle:
    end_session(context.session, to, context.actor)
    return Idle.DONE


def end_session(session_pk: int, to: SessionState, actor: str, reason: str = "") -> bool:
    """Close a session's books and judge its checks; False if it was closed already or something runs in it."""
    if not _close(session_pk, to, actor, reason):
        return False
    # After the books are closed: a check may take its time, and nobody shall wait for it.
    run_checks(DrainSession.objects.get(pk=session_pk), timezone.now())
    return True


def _close(session_pk: int, to: SessionState, actor: str, reason: str) -> bool:
    with transaction.atomic():
        session = DrainSession.objects.select_for_update(no_key=True).get(pk=session_pk)
        busy = Candidate.objects.filter(session=session, status=CandidateStatus.RUNNING).exists()
        if busy or session.state not in LIVE_SESSION_STATES:
            return False
        scope = SessionScope.from_json(session.scope)
        return move_session(
            session_pk,
            expect=LIVE_SESSION_STATES,
            to=to,
            why=Why("end", actor, reason or session.stop_reason, session=session_pk),
            after=state_snapshot(scope.run_pks()),
        )
