"""Drains that nobody goes on with: each condition, alone, keeps one from being interrupted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from drain.engine import abandoned
from drain.engine.abandoned import interrupt_abandoned, interrupt_hopeless
from drain.engine.workers.loops import add_loop
from drain.engine.workers.timing import LEASE_SECONDS, RESCUE_MARGIN
from drain.models import Candidate, DrainSession, SessionRun, Transition, WorkerLoop
from drain.models.transitions.phases import MoveReason
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import LIVE_SESSION_STATES, SessionState
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.factories import ExecutorFactory, SessionFactory

pytestmark = pytest.mark.django_db
AGO = timedelta(hours=1)


def inline(state: str = "running", **changes: Any) -> DrainSession:
    """A drain in a process of its own, asked for an hour ago, whose process is gone."""
    over = None if state in LIVE_SESSION_STATES else timezone.now()
    made: DrainSession = SessionFactory(state=state, inline=True, ended_at=over)
    DrainSession.objects.filter(pk=made.pk).update(created_at=timezone.now() - AGO, **changes)
    return made


def loop(session: DrainSession, silent: float) -> None:
    key, _ = add_loop("w", None, session.pk, 1)
    WorkerLoop.objects.filter(pk=key).update(expires_at=Now() - timedelta(seconds=silent))


def test_a_drain_whose_process_is_gone_is_interrupted() -> None:
    session = inline()
    loop(inline("finished"), -LEASE_SECONDS)
    assert interrupt_abandoned("m") == 1
    session.refresh_from_db()
    assert session.state == "interrupted"


@pytest.mark.parametrize("state", ["finished", "interrupted", "cancelled", "refused"])
def test_a_drain_that_does_not_go_on_is_not_even_looked_at(
    state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []
    monkeypatch.setattr(abandoned, "interrupt_session", lambda *given: looked.append(given))
    inline(state)
    interrupt_abandoned("m")
    assert looked == []


def test_a_drain_of_workers_is_nobody_s_alone() -> None:
    inline(inline=False)
    assert interrupt_abandoned("m") == 0


@pytest.mark.parametrize(("silent", "gone"), [(RESCUE_MARGIN - 2, 0), (RESCUE_MARGIN + 2, 1)])
def test_its_process_has_its_lease_and_a_margin_to_be_heard_of(silent: float, gone: int) -> None:
    loop(inline(), silent)
    assert interrupt_abandoned("m") == gone


@pytest.mark.parametrize(("more", "gone"), [(-2, 0), (2, 1)])
def test_a_young_one_may_not_have_its_loop_yet(more: float, gone: int) -> None:
    age = timedelta(seconds=LEASE_SECONDS + RESCUE_MARGIN + more)
    DrainSession.objects.filter(pk=inline().pk).update(created_at=timezone.now() - age)
    assert interrupt_abandoned("m") == gone


def test_one_that_was_just_resumed_is_young_again_and_others_are_not() -> None:
    resumed, other = inline("paused"), inline()
    with transaction.atomic():
        why = MoveReason("resume", "ada", session=resumed.pk)
        move_session(resumed.pk, expect=["paused"], to=SessionState.RUNNING, why=why)
    # A phase may have the number of a drain.
    Transition.objects.create(
        subject="phase", subject_pk=other.pk, to_state="FAILED", verb="x", actor="x"
    )
    assert interrupt_abandoned("m") == 1
    other.refresh_from_db()
    assert other.state == "interrupted"


def hopeless(**changes: Any) -> DrainSession:
    """A drain of workers that has waited an hour for a host, and there is none."""
    ExecutorFactory()
    failed_run("a", 2)
    session = HandDrain(wait_for_host=60).session
    DrainSession.objects.filter(pk=session.pk).update(
        **{"no_host_since": timezone.now() - AGO, **changes}
    )
    return session


@pytest.mark.parametrize(
    ("changes", "gone"),
    [
        ({}, 1),
        ({"state": "planned"}, 1),
        ({"inline": True}, 0),
        ({"state": "paused"}, 0),
        ({"state": "stopping"}, 0),
        ({"no_host_since": None}, 0),
    ],
)
def test_a_drain_that_no_host_can_go_on_with_is_interrupted_after_its_time(
    changes: dict[str, Any], gone: int
) -> None:
    session = hopeless(**changes)
    assert interrupt_hopeless("m") == gone
    session.refresh_from_db()
    assert (session.state == "interrupted") is bool(gone)


def test_it_waits_from_the_first_time_that_nobody_was_there() -> None:
    since = timezone.now() - timedelta(seconds=30)
    session = hopeless(no_host_since=since)
    interrupt_hopeless("m")
    session.refresh_from_db()
    assert (session.state, session.no_host_since) == ("running", since)


def test_what_runs_still_is_waited_for() -> None:
    session = hopeless()
    Candidate.objects.filter(phase__phase_id="a0").update(status="running")
    assert interrupt_hopeless("m") == 0
    session.refresh_from_db()
    assert session.no_host_since is None


def test_a_drain_with_nothing_left_needs_nobody() -> None:
    hopeless()
    SessionRun.objects.update(waiting=0)
    assert interrupt_hopeless("m") == 0
