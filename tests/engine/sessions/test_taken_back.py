"""A person's stop is taken back until it has ended: the same plan goes on, nothing twice;
afterwards it is refused.
"""

from __future__ import annotations

from typing import Any

import pytest

from drain.engine.errors import EngineError
from drain.engine.sessions.closing import close_if_over, end_session
from drain.engine.sessions.verbs import (
    can_be_taken_back,
    cancel_session,
    interrupt_session,
    resume_session,
    stop_over_budget,
    stop_session_by_person,
)
from drain.models import AuditEvent, DrainSession, ExecutorProfile, Transition
from drain.models.vocabulary import SessionState
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.attempts.meetings import held_up
from tests.engine.conftest import SOMEBODY
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def executor() -> ExecutorProfile:
    """The default executor, which this host can run."""
    return ExecutorFactory()


def stopping(phases: int = 2) -> tuple[HandDrain, list[Any]]:
    """A drain that a person stopped while its first phase runs."""
    failed_run("a", phases, most=1)
    drain = HandDrain()
    running = drain.start()
    stop_session_by_person(drain.session.pk, SOMEBODY)
    return drain, running


def now(drain: HandDrain) -> tuple[str, str]:
    drain.session.refresh_from_db()
    return drain.session.state, drain.session.stop_reason


def test_a_stop_is_taken_back_while_something_runs_and_the_plan_goes_on() -> None:
    drain, running = stopping()
    assert now(drain) == ("stopping", "person")
    assert can_be_taken_back(drain.session)
    assert drain.start() == []
    resume_session(drain.session.pk, SOMEBODY)
    assert now(drain) == ("running", "")
    assert drain.session.stop_card == {}
    drain.end(running, Outcome.COMPLETE)
    assert not close_if_over(drain.session.pk, "w")
    rest = drain.start()
    assert len(rest) == 1
    drain.end(rest, Outcome.COMPLETE)
    assert close_if_over(drain.session.pk, "w")
    assert now(drain) == ("finished", "")
    done = Transition.objects.filter(subject="session").order_by("pk")
    assert [row.verb for row in done][-3:] == ["stop", "resume", "end"]
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))[-2:] == [
        "session.stop",
        "session.resume",
    ]


@pytest.mark.parametrize("rule", ["failure_rate", "cancelled", "budget"])
def test_only_a_stop_by_a_person_is_taken_back(rule: str) -> None:
    failed_run("a", 2, most=1)
    drain = HandDrain()
    drain.start()
    if rule == "cancelled":
        cancel_session(drain.session.pk, SOMEBODY)
    elif rule == "budget":
        stop_over_budget(drain.session.pk, SOMEBODY, "It is used up.")
    else:
        DrainSession.objects.update(state="stopping", stop_reason=rule)
    before = now(drain)
    assert not can_be_taken_back(drain.session)
    with pytest.raises(EngineError, match="only a stop by a person is taken back"):
        resume_session(drain.session.pk, SOMEBODY)
    assert now(drain) == before


def test_a_cancel_after_a_stop_is_not_taken_back_with_it() -> None:
    drain, _ = stopping()
    cancel_session(drain.session.pk, SOMEBODY)
    with pytest.raises(EngineError, match="only a stop by a person"):
        resume_session(drain.session.pk, SOMEBODY)
    assert now(drain) == ("stopping", "person")


@pytest.mark.parametrize("runs", [False, True])
def test_once_it_has_ended_the_refusal_names_the_way_to_the_rest(runs: bool) -> None:
    failed_run("a")
    drain = HandDrain()
    running = drain.start() if runs else []
    stop_session_by_person(drain.session.pk, SOMEBODY)
    if runs:
        drain.end(running, Outcome.COMPLETE)
        assert close_if_over(drain.session.pk, "w")
    with pytest.raises(EngineError, match="is stopped, so it cannot be resumed: “Drain the rest…”"):
        resume_session(drain.session.pk, SOMEBODY)
    assert now(drain) == ("stopped", "person")


def test_what_closes_the_books_at_the_same_moment_finds_the_stop_taken_back() -> None:
    drain, running = stopping()
    drain.end(running, Outcome.COMPLETE)
    with held_up(lambda: end_session(drain.session.pk, SessionState.STOPPED, "w")) as closed:
        resume_session(drain.session.pk, SOMEBODY)
    assert not closed()
    assert now(drain) == ("running", "")
    assert len(drain.start()) == 1


def test_who_takes_it_back_at_the_moment_of_its_end_is_refused() -> None:
    drain, running = stopping()
    drain.end(running, Outcome.COMPLETE)
    with held_up(lambda: resume_session(drain.session.pk, SOMEBODY)) as resumed:
        assert end_session(drain.session.pk, SessionState.STOPPED, "w")
    with pytest.raises(EngineError, match="Drain the rest"):
        resumed()
    assert now(drain) == ("stopped", "person")


def test_a_drain_is_not_finished_by_who_looked_at_it_before_it_was_stopped() -> None:
    drain, running = stopping(1)
    drain.end(running, Outcome.COMPLETE)
    assert not end_session(drain.session.pk, SessionState.FINISHED, "w")
    assert close_if_over(drain.session.pk, "w")
    assert now(drain) == ("stopped", "person")


def test_a_process_that_is_gone_interrupts_what_was_taken_back() -> None:
    drain, running = stopping()
    resume_session(drain.session.pk, SOMEBODY)
    drain.end(running, Outcome.COMPLETE)
    assert interrupt_session(drain.session.pk, "w")
    assert now(drain)[0] == "interrupted"
