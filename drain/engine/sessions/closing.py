"""The end of a session with nothing to start: it is over, or something of it is waited for."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from drain.db.prepared import Row, row, rows
from drain.engine.attempts.books import lock_sessions, write_sessions
from drain.engine.attempts.context import session_context
from drain.engine.attempts.judge import drop_sample
from drain.engine.isolation import isolated
from drain.engine.sessions.planning import state_snapshot
from drain.engine.sessions.scope import SessionScope
from drain.evidence.checks.run import run_checks
from drain.models import Candidate, DrainSession
from drain.models.transitions.phases import MoveReason
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import CandidateStatus, SessionState

# What waits in runs on hold only waits for a person, and what waits for a phase that this session will not
# drain either (held, or waiting in a circle) waits for ever: such ends add nothing to a session.
_HELD = """EXISTS (SELECT FROM drain_hold h WHERE h.released_at IS NULL AND (h.until IS NULL OR h.until > now())
    AND (h.kind = 'run' AND h.value = r.run_id OR h.kind = 'prefix' AND starts_with(r.run_id, h.value)))"""
_NEEDED = """drain_dependency d JOIN drain_phase q ON q.id = d.prerequisite_id AND q.state NOT IN ('COMPLETE', 'SKIPPED')
    JOIN drain_candidate x ON x.session_id = c.session_id AND x.phase_id = q.id AND x.status = 'waiting'
    WHERE d.phase_id = c.phase_id"""
_LOOK = f"""
SELECT s.state, s.cancel_requested,
    EXISTS (SELECT FROM drain_candidate c WHERE c.session_id = s.id AND c.status = 'running') AS running,
    EXISTS (SELECT FROM drain_sessionrun sr JOIN drain_run r ON r.id = sr.run_id
        JOIN drain_candidate c ON c.session_run_id = sr.id AND c.status = 'waiting'
        WHERE sr.session_id = s.id AND sr.waiting > 0 AND (coalesce((s.scope->>'force')::bool, false)
            OR NOT {_HELD} AND NOT EXISTS (SELECT FROM {_NEEDED}))) AS startable
FROM drain_drainsession s WHERE s.id = %(session)s::bigint
"""  # noqa: S608 - constants only
_EXCLUDE_REST = f"""
WITH rest AS (
    UPDATE drain_sessionrun sr SET waiting = 0 FROM drain_run r
    WHERE r.id = sr.run_id AND sr.session_id = %(session)s::bigint AND sr.waiting > 0
    RETURNING sr.id, {_HELD} AS held
)
UPDATE drain_candidate c SET status = 'excluded',
    reason = CASE WHEN need.phase_id IS NULL THEN 'run_held' ELSE 'waits_for_dependency' END,
    detail = CASE WHEN need.phase_id IS NULL THEN 'held while the drain ran'
                  ELSE 'waits for ' || need.phase_id || ', which waits itself: on hold, or in a circle' END
FROM drain_candidate same JOIN rest ON rest.id = same.session_run_id
LEFT JOIN LATERAL (
    SELECT q.phase_id FROM drain_dependency d JOIN drain_phase q ON q.id = d.prerequisite_id
    WHERE d.phase_id = same.phase_id AND NOT rest.held AND q.state NOT IN ('COMPLETE', 'SKIPPED') LIMIT 1
) need ON true
WHERE c.id = same.id AND c.status = 'waiting'
"""  # noqa: S608 - constants only
# Rows that were deleted by hand take their candidates along, and nothing else: counts that stay behind
# would be offered for ever, and a sample would wait for them.
_FORGET_DELETED = """
UPDATE drain_sessionrun sr SET waiting = 0
WHERE sr.session_id = %(session)s::bigint AND sr.waiting > 0 AND NOT EXISTS (
    SELECT FROM drain_candidate c WHERE c.session_run_id = sr.id AND c.status = 'waiting')
"""
_SAMPLE_GONE = """
SELECT s.id FROM drain_drainsession s
WHERE s.id = %(session)s::bigint AND s.selected > %(sample)s::int AND s.sample_ended < %(sample)s::int
  AND NOT EXISTS (SELECT FROM drain_candidate c WHERE c.session_id = s.id
        AND c.status = 'waiting' AND c.position <= %(sample)s::int)
"""


def close_if_over(session: int, actor: str) -> bool:
    """See to a session of which nothing runs and nothing could start; True if it was over and has ended."""
    found = row(_LOOK, {"session": session})
    if found is None or found["running"] or found["state"] not in _SETTLED_FROM:
        return False
    if found["state"] == SessionState.STOPPING:
        return end_session(session, _stopped_as(found), actor)
    if found["startable"]:
        _mend(session)
        return False
    _exclude_rest(session)
    return end_session(session, SessionState.FINISHED, actor)


_SETTLED_FROM = (SessionState.RUNNING, SessionState.STOPPING)


def _exclude_rest(session: int) -> None:
    with transaction.atomic():
        if lock_sessions([session]):
            rows(_EXCLUDE_REST, {"session": session})


def _mend(session: int) -> None:
    """See to a start that did not happen: as a rule it is for a moment, unless its rows were deleted."""
    with transaction.atomic():
        books, context = lock_sessions([session]), session_context(session)
        if not books or context is None:
            return
        rows(_FORGET_DELETED, {"session": session})
        sample = context.limits.sample
        if sample and row(_SAMPLE_GONE, {"session": session, "sample": sample}):
            drop_sample(books[session], context, [sample])
        write_sessions(books.values())


def _stopped_as(found: Row) -> SessionState:
    return SessionState.CANCELLED if found["cancel_requested"] else SessionState.STOPPED


def end_session(session_pk: int, to: SessionState, actor: str, reason: str = "") -> bool:
    """Close a session's books and judge its checks; False if it is closed or something runs in it."""
    if not _close(session_pk, to, actor, reason):
        return False
    # After the books are closed: a check may take its time or make no sense, and nobody shall wait for it.
    with isolated(f"judging the checks of drain {session_pk}"):
        run_checks(DrainSession.objects.get(pk=session_pk), timezone.now())
    return True


# A stop that is taken back in between ends nothing, nor does a look at a drain from before it was stopped.
_ENDS_FROM = {
    SessionState.FINISHED: (SessionState.RUNNING,),
    SessionState.STOPPED: (SessionState.STOPPING,),
    SessionState.CANCELLED: (SessionState.STOPPING,),
}


def _close(session_pk: int, to: SessionState, actor: str, reason: str) -> bool:
    with transaction.atomic():
        session = DrainSession.objects.select_for_update(no_key=True).get(pk=session_pk)
        if Candidate.objects.filter(session=session, status=CandidateStatus.RUNNING).exists():
            return False
        scope = SessionScope.from_json(session.scope)
        return move_session(
            session_pk,
            expect=_ENDS_FROM[to],
            to=to,
            why=MoveReason("end", actor, reason or session.stop_reason, session=session_pk),
            after=state_snapshot(scope.run_pks(deleted_ok=True)),
        )
