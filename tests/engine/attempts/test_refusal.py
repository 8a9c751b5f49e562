"""The claim of a single phase: it starts, waits, or leaves the plan for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from drain.engine.sessions.scope import SessionScope
from drain.models import (
    Candidate,
    Dependency,
    ExecutorProfile,
    Phase,
    SessionFingerprint,
    SessionRun,
    Source,
)
from drain.policy.states import Outcome
from drain.policy.stopping.limits import QueuedPolicy
from tests.engine.attempts.hand_drain import PAST, HandDrain, failed_run, put_off
from tests.factories import CandidateFactory, ExecutorFactory, FingerprintFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def executor() -> ExecutorProfile:
    """The default executor, which this host can run."""
    return ExecutorFactory()


# One phase needs another; `there` is what has become of that.
@pytest.mark.parametrize(
    ("state", "scope", "limits", "starts", "reason"),
    [
        ("COMPLETE", {}, {}, True, ""),
        ("SKIPPED", {}, {}, True, ""),
        ("QUEUED", {}, {}, False, "waits_for_queued"),
        ("QUEUED", {}, {"queued_policy": QueuedPolicy.IGNORE}, True, ""),
        ("EXECUTING", {}, {"queued_policy": QueuedPolicy.IGNORE}, False, "waits_for_queued"),
        ("EXECUTING", {}, {}, False, "waits_for_queued"),
        ("FAILED", {}, {}, False, "waits_for_dependency"),
        ("FAILED", {"force": True}, {}, True, ""),
    ],
)
def test_a_phase_starts_only_if_what_it_needs_has_ended_well(
    state: str, scope: dict[str, Any], limits: dict[str, Any], starts: bool, reason: str
) -> None:
    failed_run("a")
    drain = HandDrain(SessionScope(**scope), **limits)
    failed_run("need")
    Phase.objects.filter(phase_id="need0").update(state=state)
    phase, need = Phase.objects.order_by("pk")
    Dependency.objects.create(phase=phase, prerequisite=need)
    assert drain.names() == (["a0"] if starts else [])
    assert Candidate.objects.get().reason == reason


@pytest.mark.parametrize("already", ["waits", "runs"])
def test_a_phase_waits_for_one_that_its_drain_still_runs_or_has_to_run(already: str) -> None:
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    phase, need = Phase.objects.order_by("pk")
    if already == "runs":
        put_off(phase=phase)
        assert drain.names() == ["b0"]
        Candidate.objects.update(not_before=PAST)
        SessionRun.objects.update(not_before=PAST)
    else:
        put_off(phase=need)
    Dependency.objects.create(phase=phase, prerequisite=need)
    assert drain.names() == []
    assert Candidate.objects.get(phase=phase).status == "waiting"
    assert SessionRun.objects.get(run__run_id="a").waiting == 1


def test_what_another_drain_has_to_run_is_not_waited_for() -> None:
    failed_run("a")
    drain = HandDrain()
    failed_run("b")
    phase, need = Phase.objects.order_by("pk")
    CandidateFactory(session=SessionFactory(), phase=need, status="waiting")
    Dependency.objects.create(phase=phase, prerequisite=need)
    assert drain.names() == []
    assert Candidate.objects.get(phase=phase).reason == "waits_for_dependency"


def test_a_phase_of_the_sample_that_is_put_back_for_a_moment_has_not_left_it() -> None:
    failed_run("a")
    failed_run("b", 2)
    drain = HandDrain(sample=2, sample_passes=2)
    phase, need, _ = Phase.objects.order_by("pk")
    Dependency.objects.create(phase=phase, prerequisite=need)
    put_off(phase=need)
    assert drain.names() == []
    drain.session.refresh_from_db()
    assert (drain.session.state, drain.session.sample_ended) == ("running", 0)


def test_a_phase_that_needs_one_that_nobody_here_runs_does_not_wait_for_another_that_somebody_does() -> (
    None
):
    failed_run("a")
    failed_run("b")
    drain = HandDrain()
    failed_run("c")
    phase, ours, nobodys = Phase.objects.order_by("pk")
    put_off(phase=ours)
    for need in (ours, nobodys):
        Dependency.objects.create(phase=phase, prerequisite=need)
    assert drain.names() == []
    assert Candidate.objects.get(phase=phase).reason == "waits_for_dependency"


@pytest.mark.parametrize(
    ("kind", "place", "scope", "limits", "starts"),
    [
        ("autopack", 0, {}, {}, False),
        ("autopack", 9, {}, {}, True),
        ("files", 0, {}, {}, True),
        ("autopack", 0, {"force": True}, {}, True),
        ("autopack", 0, {}, {"queued_policy": QueuedPolicy.IGNORE}, True),
    ],
)
def test_a_phase_of_autopack_waits_for_the_queued_one_that_autopack_would_run_first(
    kind: str, place: int, scope: dict[str, Any], limits: dict[str, Any], starts: bool
) -> None:
    run = failed_run("a", source=Source.objects.create(name="s", kind=kind))
    Phase.objects.update(phase_index=5)
    drain = HandDrain(SessionScope(**scope), **limits)
    Phase.objects.create(run=run, phase_id="queued", phase_index=place, state="QUEUED")
    assert drain.names() == (["a0"] if starts else [])


def test_what_is_queued_in_another_run_of_its_source_holds_no_phase_back() -> None:
    source = Source.objects.create(name="s", kind="autopack")
    failed_run("a", source=source)
    other = failed_run("b", source=source)
    Phase.objects.filter(run=other).delete()
    Phase.objects.update(phase_index=5)
    drain = HandDrain()
    Phase.objects.create(run=other, phase_id="queued", phase_index=0, state="QUEUED")
    assert drain.names() == ["a0"]


def test_what_its_lost_attempt_may_have_left_is_named_to_the_next_one_and_only_then() -> None:
    failed_run("a", 2)
    drain = HandDrain(max_attempts_per_phase=3)
    lost, again = drain.start()
    drain.end([lost], Outcome.LOST)
    drain.end([again], Outcome.INTERRUPTED)
    Candidate.objects.update(not_before=PAST)
    SessionRun.objects.update(not_before=PAST)
    claims = {each.phase_id: each.lost_claim for each in drain.start()}
    assert claims == {"a0": f"w.{lost.lease.hex}", "a1": ""}


@pytest.mark.parametrize(
    ("changes", "scope", "starts"),
    [
        ({}, {}, False),
        ({"count": 1}, {}, True),
        ({"key": "other"}, {}, True),
        ({"run_pk": 7}, {}, True),
        ({"session": "another"}, {}, True),
        ({}, {"force": True}, True),
    ],
)
def test_a_cause_that_came_too_often_in_this_session_leaves_its_phases_alone(
    changes: dict[str, Any], scope: dict[str, Any], starts: bool
) -> None:
    failed_run("a")
    Phase.objects.update(last_fingerprint="k")
    drain = HandDrain(SessionScope(**scope), max_session_fingerprint_repeats=2)
    values = {"session": drain.session, "run_pk": 0, "key": "k", "count": 2, **changes}
    if values["session"] == "another":
        values["session"] = SessionFactory()
    SessionFingerprint.objects.create(**values)
    assert drain.names() == (["a0"] if starts else [])


@pytest.mark.parametrize(
    ("keys", "starts"), [({"k": 2}, True), ({"b": 1, "c": 1}, False), ({"b": 1, "d": 1}, True)]
)
def test_what_was_merged_with_its_failure_counts_against_a_phase(
    keys: dict[str, int], starts: bool
) -> None:
    failed_run("a")
    top = FingerprintFactory(key="c")
    middle = FingerprintFactory(key="b", merged_into=top)
    FingerprintFactory(key="a", merged_into=middle)
    FingerprintFactory(key="d")
    Phase.objects.update(last_fingerprint="a")
    drain = HandDrain(max_session_fingerprint_repeats=2)
    for key, count in keys.items():
        SessionFingerprint.objects.create(session=drain.session, run_pk=0, key=key, count=count)
    assert drain.names() == (["a0"] if starts else [])


@pytest.mark.parametrize(
    ("state", "lease", "attempts", "reason"),
    [
        ("EXECUTING", True, 0, "leased"),
        ("COMPLETE", False, 0, "no_longer_failed"),
        ("QUEUED", False, 0, "no_longer_failed"),
        ("FAILED", False, 1, "leased"),
    ],
)
def test_a_phase_that_something_happened_to_since_the_plan_is_left_out(
    state: str, lease: bool, attempts: int, reason: str
) -> None:
    failed_run("a", 2)
    drain = HandDrain()
    owner = "0" * 32 if lease else None
    phase = Phase.objects.filter(phase_id="a0")
    phase.update(state=state, lease_owner=owner, attempts=attempts)
    assert drain.names() == ["a1"]
    left = Candidate.objects.get(phase__phase_id="a0")
    assert (left.status, left.reason) == ("excluded", reason)
    other = Candidate.objects.get(phase__phase_id="a1")
    assert (other.status, other.reason) == ("running", "")


def test_a_phase_of_the_sample_that_is_left_out_is_not_waited_for() -> None:
    failed_run("a", 4)
    drain = HandDrain(sample=2, sample_passes=2)
    Phase.objects.filter(phase_id="a0").update(state="COMPLETE")
    (other,) = drain.start()
    drain.end([other], Outcome.COMPLETE)
    drain.session.refresh_from_db()
    assert (other.phase_id, drain.session.stop_reason) == ("a1", "sample_failed")


@pytest.mark.parametrize(
    ("scope", "limits", "starts"),
    [
        ({}, {"max_lifetime_attempts": 5}, ["a0"]),
        ({}, {"max_lifetime_attempts": 4}, []),
        ({"force": True}, {"max_lifetime_attempts": 4}, ["a0"]),
        ({}, {}, ["a0"]),
    ],
)
def test_a_phase_that_is_offered_again_ends_with_its_last_attempt_over_all_drains(
    scope: dict[str, Any], limits: dict[str, Any], starts: list[str]
) -> None:
    failed_run("a")
    Phase.objects.update(attempts=3)
    drain = HandDrain(SessionScope(**scope), max_attempts_per_phase=9, **limits)
    drain.end(drain.start(), Outcome.RETRYABLE)
    Candidate.objects.update(not_before=PAST)
    SessionRun.objects.update(not_before=PAST)
    assert drain.names() == starts
    if not starts:
        left = Candidate.objects.get()
        assert (left.reason, left.detail) == (
            "lifetime_exhausted",
            "4 of 4 attempts over all drains",
        )
