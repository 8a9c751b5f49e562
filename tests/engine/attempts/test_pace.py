"""Pace in the claim: starts a minute of a drain and of an executor, a ramp, a delay within a run;
exact with two workers.
"""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from drain.engine.attempts import pace
from drain.engine.loop import Loop
from drain.engine.sessions.scope import SessionScope
from drain.models import Attempt, DrainSession, ExecutorProfile
from drain.policy.pace import windows
from drain.policy.states import Outcome
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.conftest import Backlog
from tests.factories import ExecutorFactory


def later(seconds: float) -> None:
    """Let all that was done so far be so many seconds older."""
    for each in Attempt.objects.all():
        changes = {"started_at": each.started_at - timedelta(seconds=seconds)}
        if each.finished_at:
            changes["finished_at"] = each.finished_at - timedelta(seconds=seconds)
        Attempt.objects.filter(pk=each.pk).update(**changes)


def of(run: str) -> SessionScope:
    return SessionScope(run_ids=(run,))


@pytest.mark.django_db
def test_a_drain_starts_so_many_a_minute_evenly() -> None:
    ExecutorFactory()
    failed_run("a", 9)
    drain = HandDrain(starts_per_minute=3)
    assert drain.names() == ["a0"]
    assert drain.names() == []
    later(19)
    assert drain.names() == []
    later(2)
    assert drain.names() == ["a1"]
    assert drain.names() == []
    assert 0 < drain.rounds.wait <= 20


@pytest.mark.django_db
def test_a_fast_pace_comes_in_second_s_worths_and_never_above_the_minute() -> None:
    ExecutorFactory()
    failed_run("a", 200, most=1000)
    drain = HandDrain(starts_per_minute=120, parallel=1000)
    assert [len(drain.names(50)), len(drain.names(50))] == [2, 0]
    later(59)
    assert len(drain.names(1)) == 1
    Attempt.objects.update(started_at=timezone.now() - timedelta(seconds=1.5))
    assert len(drain.names(50)) == 2


@pytest.mark.django_db
def test_an_executor_s_starts_count_over_all_drains_and_leave_other_executors_alone() -> None:
    ExecutorFactory(starts_per_minute=60)
    failed_run("a", 5)
    failed_run("b", 5)
    failed_run("c", 2, executor=ExecutorFactory(is_default=False))
    first = HandDrain(of("a"))
    second, third = HandDrain(of("b")), HandDrain(of("c"))
    assert first.names() == ["a0"]
    assert second.names() == []
    assert second.rounds.wait <= 1
    assert third.names() == ["c0", "c1"]
    later(1.1)
    assert second.names() == ["b0"]
    assert first.names() == []


@pytest.mark.django_db
def test_what_another_drain_starts_is_no_start_of_this_one() -> None:
    ExecutorFactory()
    failed_run("a")
    failed_run("b", 5)
    first, second = (HandDrain(of(name), starts_per_minute=1) for name in "ab")
    assert second.names() == ["b0"]
    assert first.names() == ["a0"]


@pytest.mark.django_db
def test_what_another_executor_starts_is_no_start_of_this_one() -> None:
    ExecutorFactory(starts_per_minute=1)
    failed_run("a", 2)
    failed_run("b", 2, executor=ExecutorFactory(is_default=False))
    assert HandDrain(of("b")).names() == ["b0", "b1"]
    assert HandDrain(of("a")).names() == ["a0"]


@pytest.mark.django_db
def test_an_executor_has_its_limit_beside_its_pace_and_for_runs_that_it_is_the_default_of() -> None:
    ExecutorFactory(starts_per_minute=600, max_parallel=1)
    failed_run("a", 5)
    drain = HandDrain()
    assert [drain.names(), drain.names()] == [["a0"], []]
    ExecutorProfile.objects.update(starts_per_minute=60)
    drain.rounds.host.refresh()
    assert drain.names() == []
    assert drain.rounds.wait == float("inf"), "it waits for an end, not for the clock"


@pytest.mark.django_db
def test_a_ramp_doubles_while_it_goes_well_and_begins_anew_when_it_does_not() -> None:
    ExecutorFactory()
    failed_run("a", 40)
    drain = HandDrain(ramp=0.5, parallel=6, max_fingerprint_repeats=1000)
    sizes = []
    for outcome in (Outcome.COMPLETE, Outcome.COMPLETE, Outcome.COMPLETE, Outcome.FAILED):
        begun = drain.start()
        assert drain.start() == []
        sizes.append(len(begun))
        drain.end(begun, outcome)
    assert sizes == [1, 2, 4, 6]
    assert len(drain.start()) == 1
    drain.session.refresh_from_db()
    assert (drain.session.ramp, drain.session.ramp_ended) == (1, 0)


@pytest.mark.django_db
def test_what_was_put_back_untouched_moves_no_ramp() -> None:
    ExecutorFactory()
    failed_run("a", 4)
    drain = HandDrain(ramp=0.5)
    drain.end(drain.start(), Outcome.INTERRUPTED)
    assert len(drain.start()) == 1


@pytest.mark.django_db
def test_a_run_waits_between_its_attempts_and_other_runs_do_not() -> None:
    ExecutorFactory()
    failed_run("a", 3)
    failed_run("b", 3)
    drain = HandDrain(run_delay_seconds=30)
    begun = drain.start()
    assert [each.phase_id for each in begun] == ["a0", "b0"]
    assert drain.names() == []
    drain.end(begun[:1], Outcome.COMPLETE)
    assert drain.names() == []
    later(31)
    assert drain.names() == ["a1"], "b0 still runs"


@pytest.mark.django_db
def test_no_pace_holds_nothing_back_and_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(pace, "rows", lambda *given: asked.append(given))
    ExecutorFactory()
    failed_run("a", 10)
    drain = HandDrain()
    assert len(drain.start()) == 10
    assert drain.rounds.wait == float("inf")
    assert asked == []


def together(*acts) -> None:
    """Both at once, each on a connection of its own."""
    gate = Barrier(len(acts))

    def run(act) -> None:
        gate.wait()
        try:
            act()
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join(120)
        assert not each.is_alive()


@pytest.mark.django_db(transaction=True)
def test_two_workers_of_two_drains_share_an_executor_s_pace_exactly() -> None:
    ExecutorFactory(starts_per_minute=60)
    drains = []
    for name in "ab":
        failed_run(name, 30)
        drains.append(HandDrain(of(name)))
    for number in range(1, 6):
        together(*(drain.start for drain in drains))
        assert Attempt.objects.count() == number
        later(1.0)


@pytest.mark.verify
@pytest.mark.django_db(transaction=True)
def test_two_loops_keep_the_pace_of_one_drain_by_the_clock(backlog: Backlog) -> None:
    backlog.executor(":")
    ExecutorProfile.objects.update(starts_per_minute=None)
    backlog.run("r", 36, max_parallel=36)
    session = backlog.session(parallel=36, starts_per_minute=720)
    DrainSession.objects.update(inline=False)
    together(*([lambda: Loop(20).run()] * 2))
    session.refresh_from_db()
    times = sorted(at.timestamp() for at in Attempt.objects.values_list("started_at", flat=True))
    assert (session.state, len(times)) == ("finished", 36)
    for most, seconds in windows(720):
        for end in times:
            assert sum(0 <= end - at < seconds for at in times) <= most
    # Two whole parts of a second lie between the first and the last of 36 that come by twelves.
    assert times[-1] - times[0] >= 2.0
