"""Moves of drain sessions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from drain.models.history import Transition
from drain.models.sessions import DrainSession
from drain.models.transitions.phases import MoveReason
from drain.models.vocabulary import LIVE_SESSION_STATES, SessionState

_AT_REST = (SessionState.PAUSED, SessionState.INTERRUPTED)


def move_session(
    session: int,
    *,
    expect: Collection[str],
    to: SessionState,
    why: MoveReason,
    only: Q | None = None,
    **changes: object,
) -> bool:
    """Move a session that is in an expected state; False if it is in another one by now.

    `only`: what must be true of its row besides, in the same statement.
    Ended states set `ended_at`, leaving one clears it; the first start sets `started_at`; time paused or
    interrupted is added up in `rested`. `changes` are further columns written with the move. Call inside a
    transaction.
    """
    before = (
        DrainSession.objects.select_for_update(no_key=True)
        .filter(only or Q(), pk=session, state__in=expect)
        .values_list("state", "started_at", "rested", "resting_since")
        .first()
    )
    if before is None:
        return False
    from_state, started_at, rested, since = before
    now = timezone.now()
    changes["ended_at"] = None if to in LIVE_SESSION_STATES else now
    changes |= _rests(to, rested, since, now)
    if to == SessionState.RUNNING and started_at is None:
        changes["started_at"] = Now()
    DrainSession.objects.filter(pk=session).update(state=to, **changes)
    if from_state != to:
        _say(session, from_state, to, why)
    return True


def _rests(
    to: SessionState, rested: timedelta, since: datetime | None, now: datetime
) -> dict[str, object]:
    """The columns about resting after a move: a rest begins, goes on, or is added to those before."""
    if to in _AT_REST:
        return {"resting_since": since or now}
    return {"rested": rested + (now - since), "resting_since": None} if since else {}


def _say(session: int, from_state: str, to: str, why: MoveReason) -> None:
    Transition.objects.create(
        subject="session",
        subject_pk=session,
        session_pk=session,
        attempt_pk=why.attempt,
        from_state=from_state,
        to_state=to,
        verb=why.verb,
        actor=why.actor,
        reason=why.reason,
    )
