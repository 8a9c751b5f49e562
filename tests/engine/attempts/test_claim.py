"""Candidates that a claim passes over: each of its conditions, alone, keeps something from starting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from drain.db.prepared import Row
from drain.engine.attempts import claim
from drain.engine.sessions.scope import SessionScope
from drain.models import (
    Candidate,
    DrainSession,
    ExecutorProfile,
    Hold,
    Phase,
    SessionRun,
)
from drain.models.transitions.attempts import Start, start_attempts
from drain.models.vocabulary import Order, RunTier
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import FUTURE, PAST, HandDrain, failed_run, put_off
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def executor() -> ExecutorProfile:
    """The default executor, which this host can run."""
    return ExecutorFactory()


# With one free slot a claim looks at one run: one that has nothing to offer must not stand before the others.


def test_a_run_with_nothing_left_does_not_stand_before_others() -> None:
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    drain.end(drain.start(1), Outcome.COMPLETE)
    assert drain.names(1) == ["b0"]


def test_a_run_that_is_full_does_not_stand_before_others() -> None:
    failed_run("a", 2, most=1)
    failed_run("b")
    drain = HandDrain()
    assert [drain.names(1), drain.names(1)] == [["a0"], ["b0"]]


def test_a_run_whose_next_phase_is_put_off_does_not_stand_before_others() -> None:
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    put_off(phase__phase_id="a0")
    assert drain.names(1) == ["b0"]


def test_a_run_behind_the_session_s_sample_does_not_stand_before_others() -> None:
    failed_run("a")
    failed_run("b")
    drain = HandDrain(sample=1, sample_passes=1)
    Candidate.objects.filter(phase__phase_id="a0").update(position=9)
    SessionRun.objects.filter(run__run_id="a").update(head_position=9, tier=RunTier.UNSAMPLED)
    Candidate.objects.filter(phase__phase_id="b0").update(position=1)
    SessionRun.objects.filter(run__run_id="b").update(head_position=1)
    assert drain.names(1) == ["b0"]


def test_a_run_whose_executor_is_not_here_does_not_stand_before_others() -> None:
    failed_run("a", executor=ExecutorFactory(is_default=False, argv=["/nowhere/at/all"]))
    failed_run("b")
    assert HandDrain().names(1) == ["b0"]


def test_a_run_without_an_executor_of_its_own_needs_the_default_here() -> None:
    failed_run("a")
    drain = HandDrain()
    drain.rounds.host.default_executor = None
    assert drain.names() == []


def test_a_stopped_run_does_not_stand_before_others() -> None:
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    SessionRun.objects.filter(run__run_id="a").update(stop="run_timeouts")
    assert drain.names(1) == ["b0"]


def test_nothing_of_a_run_starts_while_its_sample_runs() -> None:
    failed_run("a", 3)
    drain = HandDrain()
    drain.set_tier(RunTier.UNSAMPLED)
    assert drain.names() == ["a0"]
    assert drain.names() == []


def test_of_a_run_no_more_start_than_it_has_places() -> None:
    failed_run("a", 4, most=3)
    drain = HandDrain()
    assert [len(drain.names(1)), len(drain.names(9))] == [1, 2]


def test_of_a_sequential_run_one_starts_whatever_its_places() -> None:
    failed_run("a", 3, most=3, order=Order.SEQUENTIAL)
    drain = HandDrain()
    assert [drain.names(), drain.names()] == [["a0"], []]


def test_no_more_start_than_slots_are_free() -> None:
    failed_run("a", 3)
    failed_run("b", 3)
    assert HandDrain().names(4) == ["a0", "a1", "a2", "b0"]


def test_no_more_run_than_the_session_asked_for_however_many_slots_are_free() -> None:
    failed_run("a", 5)
    drain = HandDrain(parallel=3)
    assert [len(drain.names(2)), len(drain.names(9))] == [2, 1]


@pytest.mark.parametrize("state", ["paused", "stopping", "planned"])
def test_a_session_that_does_not_run_starts_nothing(state: str) -> None:
    failed_run("a")
    drain = HandDrain()
    DrainSession.objects.update(state=state)
    assert drain.names() == []


def test_better_tiers_come_first_whatever_the_plan_says() -> None:
    for name in "abc":
        failed_run(name)
    drain = HandDrain()
    drain.set_tier(RunTier.DEPRIORITISED, run__run_id="a")
    drain.set_tier(RunTier.UNSAMPLED, run__run_id="c")
    assert [drain.names(1), drain.names(2)] == [["c0"], ["b0", "a0"]]


@pytest.mark.parametrize("status", ["running", "done", "excluded"])
def test_only_what_waits_is_offered(status: str) -> None:
    failed_run("a", 2)
    drain = HandDrain()
    Candidate.objects.filter(phase__phase_id="a0").update(status=status, reason="leased")
    assert drain.names() == ["a1"]


def test_a_phase_behind_the_session_s_sample_is_not_offered() -> None:
    failed_run("a", 4)
    assert HandDrain(sample=2, sample_passes=1).names() == ["a0", "a1"]


def test_a_phase_that_is_put_off_is_not_offered_although_one_before_it_is() -> None:
    failed_run("a", 3)
    drain = HandDrain()
    put_off(phase__phase_id="a1")
    assert drain.names() == ["a0", "a2"]


@pytest.mark.parametrize(
    ("kind", "value", "changes", "held"),
    [
        ("run", "ab", {}, True),
        ("prefix", "a", {}, True),
        ("prefix", "ab", {}, True),
        ("run", "a", {}, False),
        ("run", "other", {}, False),
        ("prefix", "b", {}, False),
        ("run", "ab", {"released_at": PAST}, False),
        ("run", "ab", {"until": PAST}, False),
        ("run", "ab", {"until": FUTURE}, True),
    ],
)
def test_a_hold_in_force_keeps_its_runs_from_starting_and_no_other(
    kind: str, value: str, changes: dict[str, Any], held: bool
) -> None:
    failed_run("ab")
    drain = HandDrain()
    values = {"reason": "x", "created_by": "x", "origin": "command", **changes}
    Hold.objects.create(kind=kind, value=value, **values)
    assert drain.names() == ([] if held else ["ab0"])


def test_force_starts_what_is_on_hold() -> None:
    failed_run("a")
    drain = HandDrain(SessionScope(force=True))
    Hold.objects.create(kind="run", value="a", reason="x", created_by="x", origin="command")
    assert drain.names() == ["a0"]


def test_an_executor_runs_no_more_than_its_own_limit_over_all_drains() -> None:
    limited = ExecutorFactory(is_default=False, max_parallel=2)
    for name in "ab":
        failed_run(name, 3, executor=limited)
    failed_run("c")
    drain = HandDrain(SessionScope(run_ids=("a", "c")))
    other = HandDrain(SessionScope(run_ids=("b",)))
    begun = drain.start()
    assert [each.phase_id for each in begun] == ["a0", "a1", "c0"]
    assert other.names() == []
    drain.end(begun[:1], Outcome.COMPLETE)
    assert other.names() == ["b0"]
    assert drain.names() == []


def test_an_executor_that_is_full_does_not_stand_before_others() -> None:
    failed_run("a", 2, executor=ExecutorFactory(is_default=False, max_parallel=1))
    failed_run("b")
    drain = HandDrain()
    assert [drain.names(1), drain.names(1)] == [["a0"], ["b0"]]


def test_a_session_whose_time_is_up_starts_nothing() -> None:
    failed_run("a")
    drain = HandDrain(max_total_minutes=1)
    DrainSession.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert drain.names() == []
    drain.session.refresh_from_db()
    assert drain.session.state == "stopping"


def test_of_a_run_phases_come_in_the_order_of_the_plan_whatever_their_numbers() -> None:
    failed_run("a", 3)
    drain = HandDrain()
    for place, name in ((3, "a1"), (2, "a0"), (1, "a2")):
        Candidate.objects.filter(phase__phase_id=name).update(position=place)
    assert [drain.names(1), drain.names(2)] == [["a2"], ["a0", "a1"]]


def test_what_is_refused_is_replaced_by_as_many_as_are_free_and_no_more() -> None:
    failed_run("a", 5)
    drain = HandDrain()
    Phase.objects.filter(phase_id="a0").update(state="COMPLETE")
    assert drain.names(2) == ["a1", "a2"]


def test_a_drain_that_stops_while_it_claims_starts_nothing_more() -> None:
    failed_run("a", 2)
    drain = HandDrain(sample=2, sample_passes=2, max_attempts_per_phase=2)
    drain.end(drain.start(1), Outcome.RETRYABLE)
    Candidate.objects.update(not_before=PAST)
    SessionRun.objects.update(not_before=PAST)
    Phase.objects.filter(phase_id="a1").update(state="COMPLETE")
    assert drain.names() == []
    drain.session.refresh_from_db()
    assert (drain.session.state, drain.session.stop_reason) == ("stopping", "sample_failed")


def test_what_the_last_guard_refuses_is_neither_run_nor_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed_run("a", 3)
    drain = HandDrain()

    def start(entries: list[Start], **more: Any) -> list[Row]:
        return start_attempts(entries[1:], **more)

    monkeypatch.setattr(claim, "start_attempts", start)
    assert drain.names() == ["a1", "a2"]
    drain.session.refresh_from_db()
    assert drain.session.open_attempts == 2


def test_a_run_stands_where_the_first_of_its_phases_that_wait_stands() -> None:
    failed_run("a", 4)
    drain = HandDrain()
    Candidate.objects.filter(phase__phase_id="a1").update(status="excluded", reason="leased")
    assert drain.names(1) == ["a0"]
    assert SessionRun.objects.get().head_position == 3
