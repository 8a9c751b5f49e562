"""Phases offered again in their drain: their place then, the number of their turns, and the ends of them."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.db.models import F

from drain.models import (
    Attempt,
    Candidate,
    DrainSession,
    ExecutorProfile,
    Phase,
    Run,
    SessionRun,
)
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import Order, PhaseState, RunTier
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import PAST, HandDrain, failed_run
from tests.engine.attempts.meetings import held_up
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def executor() -> ExecutorProfile:
    """The default executor, which this host can run."""
    return ExecutorFactory()


def at_once() -> None:
    """Make everything that is put off due now."""
    Candidate.objects.update(not_before=PAST)
    SessionRun.objects.update(not_before=PAST)


@pytest.mark.parametrize(
    ("order", "then"),
    [(Order.INDEPENDENT, ["a1", "a2", "a0"]), (Order.SEQUENTIAL, ["a0"])],
)
def test_another_turn_comes_behind_all_others_unless_the_run_has_an_order(
    order: Order, then: list[str]
) -> None:
    failed_run("a", 3, order=order)
    drain = HandDrain(max_attempts_per_phase=2)
    drain.end(drain.start(1), Outcome.RETRYABLE)
    at_once()
    assert drain.names() == then


def test_what_was_put_back_untouched_has_all_its_turns() -> None:
    failed_run("a")
    drain = HandDrain(max_attempts_per_phase=2)
    for outcome in (Outcome.INTERRUPTED, Outcome.RETRYABLE, Outcome.RETRYABLE):
        (begun,) = drain.start()
        drain.end([begun], outcome)
        at_once()
    assert begun.tries == 2
    assert drain.names() == []


def test_what_was_noted_of_the_past_while_a_phase_ran_costs_it_no_turn() -> None:
    failed_run("a")
    drain = HandDrain(max_attempts_per_phase=2)
    begun = drain.start()
    Phase.objects.update(attempts=F("attempts") + 1)
    drain.end(begun, Outcome.RETRYABLE)
    at_once()
    assert drain.names() == ["a0"]


def test_what_somebody_queued_elsewhere_after_our_attempt_is_not_ours_any_more() -> None:
    failed_run("a")
    drain = HandDrain(max_attempts_per_phase=2)
    begun = drain.start()
    drain.end(begun, Outcome.RETRYABLE)
    why = MoveReason("requeue", "ada")
    move_phases([begun[0].phase], expect=["FAILED"], to=PhaseState.QUEUED, why=why)
    at_once()
    assert drain.names() == []
    assert Candidate.objects.get().reason == "no_longer_failed"


def test_only_the_attempt_right_before_may_have_left_something() -> None:
    failed_run("a")
    drain = HandDrain(max_attempts_per_phase=3)
    for outcome in (Outcome.LOST, Outcome.RETRYABLE):
        (begun,) = drain.start()
        drain.end([begun], outcome)
        at_once()
    (begun,) = drain.start()
    assert begun.lost_claim == ""


def test_counts_that_have_drifted_keep_no_end_from_the_books() -> None:
    failed_run("a")
    drain = HandDrain(max_attempts_per_phase=2)
    begun = drain.start()
    Run.objects.update(open_attempts=0)
    DrainSession.objects.update(open_attempts=0)
    assert drain.end(begun, Outcome.COMPLETE) == 0
    assert (Attempt.objects.get().outcome, Phase.objects.get().state) == ("complete", "COMPLETE")
    assert (Run.objects.get().open_attempts, DrainSession.objects.get().open_attempts) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_an_end_that_meets_a_phase_being_repaired_by_hand_leaves_it_as_it_is_then() -> None:
    failed_run("a")
    drain = HandDrain()
    begun = drain.start()
    with held_up(lambda: drain.end(begun, Outcome.FAILED)) as lost, transaction.atomic():
        Phase.objects.update(state="COMPLETE", lease_owner=None)
    assert lost() == 0
    assert (Attempt.objects.get().outcome, Phase.objects.get().state) == ("failed", "COMPLETE")


def test_a_run_whose_sample_said_nothing_has_it_again() -> None:
    failed_run("a", 3)
    drain = HandDrain()
    drain.set_tier(RunTier.UNSAMPLED)
    drain.end(drain.start(), Outcome.INTERRUPTED)
    at_once()
    assert drain.names() == ["a0"]


def test_a_phase_behind_the_sample_that_is_left_out_is_none_of_it() -> None:
    failed_run("a", 4)
    drain = HandDrain(sample=1, sample_passes=1)
    drain.end(drain.start(), Outcome.COMPLETE)
    Phase.objects.filter(phase_id="a1").update(state="COMPLETE")
    assert drain.names() == ["a2", "a3"]
    assert DrainSession.objects.get().sample_ended == 1


def test_timeouts_that_are_booked_together_count_once_each() -> None:
    failed_run("a", 5)
    drain = HandDrain(max_timeouts_per_run=3, max_fingerprint_repeats=100)
    begun = drain.start(3)
    drain.end(begun[:2], Outcome.TIMEOUT)
    assert SessionRun.objects.get().stop == ""
    drain.end(begun[2:], Outcome.TIMEOUT)
    assert SessionRun.objects.get().stop == "run_timeouts"
