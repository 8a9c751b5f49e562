"""Step by step: what a job's service is asked, and what becomes of an attempt by each of its answers."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from drain.engine.attempts.started import TakenOver
from drain.engine.executions.remote import timing
from drain.engine.executions.remote.service import (
    JobState,
    LogPart,
    RefusedError,
    ServiceError,
    Status,
    UnknownJobError,
)
from drain.engine.process.ended import Command
from drain.engine.process.output.log import MEMORY_LIMIT
from drain.policy.states import Outcome
from tests.engine.executions.played import RUNNING, SUCCEEDED, Played, away

Play = Callable[..., Played]
STOPPED = Status(JobState.STOPPED)
FORGOTTEN = UnknownJobError("it knows no such job", gone=True)
UNKNOWN = UnknownJobError("it knows no such job")


@pytest.mark.parametrize(("there", "asked"), [(RUNNING, ["ask"]), (UNKNOWN, ["ask", "start"])])
def test_a_start_that_may_have_arrived_is_asked_for_before_it_is_sent_again(
    play: Play, there: object, asked: list[str]
) -> None:
    played = play()
    played.service.answers |= {"start": away(sent=True), "ask": there}
    assert played.goes_on() == ["start"]
    played.service.answers["start"] = None
    assert played.goes_on(10) == asked
    assert played.job.accepted


def test_a_start_that_reached_nobody_is_sent_again_until_the_service_counts_as_away(
    play: Play,
) -> None:
    played = play()
    played.service.answers["start"] = away(sent=False)
    assert played.goes_on() == ["start"]
    assert played.goes_on(10) == ["start"]
    assert played.goes_on(timing.START_PATIENCE - 11) == ["start"]
    assert played.one.result() is None
    decision = played.ends(12)
    assert decision.outcome is Outcome.RETRYABLE
    assert decision.reason == "The service at http://jobs.example was away: it did not answer."
    assert set(played.service.calls) == {"start"}, "there is nothing to cancel"


def test_a_start_that_may_have_arrived_once_is_never_given_up_for_another_turn(play: Play) -> None:
    played = play()
    played.service.answers |= {"start": away(sent=True), "ask": UNKNOWN}
    played.goes_on()
    played.service.answers["start"] = away(sent=False)
    for _ in range(30):
        played.goes_on(10)
    assert played.one.result() is None, "it would run twice"
    assert played.job.may_be_there


@pytest.mark.parametrize("broken", [False, True])
def test_a_refused_start_whose_job_is_there_has_started(play: Play, broken: bool) -> None:
    played = play()
    played.service.answers["start"] = RefusedError("it answered HTTP 500", broken=broken)
    assert played.goes_on() == ["start", "ask"]
    assert (played.job.accepted, played.one.result()) == (True, None)
    assert played.goes_on(10) == ["ask", "log"]


@pytest.mark.parametrize(("broken", "starts"), [(False, 1), (True, timing.MOST_REFUSALS)])
def test_a_refused_start_is_asked_for_and_fails_with_its_words_and_what_it_may_have_left_is_cancelled(
    play: Play, broken: bool, starts: int
) -> None:
    played = play()
    refused = RefusedError("it answered HTTP 500", broken=broken)
    played.service.answers |= {"start": refused, "ask": UNKNOWN}
    for _ in range(starts):
        assert played.one.result() is None
        assert played.goes_on(10)[-2:] == ["start", "ask"]
    decision = played.ends()
    assert decision.outcome is Outcome.FAILED
    assert "did not take the job: it answered HTTP 500" in decision.reason
    assert played.service.calls.count("start") == starts
    assert played.service.calls[-1] == "cancel"


def test_a_job_that_was_taken_over_is_asked_for_and_its_time_goes_on(play: Play) -> None:
    played = play(TakenOver(accepted=True, elapsed=3000.0, states=0))
    assert played.goes_on() == ["ask", "log"]
    assert played.one.due_at() <= played.clock.now + 600
    assert played.goes_on(599)[0] == "ask"
    assert played.goes_on(2)[0] == "cancel"


def test_a_job_that_may_not_have_arrived_is_submitted_by_who_takes_it_over(play: Play) -> None:
    played = play(TakenOver(accepted=False, elapsed=1.0, states=0))
    played.service.answers["ask"] = UNKNOWN
    assert played.goes_on() == ["ask", "start"]


@pytest.mark.parametrize("there", [True, False])
def test_a_job_whose_executor_is_gone_is_asked_for_and_never_started(
    play: Play, there: bool
) -> None:
    played = play(TakenOver(accepted=False, elapsed=1.0, states=0))
    played.job.can_be_started = False
    played.service.answers["ask"] = SUCCEEDED if there else UNKNOWN
    outcome = Outcome.COMPLETE if there else Outcome.LOST
    for _ in range(3):
        played.goes_on(11)
    assert played.ends().outcome is outcome
    assert "start" not in played.service.calls


@pytest.mark.parametrize("asked", [False, True])
def test_who_lost_its_lease_leaves_the_job_alone_and_keeps_nothing_of_it(
    running: Played, asked: bool
) -> None:
    running.job.transcript.feed(b"x" * (MEMORY_LIMIT + 1))
    assert list(running.folder.iterdir())
    if asked:
        running.clock.now += 10
        running.one.poll(())
        running.pool.begin()
    running.one.stop(Command.LOST)
    assert (running.one.goes_on, running.one.due_at()) == (True, 0.0)
    assert ("break off" in running.service.calls) is asked
    assert running.goes_on(60) == (["ask", "log"] if asked else [])
    assert list(running.folder.iterdir()) == []
    assert (running.goes_on(60), running.one.result()) == ([], None)


def test_a_job_is_lost_at_once_only_where_its_service_says_that_it_knew_it(running: Played) -> None:
    running.service.answers["ask"] = FORGOTTEN
    decision = running.ends(10)
    assert decision.outcome is Outcome.LOST
    assert (
        decision.reason
        == "lost: the service at http://jobs.example does not know the job any more."
    )


def test_a_service_that_knows_no_such_job_is_believed_after_three_answers_and_ten_seconds(
    running: Played,
) -> None:
    running.service.answers["ask"] = UNKNOWN
    for seconds in (5, 4, 5):
        running.goes_on(seconds)
        assert running.one.result() is None
    running.service.answers["ask"] = ServiceError("it answered HTTP 500")
    running.goes_on(10)
    running.service.answers["ask"] = UNKNOWN
    for _ in range(2):
        running.goes_on(11)
        assert running.one.result() is None, "what came before the other answer does not count"
    assert running.ends(11).outcome is Outcome.LOST


def test_trouble_is_over_with_the_first_answer(running: Played) -> None:
    running.service.answers["ask"] = UNKNOWN
    running.goes_on(5)
    running.goes_on(5)
    running.service.answers["ask"] = RUNNING
    running.goes_on(10)
    running.service.answers["ask"] = UNKNOWN
    running.goes_on(60)
    running.goes_on(60)
    assert running.one.result() is None


@pytest.mark.parametrize("ordered", [False, True])
def test_the_log_of_what_is_over_is_waited_for_a_minute_unless_it_was_ordered_to_stop(
    running: Played, ordered: bool
) -> None:
    if ordered:
        running.one.stop(Command.CANCEL)
        running.goes_on()
    running.service.answers |= {"ask": SUCCEEDED, "log": ServiceError("it answered HTTP 500")}
    running.goes_on(10)
    running.goes_on()
    running.goes_on()
    assert (running.one.result() is None) is not ordered
    running.goes_on(timing.LOG_PATIENCE - 1)
    assert (running.one.result() is None) is not ordered
    running.ends(2)
    found = running.one.result()
    assert found is not None
    assert b"it answered HTTP 500" in zlib.decompress(found.log_inline or b"")


def test_a_question_that_takes_too_long_is_broken_off_again_and_again(running: Played) -> None:
    running.clock.now += 10
    running.one.poll(())
    running.pool.begin()
    assert running.one.due_at() == running.clock.now + timing.QUESTION_SECONDS
    for seconds, calls in ((19.9, 0), (0.2, 1), (0.5, 1), (0.6, 2)):
        running.clock.now += seconds
        running.one.poll(())
        assert running.service.calls.count("break off") == calls


def test_a_part_of_the_log_is_read_every_five_seconds(running: Played) -> None:
    reads = [running.goes_on(1).count("log") for _ in range(10)]
    assert reads == [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_a_log_that_cannot_be_read_meanwhile_is_no_trouble(running: Played) -> None:
    running.service.answers["log"] = ServiceError("it answered HTTP 500")
    running.goes_on(10)
    pulse = running.one.pulse()
    assert pulse is not None
    assert pulse.note == ""
    running.service.answers["ask"] = ServiceError("it answered HTTP 500")
    running.goes_on(10)
    pulse = running.one.pulse()
    assert pulse is not None
    assert pulse.note == "the service at http://jobs.example: it answered HTTP 500"


def test_a_service_that_says_there_is_more_and_gives_nothing_is_asked_for_no_more_of_the_log(
    running: Played,
) -> None:
    before = running.service.calls.count("log")
    running.service.answers |= {"ask": SUCCEEDED, "log": LogPart(b"", more=True)}
    assert running.ends(10).outcome is Outcome.COMPLETE
    assert running.service.calls.count("log") == before + 1
