"""Step by step: a job stopped by a person, a worker's end or its time, and what its attempt came to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drain.engine.executions.remote import timing
from drain.engine.executions.remote.service import (
    JobState,
    LogPart,
    ServiceError,
    Status,
    UnknownJobError,
)
from drain.engine.process.ended import Command
from drain.policy.states import Outcome
from tests.engine.executions.played import SUCCEEDED, Played, away

Play = Callable[..., Played]
STOPPED = Status(JobState.STOPPED)
FORGOTTEN = UnknownJobError("it knows no such job", gone=True)


def test_a_job_that_is_forgotten_while_it_is_ordered_to_stop_has_stopped(running: Played) -> None:
    running.service.answers["ask"] = FORGOTTEN
    running.clock.now += 10
    running.one.poll(())
    running.pool.begin()
    running.one.stop(Command.CANCEL)
    running.goes_on()
    assert running.ends(1).outcome is Outcome.CANCELLED
    assert "cancel" in running.service.calls


@pytest.mark.parametrize(
    ("command", "seconds", "outcome"),
    [(Command.CANCEL, 60, Outcome.CANCELLED), (None, 60, Outcome.TIMEOUT)],
)
def test_a_job_that_was_not_seen_to_stop_is_named_and_one_that_was_is_not(
    running: Played, command: Command | None, seconds: float, outcome: Outcome
) -> None:
    if command is None:
        running.clock.now += 3600
        running.one.poll(())
    else:
        running.one.stop(command)
    assert running.goes_on() == ["cancel", "ask"]
    assert running.goes_on(seconds - 1) == ["cancel", "ask"]
    assert running.one.result() is None
    decision = running.ends(2)
    assert decision.outcome is outcome
    words = "the service at http://jobs.example has not said that its job job-1 stopped"
    assert words in decision.reason


def test_a_job_that_was_seen_to_stop_is_cancelled_and_no_more(running: Played) -> None:
    running.one.stop(Command.CANCEL)
    running.service.answers["ask"] = STOPPED
    decision = running.ends()
    assert (decision.outcome, decision.reason) == (Outcome.CANCELLED, "cancelled while it ran")


def test_a_worker_that_ends_leaves_what_it_cannot_stop_to_whoever_takes_it_over(
    running: Played,
) -> None:
    running.one.stop(Command.INTERRUPT)
    running.goes_on()
    patience = timing.STOP_PATIENCE[Command.INTERRUPT]
    running.goes_on(patience - 1)
    assert not running.one.goes_on
    assert running.goes_on(2) == []
    assert (running.one.goes_on, running.one.result()) == (True, None)


def test_a_worker_that_ends_in_time_has_interrupted_what_stopped(running: Played) -> None:
    running.one.stop(Command.INTERRUPT)
    running.service.answers["ask"] = STOPPED
    assert running.ends().outcome is Outcome.INTERRUPTED


def test_an_order_is_sent_every_five_seconds_and_asked_for_twice_a_second(running: Played) -> None:
    running.one.stop(Command.CANCEL)
    asked = [running.goes_on(), *(running.goes_on(0.5) for _ in range(11))]
    assert [at for at, calls in enumerate(asked) if "cancel" in calls] == [0, 10]
    assert all(calls[-1] == "ask" for calls in asked)


@pytest.mark.parametrize(
    ("first", "then", "outcome"),
    [
        (None, Command.CANCEL, Outcome.CANCELLED),
        (Command.CANCEL, Command.INTERRUPT, Outcome.CANCELLED),
        (Command.INTERRUPT, Command.CANCEL, Outcome.INTERRUPTED),
    ],
)
def test_the_first_order_stands_and_a_person_s_comes_before_the_clock_s(
    running: Played, first: Command | None, then: Command, outcome: Outcome
) -> None:
    if first is None:
        running.clock.now += 3600
        running.one.poll(())
    else:
        running.one.stop(first)
    running.goes_on()
    running.one.stop(then)
    running.goes_on(1)
    running.service.answers["ask"] = STOPPED
    assert running.ends(1).outcome is outcome


def test_an_order_that_comes_after_the_end_changes_nothing(running: Played) -> None:
    running.service.answers["ask"] = SUCCEEDED
    running.goes_on(10)
    running.one.stop(Command.CANCEL)
    assert running.ends().outcome is Outcome.COMPLETE
    assert "cancel" not in running.service.calls


def test_the_clock_orders_nothing_after_the_end(running: Played) -> None:
    running.service.answers |= {"ask": SUCCEEDED, "log": ServiceError("it answered HTTP 500")}
    running.goes_on(3580)
    running.goes_on(21)
    assert running.one.result() is None
    running.service.answers["log"] = LogPart(b"done\n", more=False)
    assert running.ends(10).outcome is Outcome.COMPLETE
    assert "cancel" not in running.service.calls


def test_a_job_that_may_have_arrived_is_stopped_though_nobody_heard_of_it(play: Play) -> None:
    played = play()
    played.service.answers["start"] = away(sent=True)
    played.goes_on()
    played.one.stop(Command.CANCEL)
    played.service.answers["ask"] = STOPPED
    assert played.goes_on() == ["cancel", "ask"]
    assert played.ends().outcome is Outcome.CANCELLED


def test_the_end_of_its_time_is_due_before_the_next_question(play: Play) -> None:
    played = play(seconds=0.5)
    played.goes_on()
    assert played.one.due_at() == played.clock.now + 0.5
    assert played.goes_on(0.5)[:1] == ["cancel"]


def test_a_question_that_nobody_has_begun_to_ask_is_taken_back_for_an_order(
    running: Played,
) -> None:
    running.clock.now += 10
    running.one.poll(())
    running.one.stop(Command.CANCEL)
    assert running.goes_on() == ["cancel", "ask"]


@pytest.mark.parametrize(
    ("command", "outcome"), [(Command.CANCEL, Outcome.CANCELLED), (None, Outcome.RETRYABLE)]
)
def test_a_job_that_never_reached_its_service_has_nothing_to_be_stopped(
    play: Play, command: Command | None, outcome: Outcome
) -> None:
    played = play(seconds=30.0)
    played.service.answers["start"] = away(sent=False)
    played.goes_on()
    if command is None:
        played.clock.now += 30
    else:
        played.one.stop(command)
    assert played.ends().outcome is outcome
    assert set(played.service.calls) == {"start"}
