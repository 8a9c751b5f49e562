"""The ramp and the delay of an executor: over all drains, whoever ends or loses an attempt,
exact with two loops.
"""

from __future__ import annotations

import math

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.engine.attempts import pace
from drain.engine.attempts.started import StartedAttempt
from drain.engine.rescue import rescue
from drain.engine.workers.executors import change_profile
from drain.models import Attempt, ExecutorProfile
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.attempts.test_pace import later, of, together
from tests.factories import ExecutorFactory

BY = Person("ann", Origin.COMMAND)
MOST = 6


def step() -> tuple[int, int, int]:
    """Size of the ramp, ends of its step, failures of these."""
    found = ExecutorProfile.objects.filter(is_default=True)
    return found.values_list("ramp_size", "ramp_ended", "ramp_failed").get()


def two_drains(phases: int = 40, ramp: float | None = 0.5) -> list[HandDrain]:
    ExecutorFactory(name="jobs", ramp=ramp, max_parallel=MOST)
    for name in "ab":
        failed_run(name, phases, most=1000)
    return [HandDrain(of(name), max_fingerprint_repeats=1000) for name in "ab"]


@pytest.mark.django_db
def test_a_ramp_counts_over_all_drains_and_begins_anew_when_too_many_fail() -> None:
    first, second = two_drains()
    sizes = []
    for outcome in (Outcome.COMPLETE, Outcome.COMPLETE, Outcome.COMPLETE, Outcome.FAILED):
        begun, more = first.start(2), second.start()
        assert first.start() == second.start() == []
        assert first.rounds.wait == math.inf, "it waits for an end, not for the clock"
        sizes.append(len(begun) + len(more))
        first.end(begun, outcome)
        second.end(more, outcome)
    assert sizes == [1, 2, 4, 6]
    assert step() == (1, 0, 0)
    assert len(second.start()) == 1


_ACTS = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 8),
        st.sampled_from([Outcome.COMPLETE, Outcome.COMPLETE, Outcome.FAILED, Outcome.SKIPPED]),
    ),
    max_size=12,
)


@pytest.mark.verify
@pytest.mark.django_db
@settings(max_examples=20, deadline=None)
@given(_ACTS)
def test_two_drains_start_what_a_small_model_of_the_ramp_says(
    acts: list[tuple[int, int, Outcome]],
) -> None:
    with transaction.atomic():
        _follow(acts)
        transaction.set_rollback(True)


def _follow(acts: list[tuple[int, int, Outcome]]) -> None:
    drains = two_drains(150)
    size, ended, failed = 1, 0, 0
    running: list[tuple[HandDrain, StartedAttempt]] = []
    for which, count, outcome in acts:
        drain = drains[which]
        begun = drain.start(count)
        assert len(begun) == max(0, min(count, min(size, MOST) - len(running)))
        running += [(drain, each) for each in begun]
        ending, running = running[: count // 2 + 1], running[count // 2 + 1 :]
        for owner, each in ending:
            owner.end([each], outcome)
            if outcome is Outcome.SKIPPED:
                continue
            ended, failed = ended + 1, failed + (outcome is Outcome.FAILED)
            if ended == size:
                size = min(2 * size, MOST) if failed / ended < 0.5 else 1
                ended, failed = 0, 0
        assert step() == (size, ended, failed)


@pytest.mark.django_db
def test_what_other_executors_run_moves_no_ramp_and_is_held_by_none() -> None:
    ExecutorFactory(ramp=0.5, max_parallel=MOST)
    failed_run("a", 9)
    failed_run("b", 9, executor=ExecutorFactory(is_default=False))
    failed_run("c", 9, executor=ExecutorFactory(is_default=False, max_parallel=9))
    mine, *others = (HandDrain(of(name)) for name in "abc")
    for other in others:
        begun = other.start()
        assert len(begun) == 9
        other.end(begun, Outcome.COMPLETE)
    assert step() == (1, 0, 0)
    assert len(mine.start()) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("outcome", [Outcome.INTERRUPTED, Outcome.RETRYABLE, Outcome.SKIPPED])
def test_what_says_nothing_of_how_well_it_goes_moves_no_ramp(outcome: Outcome) -> None:
    first, second = two_drains()
    first.end(first.start(), outcome)
    assert step() == (1, 0, 0)
    assert len(second.start()) == 1


@pytest.mark.django_db
def test_an_attempt_that_is_lost_with_its_worker_has_failed_for_the_ramp_and_only_once() -> None:
    first, second = two_drains()
    first.end(first.start(), Outcome.COMPLETE)
    begun = first.start()
    assert (len(begun), step()) == (2, (2, 0, 0))
    later(3600)
    assert rescue().attempts == 2
    assert step() == (1, 0, 0)
    first.end(begun, Outcome.COMPLETE)
    assert step() == (1, 0, 0), "what comes too late was counted"
    assert len(second.start()) == 1


@pytest.mark.django_db
def test_another_share_begins_the_ramp_anew_and_other_changes_leave_it() -> None:
    first, _ = two_drains()
    first.end(first.start(), Outcome.COMPLETE)
    change_profile("jobs", {"max_parallel": 4}, BY, "fewer")
    assert step() == (2, 0, 0)
    change_profile("jobs", {"ramp": 0.2}, BY, "stricter")
    assert step() == (1, 0, 0)


@pytest.mark.django_db
def test_the_narrowest_of_two_ramps_and_the_most_at_once_holds() -> None:
    first, _ = two_drains()
    failed_run("c", 9)
    ExecutorProfile.objects.update(ramp_size=4)
    slow = HandDrain(of("c"), ramp=0.5)
    assert len(slow.start()) == 1
    assert len(first.start()) == 3
    ExecutorProfile.objects.update(ramp_size=64)
    assert len(first.start()) == 2


@pytest.mark.django_db
def test_an_end_without_any_ramp_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = two_drains(ramp=None)
    begun = first.start()
    asked: list[object] = []
    monkeypatch.setattr(pace, "rows", lambda *given: asked.append(given))
    first.end(begun, Outcome.COMPLETE)
    assert asked == []


@pytest.mark.django_db
def test_a_run_waits_between_its_attempts_in_every_drain_and_other_executors_do_not() -> None:
    ExecutorFactory(run_delay_seconds=30)
    failed_run("a", 6)
    failed_run("b", 3, executor=ExecutorFactory(is_default=False))
    first, second, other = HandDrain(of("a"), batch_size=2), HandDrain(of("a")), HandDrain(of("b"))
    begun = first.start()
    assert len(begun) == 1
    assert (len(second.start()), len(other.start())) == (0, 3)
    first.end(begun, Outcome.COMPLETE)
    later(29)
    assert first.start() == second.start() == []
    later(2)
    assert len(second.start()) == 1
    assert first.start() == []


@pytest.mark.django_db
def test_the_longer_of_two_delays_holds() -> None:
    ExecutorFactory(run_delay_seconds=30)
    failed_run("a", 4)
    slow = HandDrain(run_delay_seconds=60)
    slow.end(slow.start(), Outcome.COMPLETE)
    later(31)
    assert slow.names() == []
    later(30)
    assert slow.names() == ["a1"]


@pytest.mark.django_db(transaction=True)
def test_two_loops_at_the_same_moment_never_run_more_than_the_ramp_lets() -> None:
    first, second = two_drains()
    size = 1
    for _ in range(5):
        together(first.start, second.start)
        assert Attempt.objects.filter(finished_at=None).count() == size
        for drain in (first, second):
            drain.end(drain.rounds.begun, Outcome.COMPLETE)
        size = min(2 * size, MOST)
        assert step() == (size, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_loops_whose_attempts_end_at_the_same_moment_are_both_counted() -> None:
    first, second = two_drains()
    ExecutorProfile.objects.update(ramp_size=2)
    for _ in range(6):
        ends = [(drain, drain.start(1)) for drain in (first, second)]
        together(*(lambda one=one: one[0].end(one[1], Outcome.COMPLETE) for one in ends))
        assert step() == (4, 0, 0)
        ExecutorProfile.objects.update(ramp_size=2)


@pytest.mark.django_db(transaction=True)
def test_two_loops_at_the_same_moment_keep_a_run_s_delay() -> None:
    ExecutorFactory(run_delay_seconds=30)
    failed_run("a", 30)
    drains = [HandDrain(of("a"), batch_size=10), HandDrain(of("a"), batch_size=20)]
    for number in range(1, 5):
        together(*(drain.start for drain in drains))
        assert Attempt.objects.count() == number
        for drain in drains:
            drain.end(drain.rounds.begun, Outcome.COMPLETE)
        later(31)
