"""The writes of an end, and the rows it leaves alone: other attempts, other drains, phases that moved on."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from drain.engine.attempts.pulse import Shown, show
from drain.engine.sessions.closing import close_if_over
from drain.engine.sessions.scope import SessionScope
from drain.models import (
    Attempt,
    Candidate,
    DrainSession,
    ExecutorProfile,
    Phase,
    Run,
    SessionRun,
    Transition,
)
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import PAST, HandDrain, failed_run
from tests.factories import CandidateFactory, ExecutorFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def executor() -> ExecutorProfile:
    """The default executor."""
    return ExecutorFactory()


def test_an_end_is_booked_once_however_often_it_is_told() -> None:
    failed_run("a")
    drain = HandDrain()
    (attempt,) = drain.start()
    assert drain.end([attempt], Outcome.COMPLETE) == 0
    before = SessionRun.objects.values().get()
    assert drain.end([attempt], Outcome.FAILED) == 1
    assert SessionRun.objects.values().get() == before
    assert DrainSession.objects.get().open_attempts == 0
    assert (Attempt.objects.get().outcome, Phase.objects.get().state) == ("complete", "COMPLETE")


@pytest.mark.parametrize("owner", [None, uuid4()])
def test_an_end_moves_no_phase_that_is_not_leased_to_it_any_more(owner: object) -> None:
    failed_run("a")
    drain = HandDrain()
    (attempt,) = drain.start()
    Phase.objects.update(state="FAILED" if owner is None else "GATE", lease_owner=owner)
    before = Phase.objects.values().get()
    moves = Transition.objects.count()
    assert drain.end([attempt], Outcome.COMPLETE) == 0
    assert Phase.objects.values().get() == before
    assert Transition.objects.count() == moves
    assert (Attempt.objects.get().outcome, Run.objects.get().open_attempts) == ("complete", 0)


def test_an_end_changes_nothing_of_the_same_phase_in_another_drain() -> None:
    failed_run("a")
    drain = HandDrain()
    (attempt,) = drain.start()
    other = CandidateFactory(phase_id=attempt.phase, session=SessionFactory(), status="waiting")
    drain.end([attempt], Outcome.COMPLETE)
    other.refresh_from_db()
    assert (other.status, other.outcome) == ("waiting", "")


@pytest.mark.parametrize(
    ("outcome", "reason", "category"),
    [
        (Outcome.COMPLETE, "", "import"),
        (Outcome.SKIPPED, "old", "import"),
        (Outcome.INTERRUPTED, "old", "import"),
        (Outcome.FAILED, "ValueError: x", "other"),
    ],
)
def test_only_a_failure_is_filed_on_its_phase(outcome: Outcome, reason: str, category: str) -> None:
    failed_run("a")
    Phase.objects.update(last_failure_reason="old", last_fingerprint="k", failure_category="import")
    drain = HandDrain()
    drain.end(drain.start(), outcome)
    phase = Phase.objects.get()
    assert phase.last_failure_reason == reason
    assert (phase.last_fingerprint == "k") == (outcome is not Outcome.FAILED)
    assert (phase.failure_category == "import") == (category == "import")


@pytest.mark.parametrize("outcome", [Outcome.INTERRUPTED, Outcome.RETRYABLE, Outcome.LOST])
def test_what_ends_after_its_run_was_stopped_is_not_offered_again_and_not_waited_for(
    outcome: Outcome,
) -> None:
    failed_run("a", 3)
    drain = HandDrain(max_timeouts_per_run=1, max_attempts_per_phase=3)
    first, second = drain.start(2)
    drain.end([first], Outcome.TIMEOUT)
    stop = SessionRun.objects.get()
    assert (stop.stop, stop.waiting) == ("run_timeouts", 0)
    drain.end([second], outcome)
    assert SessionRun.objects.get().waiting == 0
    left = Candidate.objects.exclude(phase_id=first.phase)
    told = set(left.values_list("status", "reason", "detail"))
    assert told == {("excluded", "run_timeouts", stop.stop_detail)}
    Candidate.objects.update(not_before=PAST)
    SessionRun.objects.update(not_before=PAST)
    assert drain.names() == []
    assert close_if_over(drain.session.pk, "test")
    drain.session.refresh_from_db()
    assert drain.session.state == "finished"


def test_the_first_rule_that_stops_a_run_stands() -> None:
    failed_run("a", 6)
    drain = HandDrain(max_timeouts_per_run=1, max_fingerprint_repeats=1)
    failed, timed_out = drain.start(2)
    drain.end([failed], Outcome.FAILED, "one")
    first = SessionRun.objects.get()
    drain.end([timed_out], Outcome.TIMEOUT, "two")
    run = SessionRun.objects.get()
    assert (run.stop, run.stop_detail) == (first.stop, first.stop_detail)
    assert first.stop == "run_stopped"


def test_a_rule_that_stops_a_run_leaves_alone_what_of_it_runs_and_what_has_ended() -> None:
    failed_run("a", 4)
    drain = HandDrain(max_timeouts_per_run=1)
    done, timed_out, _running = drain.start(3)
    drain.end([done], Outcome.COMPLETE)
    drain.end([timed_out], Outcome.TIMEOUT)
    states = list(Candidate.objects.order_by("position").values_list("status", flat=True))
    assert states == ["done", "done", "running", "excluded"]


def test_a_cause_that_came_too_often_takes_only_what_waits_in_its_own_drain_out_of_the_plan() -> (
    None
):
    failed_run("a", 4)
    Phase.objects.update(last_fingerprint="k")
    drain = HandDrain(max_session_fingerprint_repeats=1, max_fingerprint_repeats=100)
    failed, _running = drain.start(2)
    other = CandidateFactory(
        phase_id=failed.phase, session=SessionFactory(), status="waiting", fingerprint="k"
    )
    drain.end([failed], Outcome.FAILED)
    mine = Candidate.objects.filter(session=drain.session).order_by("position")
    assert list(mine.values_list("status", flat=True)) == [
        "done",
        "running",
        "excluded",
        "excluded",
    ]
    other.refresh_from_db()
    assert other.status == "waiting"


def test_a_cause_of_which_something_completed_leaves_nothing_out() -> None:
    failed_run("a", 3)
    Phase.objects.update(last_fingerprint="k")
    drain = HandDrain(max_session_fingerprint_repeats=1, max_fingerprint_repeats=100)
    done, failed = drain.start(2)
    drain.end([done], Outcome.COMPLETE)
    drain.end([failed], Outcome.FAILED)
    assert not Candidate.objects.filter(status="excluded").exists()


def test_force_runs_what_a_cause_would_leave_alone() -> None:
    failed_run("a", 3)
    Phase.objects.update(last_fingerprint="k")
    drain = HandDrain(
        SessionScope(force=True), max_session_fingerprint_repeats=1, max_fingerprint_repeats=100
    )
    drain.end(drain.start(1), Outcome.FAILED)
    assert not Candidate.objects.filter(status="excluded").exists()


def test_what_an_attempt_shows_while_it_runs_is_not_written_over_its_end() -> None:
    failed_run("a")
    drain = HandDrain()
    (attempt,) = drain.start()
    shown = Shown(attempt, tail=["late"], bytes=7, message="half")
    shown._changed, shown._next = True, 0.0
    drain.end([attempt], Outcome.COMPLETE)
    show([shown], "w")
    booked = Attempt.objects.get()
    assert (booked.tail, booked.log_bytes, booked.progress_message) == ("", 0, "")


def test_a_result_of_another_attempt_of_the_same_phase_is_nobody_s() -> None:
    failed_run("a")
    drain = HandDrain()
    (attempt,) = drain.start()
    assert drain.end([replace(attempt, lease=uuid4())], Outcome.COMPLETE) == 1
    assert Phase.objects.get().state == "EXECUTING"
