"""Jobs of a service that are ended, and services that go away."""

from __future__ import annotations

import time

import pytest

from drain.engine.executions.remote import timing
from drain.engine.process.ended import Command
from drain.engine.sessions.results import session_counts
from drain.engine.sessions.verbs import cancel_session
from drain.models import (
    Attempt,
    Phase,
)
from tests.engine.conftest import SOMEBODY, Backlog
from tests.engine.executions.acting import meanwhile
from tests.engine.executions.jobs import Jobs, does, outcomes, runs
from tests.hosts import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("soon")]
NO_PATIENCE = {None: 0.5, Command.CANCEL: 0.5, Command.INTERRUPT: 0.5}


@pytest.mark.verify
def test_nothing_is_lost_and_nothing_runs_twice_while_the_service_is_away(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    runs(backlog, 6)
    does(seconds=0.4)

    def act() -> None:
        until(lambda: len(jobs.count("ran")) >= 2)
        jobs.end()
        time.sleep(2)
        jobs.begin()

    with meanwhile(act):
        session = backlog.drain(parallel=3)
    assert session_counts(session.pk)["complete"] == 6
    assert outcomes() == ["complete"] * 6
    assert jobs.count("ran") == dict.fromkeys(jobs.count("ran"), 1)


def test_a_service_that_was_never_reached_leaves_the_phase_for_another_turn(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "START_PATIENCE", 0.5)
    jobs.executor()
    backlog.run("r", 1)
    jobs.end()
    backlog.drain(max_attempts_per_phase=1)
    assert outcomes() == ["retryable"]
    assert "was away: it cannot be reached (Connection refused)" in Attempt.objects.get().error


def test_a_cancelled_drain_reaches_its_jobs_within_seconds(backlog: Backlog, jobs: Jobs) -> None:
    jobs.executor()
    runs(backlog, 3)
    does(seconds=600)
    session = backlog.session(parallel=3)
    asked_at: list[float] = []

    def act() -> None:
        until(lambda: len(jobs.count("ran")) == 3)
        asked_at.append(time.monotonic())
        cancel_session(session.pk, SOMEBODY)

    with meanwhile(act):
        backlog.drain(session)
    assert time.monotonic() - asked_at[0] < 5
    assert session.state == "cancelled"
    assert outcomes() == ["cancelled"] * 3
    assert jobs.count("cancel").keys() == jobs.count("ran").keys()
    assert set(Phase.objects.values_list("state", flat=True)) == {"FAILED"}


def test_a_job_whose_time_is_over_is_stopped_at_its_service(backlog: Backlog, jobs: Jobs) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=600, stops_after=0.5)
    backlog.drain(phase_timeout_seconds=1, max_attempts_per_phase=1)
    attempt = Attempt.objects.get()
    assert (attempt.outcome, jobs.count("cancel").total() >= 1) == ("timeout", True)
    assert "timed out after" in attempt.error
    assert "has not said" not in attempt.error, "the service said that it stopped"


@pytest.mark.verify
@pytest.mark.parametrize("how", ["timeout", "cancelled"])
def test_a_service_that_never_says_that_a_job_stopped_is_named_where_people_look(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(timing, "STOP_PATIENCE", NO_PATIENCE)
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=600, stops_after=600)
    session = backlog.session(phase_timeout_seconds=1 if how == "timeout" else 600)

    def act() -> None:
        until(lambda: jobs.count("ran"))
        if how == "cancelled":
            cancel_session(session.pk, SOMEBODY)

    with meanwhile(act):
        backlog.drain(session)
    attempt = Attempt.objects.earliest("pk")
    (name, *_) = jobs.count("ran")
    assert attempt.outcome == how
    assert f"has not said that its job {name} stopped: look there" in attempt.error


@pytest.mark.verify
def test_a_job_that_succeeded_before_it_could_be_stopped_has_succeeded(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=1.2)
    jobs.misbehave(cancel=500)
    backlog.drain(phase_timeout_seconds=1)
    assert outcomes() == ["complete"]


@pytest.mark.verify
def test_a_job_that_its_service_lost_is_lost_and_offered_again(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=600)

    def act() -> None:
        until(lambda: jobs.count("ran"))
        until(lambda: (Attempt.objects.get().remote or {}).get("accepted"))
        does(seconds=0)
        (name,) = jobs.count("ran")
        (jobs.folder / f"{name}.json").unlink()

    with meanwhile(act):
        backlog.drain()
    assert outcomes() == ["lost", "complete"]
    assert "does not know the job any more" in Attempt.objects.earliest("pk").error
