"""Phases that run as jobs of a service over HTTP."""

from __future__ import annotations

import time
import zlib
from typing import Any

import pytest

from drain.engine.attempts.logs import open_log
from drain.engine.executions.remote import timing
from drain.engine.process.ended import Command
from drain.engine.sessions.verbs import cancel_session
from drain.models import (
    Attempt,
    DrainSession,
    ExecutorProfile,
    Phase,
    Run,
    TelemetryEvent,
    Transition,
)
from tests.engine.conftest import SOMEBODY, Backlog
from tests.engine.executions.acting import meanwhile
from tests.engine.executions.jobs import Jobs, does, job_id_of, outcomes
from tests.hosts import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("soon")]
NO_PATIENCE = {None: 0.5, Command.CANCEL: 0.5, Command.INTERRUPT: 0.5}


def log_of(attempt: Attempt) -> bytes:
    return b"".join(open_log(attempt))


def test_a_phase_runs_as_a_job_of_a_service(backlog: Backlog, jobs: Jobs) -> None:
    jobs.executor(argv=["build", "{phase_id}"], env={"LEVEL": "2"})
    backlog.run("r", 1)
    does(seconds=0.3, log="compiled\n", key="a b")
    assert backlog.drain().state == "finished"
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.exit_code, attempt.command) == ("complete", 0, ["build", "p0"])
    (name,) = jobs.count("ran")
    assert name == job_id_of(attempt)
    asked = jobs.job(name)
    assert asked["command"] == ["build", "p0"]
    assert (asked["run_id"], asked["phase_id"], asked["attempt"]) == ("r", "p0", 1)
    assert asked["env"]["LEVEL"] == "2"
    assert asked["env"]["DRAIN_PARAM_KEY"] == "a b"
    assert asked["env"]["DRAIN_CLAIM"] == name
    assert "PATH" not in asked["env"], "that of this host means nothing there"
    assert log_of(attempt) == b"compiled\n"
    assert Phase.objects.get().state == "COMPLETE"


@pytest.mark.parametrize(
    ("params", "outcome", "words"),
    [
        ({}, "complete", ""),
        ({"exit": 75}, "retryable", "exit 75"),
        ({"exit": 3, "log": "KeyError: 7\n"}, "failed", "KeyError: 7"),
        ({"exit": 3, "message": "no such image"}, "failed", "no such image"),
        ({"exit": -9}, "failed", "ended by signal 9"),
        ({"log": 'DRAIN_REPORT {"event":"outcome","outcome":"skipped"}\n'}, "skipped", "need not run"),
        ({"log": 'DRAIN_REPORT {"event":"failure","reason":"disk broke"}'}, "failed", "disk broke"),
        ({"log": 'say DRAIN_REPORT {"event":"outcome","outcome":"failed"}\n'}, "complete", ""),
        ({"log": "DRAIN_REPORT {no json}\n"}, "complete", ""),
    ],
)  # fmt: skip
def test_how_a_job_ended_and_what_it_reported_in_its_log_is_how_the_attempt_ended(
    backlog: Backlog, jobs: Jobs, params: dict[str, Any], outcome: str, words: str
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(**params)
    backlog.drain(max_attempts_per_phase=1)
    attempt = Attempt.objects.latest("pk")
    assert attempt.outcome == outcome
    assert words in attempt.error
    assert attempt.bad_report_lines == ("{no json}" in params.get("log", ""))


def test_states_and_telemetry_in_the_log_count_as_those_of_a_local_report(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    lines = (
        '{"event":"state","state":"gate"}',
        '{"event":"telemetry","kind":"t","actual_tokens":9}',
    )
    does(seconds=0.6, log="".join(f"DRAIN_REPORT {line}\r\n" for line in lines))
    backlog.drain()
    moves = (
        Transition.objects.filter(subject="phase").order_by("pk").values_list("to_state", flat=True)
    )
    assert list(moves) == ["EXECUTING", "GATE", "COMPLETE"]
    assert TelemetryEvent.objects.get().actual_tokens == 9


@pytest.mark.verify
@pytest.mark.parametrize(
    "mode", ["garbage", "unknown state", "huge", "redirect", "drip", 500, 401, 403, 404]
)
def test_what_a_service_says_for_a_moment_is_neither_believed_nor_the_end(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, mode: object
) -> None:
    monkeypatch.setattr(timing, "QUESTION_SECONDS", 0.5)
    monkeypatch.setattr(timing, "_GONE_SECONDS", 60)
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=0.3)

    def act() -> None:
        until(lambda: jobs.count("ran"))
        jobs.misbehave(poll=mode)
        until(lambda: "[drainsite: the service at" in Attempt.objects.get().tail)
        jobs.misbehave()

    with meanwhile(act):
        backlog.drain()
    assert outcomes() == ["complete"]
    assert jobs.count("ran").total() == 1


@pytest.mark.verify
@pytest.mark.parametrize("mode", [503, 429, "silent", "drip"])
def test_a_start_that_may_have_arrived_is_asked_for_before_it_is_sent_again(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, mode: object
) -> None:
    monkeypatch.setattr(timing, "QUESTION_SECONDS", 0.5)
    jobs.executor()
    backlog.run("r", 1)
    jobs.misbehave(start=mode)

    def act() -> None:
        until(lambda: jobs.count("asked"))
        time.sleep(0.7)
        jobs.misbehave()

    with meanwhile(act):
        backlog.drain()
    assert outcomes() == ["complete"]
    assert jobs.count("ran").total() == 1
    assert (jobs.count("asked").total() == 1) == (mode == "silent"), "where it arrived it is found"


@pytest.mark.parametrize(("mode", "asks"), [(400, 1), (302, 1), (500, timing.MOST_REFUSALS)])
def test_a_service_that_does_not_take_a_job_fails_the_phase_with_its_words(
    backlog: Backlog, jobs: Jobs, mode: int, asks: int
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    jobs.misbehave(start=mode if mode != 302 else "redirect")
    backlog.drain()
    attempt = Attempt.objects.get()
    assert attempt.outcome == "failed"
    assert f"did not take the job: it answered HTTP {mode}" in attempt.error
    assert jobs.count("asked").total() == asks


def test_secrets_of_headers_are_sent_and_never_shown(
    backlog: Backlog, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "Bearer hunter2hunter2"
    jobs = Jobs(tmp_path / "own", token=secret)
    try:
        jobs.executor(headers_from={"Authorization": "JOBS_AUTH"})
        backlog.run("r", 2)
        does(log=f"I was called with {secret}, hunter2hunter2\n")
        monkeypatch.setenv("JOBS_AUTH", secret)
        backlog.drain()
        monkeypatch.setenv("JOBS_AUTH", "Bearer another-hunter2")
        Phase.objects.update(state="FAILED")
        backlog.drain()
    finally:
        jobs.end()
    assert outcomes() == ["complete", "complete", "failed", "failed"]
    for attempt in Attempt.objects.all():
        shown = f"{attempt.error} {attempt.tail} {attempt.remote} {log_of(attempt)!r}"
        assert "hunter2" not in shown
    assert "*** is nobody" in Attempt.objects.latest("pk").error
    assert b"with ***" in log_of(Attempt.objects.earliest("pk"))


@pytest.mark.parametrize("mode", ["", "whole"])
def test_a_long_log_is_read_whole_whether_or_not_the_service_knows_ranges(
    backlog: Backlog, jobs: Jobs, mode: str
) -> None:
    jobs.executor()
    jobs.misbehave(log=mode)
    backlog.run("r", 1)
    does(log="0123456789abcde\n", times=200_000)
    backlog.drain()
    attempt = Attempt.objects.get()
    assert attempt.log_bytes == 3_200_000
    assert zlib.crc32(log_of(attempt)) == zlib.crc32(b"0123456789abcde\n" * 200_000)


def test_a_log_that_cannot_be_read_may_have_said_that_the_phase_failed(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "LOG_PATIENCE", 0.5)
    jobs.executor()
    jobs.misbehave(log=500)
    backlog.run("r", 1)
    backlog.drain(max_attempts_per_phase=1)
    attempt = Attempt.objects.get()
    assert attempt.outcome == "retryable"
    assert "Not all of its log could be read: it answered HTTP 500" in attempt.error
    assert b"[drainsite: it answered HTTP 500" in log_of(attempt)


@pytest.mark.verify
def test_a_service_that_does_not_answer_holds_up_no_process_of_the_host(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "QUESTION_SECONDS", 3)
    remote = jobs.executor(is_default=False)
    backlog.executor('echo "$1" >> "$OUT/marks"; head -c 400000 /dev/zero')
    for number in range(8):
        backlog.run(f"slow{number}", 1)
    Run.objects.update(executor=remote)
    jobs.misbehave(start="drip")
    backlog.run("fast", 4, max_parallel=4)
    session = backlog.session(parallel=12)

    def act() -> None:
        until(lambda: jobs.count("asked"))
        until(
            lambda: Attempt.objects.filter(run__run_id="fast", outcome="complete").count() == 4, 5
        )
        cancel_session(session.pk, SOMEBODY)
        jobs.misbehave()

    with meanwhile(act):
        backlog.drain(session)
    assert Attempt.objects.filter(run__run_id="fast", outcome="complete").count() == 4


def test_a_variable_that_this_host_lacks_is_a_reason_why_it_cannot_run_the_executor(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor(headers_from={"Authorization": "JOBS_NOT_SET"})
    backlog.run("r", 1)
    session = backlog.session(wait_for_host=1)
    backlog.drain(session)
    assert (session.state, Attempt.objects.count()) == ("interrupted", 0)
    assert ExecutorProfile.objects.get().headers_from == {"Authorization": "JOBS_NOT_SET"}
    assert DrainSession.objects.get().stop_reason
