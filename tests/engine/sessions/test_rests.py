"""A drain's time is the time it ran: what it was paused or interrupted counts towards no limit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from drain.engine.inline import drain_inline
from drain.engine.sessions.verbs import pause_session, resume_session
from drain.models import DrainSession
from drain.models.transitions.phases import MoveReason
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import SessionState
from tests.engine.conftest import SOMEBODY, Backlog
from tests.factories import SessionFactory

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


def move(session: DrainSession, to: SessionState) -> None:
    with transaction.atomic():
        assert move_session(
            session.pk, expect=SessionState.values, to=to, why=MoveReason("move", "olga")
        )


def opened(backlog: Backlog) -> DrainSession:
    """A session that may take an hour and began two hours ago."""
    backlog.executor("true")
    backlog.run("r", 2)
    session = backlog.session(max_total_minutes=60.0)
    move(session, SessionState.RUNNING)
    DrainSession.objects.filter(pk=session.pk).update(started_at=timezone.now() - 2 * HOUR)
    return session


def drained(session: DrainSession) -> DrainSession:
    session.refresh_from_db()
    drain_inline(session, SOMEBODY, lambda: False)
    return session


def test_hours_of_a_pause_leave_the_whole_limit(backlog: Backlog) -> None:
    session = opened(backlog)
    pause_session(session.pk, SOMEBODY)
    DrainSession.objects.filter(pk=session.pk).update(resting_since=timezone.now() - 1.9 * HOUR)
    resume_session(session.pk, SOMEBODY, inline=True)
    assert drained(session).state == "finished"
    assert session.worked(timezone.now()) < timedelta(minutes=7)


def test_hours_of_work_do_not(backlog: Backlog) -> None:
    session = drained(opened(backlog))
    assert (session.state, session.stop_reason) == ("stopped", "max_total_minutes")
    assert session.worked(timezone.now()) >= 2 * HOUR


@pytest.mark.parametrize("rest", [SessionState.PAUSED, SessionState.INTERRUPTED])
def test_rests_add_up_and_the_one_that_lasts_is_counted_too(rest: SessionState) -> None:
    began = timezone.now() - 5 * HOUR
    session = SessionFactory(state="running", started_at=began, ended_at=None)
    for to, since in ((rest, 4 * HOUR), (SessionState.RUNNING, None), (rest, 1 * HOUR)):
        move(session, to)
        if since:
            ago = timezone.now() - since
            DrainSession.objects.filter(pk=session.pk).update(resting_since=ago)
    session.refresh_from_db()
    now = session.ended_at or timezone.now()
    assert session.rest(now) == pytest.approx(5 * HOUR, abs=timedelta(minutes=1))


def test_what_has_not_begun_has_not_worked() -> None:
    session = SessionFactory(state="planned", started_at=None, ended_at=None)
    assert session.worked(timezone.now()) == session.rest(timezone.now()) == timedelta()
