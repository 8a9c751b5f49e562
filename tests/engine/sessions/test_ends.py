"""The end of a drain: the work that keeps it going, the phases left out, and the drains of others."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from drain.engine.sessions import closing
from drain.engine.sessions.closing import close_if_over, end_session
from drain.engine.sessions.scope import SessionScope
from drain.models import (
    Candidate,
    Dependency,
    DrainSession,
    ExecutorProfile,
    Hold,
    Phase,
    SessionRun,
)
from drain.models.vocabulary import SessionState
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import FUTURE, PAST, HandDrain, failed_run
from tests.engine.attempts.meetings import held_up
from tests.factories import CandidateFactory, ExecutorFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def executor() -> ExecutorProfile:
    """The default executor, which this host can run."""
    return ExecutorFactory()


def state(drain: HandDrain) -> str:
    drain.session.refresh_from_db()
    return drain.session.state


def hold(value: str = "a", **changes: Any) -> None:
    values = {"kind": "run", "reason": "x", "created_by": "x", "origin": "command", **changes}
    Hold.objects.create(value=value, **values)


def of(*runs: str) -> SessionScope:
    return SessionScope(run_ids=runs)


def left(drain: HandDrain) -> dict[str, str]:
    """Phases with the reason by which they are out of the plan, or their state in it."""
    found = Candidate.objects.filter(session=drain.session)
    rows = found.values_list("phase__phase_id", "status", "reason")
    return {phase: reason or status for phase, status, reason in rows}


@pytest.mark.parametrize(
    ("value", "changes", "over"),
    [
        ("ab", {}, True),
        ("a", {"kind": "prefix"}, True),
        ("a", {}, False),
        ("b", {"kind": "prefix"}, False),
        ("ab", {"released_at": PAST}, False),
        ("ab", {"until": PAST}, False),
        ("ab", {"until": FUTURE}, True),
    ],
)
def test_a_drain_whose_rest_is_on_hold_is_over_and_one_that_could_go_on_is_not(
    value: str, changes: dict[str, Any], over: bool
) -> None:
    failed_run("ab", 2)
    failed_run("z")
    drain, other = HandDrain(of("ab")), HandDrain(of("z"))
    hold(value, **changes)
    assert close_if_over(drain.session.pk, "w") is over
    assert state(drain) == ("finished" if over else "running")
    assert set(left(drain).values()) == {"run_held" if over else "waiting"}
    assert (state(other), left(other)) == ("running", {"z0": "waiting"})


def test_force_leaves_nothing_out_for_a_hold() -> None:
    failed_run("a")
    drain = HandDrain(SessionScope(force=True))
    hold()
    assert not close_if_over(drain.session.pk, "w")


def test_one_run_that_can_go_on_keeps_the_drain_and_what_another_holds() -> None:
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    hold()
    assert not close_if_over(drain.session.pk, "w")
    assert left(drain) == {"a0": "waiting", "b0": "waiting"}


def test_what_runs_keeps_its_drain_and_no_other_with_all_that_waits() -> None:
    failed_run("a", 2, most=1)
    failed_run("b")
    drain, other = HandDrain(of("a")), HandDrain(of("b"))
    (running,) = drain.start()
    hold("a")
    hold("b")
    assert not close_if_over(drain.session.pk, "w")
    assert left(drain) == {"a0": "running", "a1": "waiting"}
    assert close_if_over(other.session.pk, "w")
    assert (state(other), left(other)) == ("finished", {"b0": "run_held"})
    drain.end([running], Outcome.COMPLETE)
    assert close_if_over(drain.session.pk, "w")
    assert left(drain) == {"a0": "done", "a1": "run_held"}


@pytest.mark.parametrize("rests", ["paused", "interrupted", "planned", "cancelled"])
def test_a_drain_that_rests_is_left_alone_whatever_waits(rests: str) -> None:
    failed_run("a")
    drain = HandDrain()
    hold()
    over = None if rests in ("paused", "planned") else timezone.now()
    DrainSession.objects.update(state=rests, ended_at=over)
    assert not close_if_over(drain.session.pk, "w")
    assert (state(drain), left(drain)) == (rests, {"a0": "waiting"})


@pytest.mark.parametrize(("cancel", "ends"), [(False, "stopped"), (True, "cancelled")])
def test_a_drain_that_stops_ends_as_it_was_asked_to_and_keeps_its_plan(
    cancel: bool, ends: str
) -> None:
    failed_run("a")
    drain = HandDrain()
    DrainSession.objects.update(state="stopping", cancel_requested=cancel)
    assert close_if_over(drain.session.pk, "w")
    assert (state(drain), left(drain)) == (ends, {"a0": "waiting"})


# a needs b, both wait in the drain, b is on hold: then both are left out. What changes that?
@pytest.mark.parametrize(
    ("need", "candidate", "over", "reason"),
    [
        ({}, {}, True, "waits_for_dependency"),
        ({"state": "COMPLETE"}, {}, False, "waiting"),
        ({"state": "SKIPPED"}, {}, False, "waiting"),
        ({}, {"status": "excluded", "reason": "leased"}, False, "waiting"),
        ({}, {"session": "another"}, False, "waiting"),
    ],
)
def test_what_waits_for_a_phase_that_waits_itself_for_ever_is_left_out(
    need: dict[str, Any], candidate: dict[str, Any], over: bool, reason: str
) -> None:
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    phase, needed = Phase.objects.order_by("pk")
    Dependency.objects.create(phase=phase, prerequisite=needed)
    hold("b")
    Phase.objects.filter(pk=needed.pk).update(**need)
    if candidate.get("session"):
        candidate = {"session": SessionFactory()}
    Candidate.objects.filter(phase=needed).update(**candidate)
    assert close_if_over(drain.session.pk, "w") is over
    assert left(drain)["a0"] == reason


def test_what_is_left_out_says_what_it_waits_for_or_that_it_is_held() -> None:
    failed_run("a", 2)
    failed_run("b")
    drain = HandDrain()
    a0, a1, b0 = Phase.objects.order_by("phase_id")
    for phase, need in ((a0, a1), (b0, a0)):
        Dependency.objects.create(phase=phase, prerequisite=need)
    Candidate.objects.filter(phase=a1).update(status="done")
    hold("a")
    other = CandidateFactory(session=SessionFactory(), phase=a0, status="waiting")
    assert close_if_over(drain.session.pk, "w")
    assert left(drain) == {"a0": "run_held", "a1": "done", "b0": "waits_for_dependency"}
    assert "waits for a0" in Candidate.objects.get(session=drain.session, phase=b0).detail
    other.refresh_from_db()
    assert other.status == "waiting"


def test_counts_of_rows_that_were_deleted_are_forgotten_in_that_drain_alone() -> None:
    for name in "abcd":
        failed_run(name)
    drain, other = HandDrain(of("a", "b", "d")), HandDrain(of("c"))
    Candidate.objects.filter(phase__phase_id__in=("a0", "c0")).delete()
    Candidate.objects.filter(phase__phase_id="d0").update(status="done")
    assert not close_if_over(drain.session.pk, "w")
    waiting = dict(SessionRun.objects.values_list("run__run_id", "waiting"))
    assert waiting == {"a": 0, "b": 1, "c": 1, "d": 0}
    assert state(other) == "running"


def test_what_has_ended_is_not_named_as_what_is_waited_for() -> None:
    failed_run("a")
    drain = HandDrain()
    done = failed_run("done").phases.get()
    Phase.objects.filter(pk=done.pk).update(state="COMPLETE")
    Dependency.objects.create(phase=Phase.objects.get(phase_id="a0"), prerequisite=done)
    closing._exclude_rest(drain.session.pk)
    assert left(drain) == {"a0": "run_held"}


@pytest.mark.parametrize("drifted", ["nothing waits of it", "nothing of it is counted"])
def test_what_no_claim_would_offer_keeps_no_drain(drifted: str) -> None:
    failed_run("a")
    drain = HandDrain()
    if drifted == "nothing waits of it":
        Candidate.objects.update(status="done")
    else:
        SessionRun.objects.update(waiting=0)
    assert close_if_over(drain.session.pk, "w")


def test_a_sample_of_which_one_has_ended_and_one_is_gone_has_ended() -> None:
    failed_run("a", 3)
    drain = HandDrain(sample=2, sample_passes=2)
    first, gone, _ = Candidate.objects.order_by("position")
    Candidate.objects.filter(pk=first.pk).update(status="done")
    gone.delete()
    DrainSession.objects.update(sample_ended=1, sample_passed=1)
    close_if_over(drain.session.pk, "w")
    assert (state(drain), drain.session.stop_reason) == ("stopping", "sample_failed")


@pytest.mark.parametrize(
    ("sample", "gone", "ended", "stops"),
    [
        (1, ["a0"], 0, True),
        (1, ["a1"], 0, False),
        (1, ["a0"], 1, False),
        (2, ["a0"], 0, False),
        (3, ["a0", "a1"], 0, False),
    ],
)
def test_a_sample_whose_rows_are_gone_is_not_waited_for_and_no_other_is_dropped(
    sample: int, gone: list[str], ended: int, stops: bool
) -> None:
    failed_run("a", 3)
    drain = HandDrain(sample=sample, sample_passes=1)
    CandidateFactory(session=SessionFactory(), status="waiting", position=1)
    Candidate.objects.filter(phase__phase_id__in=gone).delete()
    Candidate.objects.filter(phase__phase_id="a2").update(position=10**9)
    DrainSession.objects.update(sample_ended=ended, sample_passed=ended)
    close_if_over(drain.session.pk, "w")
    assert (state(drain) == "stopping") is stops
    assert drain.session.sample_ended == ended + stops


@pytest.mark.parametrize("was", ["finished", "stopped", "interrupted", "refused"])
def test_what_has_ended_ends_once(was: str) -> None:
    session = SessionFactory(state=was)
    assert not end_session(session.pk, SessionState.FINISHED, "w")
    session.refresh_from_db()
    assert session.state == was


def test_books_are_not_closed_over_what_runs() -> None:
    failed_run("a")
    failed_run("b")
    drain, other = HandDrain(of("a")), HandDrain(of("b"))
    drain.start()
    DrainSession.objects.update(state="stopping", cancel_requested=True)
    assert not end_session(drain.session.pk, SessionState.CANCELLED, "w")
    assert end_session(other.session.pk, SessionState.CANCELLED, "w")
    assert (state(drain), state(other)) == ("stopping", "cancelled")


@pytest.mark.django_db(transaction=True)
def test_books_are_not_closed_over_what_starts_at_the_same_moment() -> None:
    failed_run("a")
    drain = HandDrain()
    with held_up(lambda: end_session(drain.session.pk, SessionState.FINISHED, "w")) as closed:
        assert drain.names() == ["a0"]
    assert not closed()
    assert state(drain) == "running"


@pytest.mark.django_db(transaction=True)
def test_what_is_offered_again_at_the_same_moment_is_left_out_too() -> None:
    failed_run("a", 2, most=1)
    drain = HandDrain(max_attempts_per_phase=3)
    running = drain.start()
    hold("a")
    with held_up(lambda: closing._exclude_rest(drain.session.pk)):
        drain.end(running, Outcome.RETRYABLE)
    assert left(drain) == {"a0": "run_held", "a1": "run_held"}
