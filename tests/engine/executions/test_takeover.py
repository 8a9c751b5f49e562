"""A job outlives the worker that submitted it: another loop goes on with the same attempt."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.takeover import take_over
from drain.engine.executions.remote import timing
from drain.engine.executions.remote.job import prepare
from drain.engine.loop import Loop, LoopEnd
from drain.engine.process.ended import Command
from drain.engine.process.errors import ChildError
from drain.engine.rescue import is_lost, rescue
from drain.engine.sessions.verbs import cancel_session, interrupt_session
from drain.engine.workers import wakeups
from drain.engine.workers.loops import add_loop
from drain.models import Attempt, DrainSession, Phase, Transition, WorkerHost, WorkerLoop
from tests.engine.conftest import SOMEBODY, Backlog
from tests.engine.executions.acting import meanwhile
from tests.engine.executions.jobs import Jobs, does, job_id_of
from tests.engine.executions.many import drain_twenty
from tests.hosts import Host, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("soon")]


Hosts = Callable[..., Host]


@pytest.fixture
def hosts(tmp_path: Path, jobs: Jobs) -> Iterator[Hosts]:
    """Start commands in processes of their own, all on one machine."""
    started: list[Host] = []

    def start(*arguments: str) -> Host:
        host = Host(*arguments, folder=tmp_path / "data", DRAIN_LEASE_SECONDS="2")
        started.append(host)
        return host

    yield start
    for host in started:
        host.clear()


def for_workers(session: DrainSession) -> DrainSession:
    DrainSession.objects.filter(pk=session.pk).update(inline=False)
    return session


@pytest.mark.verify
def test_jobs_of_a_killed_drain_are_found_again_and_run_once(
    backlog: Backlog, jobs: Jobs, hosts: Hosts
) -> None:
    jobs.executor()
    for number in range(3):
        backlog.run(f"r{number}", 1)
    does(seconds=8)
    drain = hosts("drain", "--inline", "--json", "--parallel", "3")
    until(lambda: len(jobs.count("ran")) == 3, 60, drain)
    drain.process.kill()
    drain.process.wait()
    until(lambda: hosts("rescue", "--json", "--reason", "x").json()["sessions"] == 1)
    assert not any(is_lost(phase) for phase in Phase.objects.all())
    resumed = hosts("drain", "--inline", "--json", "--resume").json()
    assert (resumed["complete"], resumed["lost"]) == (3, 0)
    assert set(Attempt.objects.values_list("outcome", "number")) == {("complete", 1)}
    assert jobs.count("asked") == dict.fromkeys(jobs.count("ran"), 1)
    assert len(jobs.count("ran")) == 3
    assert not jobs.count("cancel")


class DiesError(Exception):
    """The worker is gone."""


def abandoned(
    backlog: Backlog, jobs: Jobs, *, asked: bool, state: str = "EXECUTING"
) -> DrainSession:
    """A drain of workers whose loop died after its attempt stood in the books.

    `asked`: after the submission, too, and once the phase was in this `state`.
    """
    session = for_workers(backlog.session(max_attempts_per_phase=1))
    loop = Loop(1)
    if not asked:
        loop._run = lambda started: (_ for _ in ()).throw(DiesError)  # type: ignore[method-assign]

    def act() -> None:
        until(lambda: jobs.count("ran"))
        until(lambda: (Attempt.objects.get().remote or {})["accepted"])
        until(lambda: Attempt.objects.get().phase.state == state)
        loop._renewal._gone = True
        loop._pool.wake()

    if asked:
        with meanwhile(act):
            assert loop.run() is LoopEnd.LOST
    else:
        with pytest.raises(DiesError):
            loop.run()
    WorkerLoop.objects.all().delete()
    return session


@pytest.mark.verify
def test_a_loop_that_lost_its_lease_leaves_its_job_to_the_next_and_stops_nothing(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    states = "".join(
        f'DRAIN_REPORT {{"event":"state","state":"{state}"}}\n' for state in ("gate", "ci_running")
    )
    does(seconds=8, log=states)
    session = abandoned(backlog, jobs, asked=True, state="CI_RUNNING")
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.phase.state) == (None, "CI_RUNNING")
    assert rescue().attempts == 0
    assert Loop(1).run() is LoopEnd.DONE
    session.refresh_from_db()
    attempt.refresh_from_db()
    assert (session.state, attempt.outcome, attempt.number) == ("finished", "complete", 1)
    assert (jobs.count("asked").total(), jobs.count("cancel").total()) == (1, 0)
    moves = (
        Transition.objects.filter(subject="phase").order_by("pk").values_list("to_state", flat=True)
    )
    expected = ["EXECUTING", "GATE", "CI_RUNNING", "COMPLETE"]
    assert list(moves) == expected, "what it had reported is not said again"


def test_a_job_that_never_reached_its_service_is_submitted_by_whoever_takes_it_over(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    session = abandoned(backlog, jobs, asked=False)
    assert not jobs.count("asked")
    assert Loop(1).run() is LoopEnd.DONE
    session.refresh_from_db()
    attempt = Attempt.objects.get()
    assert (session.state, attempt.outcome) == ("finished", "complete")
    assert list(jobs.count("ran")) == [job_id_of(attempt)]


@pytest.mark.verify
def test_a_job_that_its_service_lost_meanwhile_is_lost_and_not_started_again_as_the_same_attempt(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=600)
    abandoned(backlog, jobs, asked=True)
    for path in jobs.folder.glob("drainsite-*.json"):
        path.unlink()
    assert Loop(1).run() is LoopEnd.DONE
    assert Attempt.objects.get().outcome == "lost"
    assert jobs.count("ran").total() == 1


@pytest.mark.verify
def test_the_time_of_a_job_goes_on_while_nobody_looks_after_it(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor(timeout_seconds=5)
    backlog.run("r", 1)
    does(seconds=600)
    abandoned(backlog, jobs, asked=True)
    started = Attempt.objects.get().started_at
    Loop(1).run()
    attempt = Attempt.objects.get()
    assert attempt.outcome == "timeout"
    assert attempt.finished_at is not None
    assert (attempt.finished_at - started).total_seconds() < 15


@pytest.mark.verify
def test_a_drain_that_is_cancelled_while_nobody_looks_after_its_job_has_it_stopped(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=600)
    session = abandoned(backlog, jobs, asked=True)
    cancel_session(session.pk, SOMEBODY)
    assert Loop(1).run() is LoopEnd.DONE
    session.refresh_from_db()
    assert (session.state, Attempt.objects.get().outcome) == ("cancelled", "cancelled")
    assert jobs.count("cancel").total() >= 1


@pytest.mark.verify
def test_workers_are_woken_for_a_job_that_nobody_looks_after_though_its_drain_is_over(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=600)
    session = abandoned(backlog, jobs, asked=True)
    assert interrupt_session(session.pk, "test")
    WorkerHost.objects.create(id=uuid4(), host="h", pid=1, version="1", workers=1, slots=1)
    monkeypatch.setattr(wakeups, "send", lambda *_, **__: True)
    assert wakeups.wake(fresh=True) > 0
    for path in jobs.folder.glob("drainsite-*.json"):
        path.write_text(path.read_text().replace('"seconds": 600', '"seconds": 0'))
    assert Loop(1).run() is LoopEnd.DONE
    assert Attempt.objects.get().outcome == "complete"
    session.refresh_from_db()
    assert (session.state, session.open_attempts) == ("interrupted", 0)


@pytest.mark.verify
def test_a_worker_that_is_asked_to_stop_stops_its_jobs_or_leaves_those_that_it_cannot_reach(
    backlog: Backlog, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "STOP_PATIENCE", {Command.INTERRUPT: 0.5})
    jobs.executor()
    for number in range(2):
        backlog.run(f"r{number}", 1)
    does(seconds=600)
    for_workers(backlog.session(parallel=2, max_attempts_per_phase=3))
    asked = threading.Event()

    def act() -> None:
        until(lambda: len(jobs.count("ran")) == 2)
        stubborn = sorted(jobs.count("ran"))[0]
        path = jobs.folder / f"{stubborn}.json"
        path.write_text(
            path.read_text().replace('"seconds": 600', '"seconds": 600, "stops_after": 600')
        )
        asked.set()

    with meanwhile(act):
        assert Loop(2, interrupted=asked.is_set).run() is LoopEnd.INTERRUPTED
    assert sorted(str(each) for each in Attempt.objects.values_list("outcome", flat=True)) == [
        "None",
        "interrupted",
    ]
    assert not WorkerLoop.objects.exists(), "the one that was left can be taken over at once"


def test_a_loop_takes_over_what_nobody_has_and_what_it_took_without_hearing_so(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    does(seconds=600)
    session = abandoned(backlog, jobs, asked=True)
    host = HostContext()
    host.refresh()
    (loop, _), (other, _) = (add_loop("w", None, None, 1) for _ in range(2))
    assert take_over(host, loop, session.pk + 1, []) == [], "that is another drain"
    (taken,) = take_over(host, loop, None, [])
    assert (taken.number, taken.taken_over is not None) == (1, True)
    assert take_over(host, other, None, []) == [], "somebody has it"
    assert take_over(host, loop, None, [taken.lease]) == [], "it runs here"
    assert len(take_over(host, loop, None, [])) == 1, "the answer to the first was lost"
    host.profiles.clear()
    WorkerLoop.objects.all().delete()
    assert take_over(host, other, None, []) == [], "this host has not what the executor needs"


def test_a_phase_of_an_autopack_source_is_not_handed_to_a_service(
    backlog: Backlog, jobs: Jobs
) -> None:
    jobs.executor()
    backlog.run("r", 1)
    abandoned(backlog, jobs, asked=False)
    host = HostContext()
    host.refresh()
    loop, _ = add_loop("w", None, None, 1)
    (taken,) = take_over(host, loop, None, [])
    with pytest.raises(ChildError, match="Phases of an Autopack source run on a worker's host"):
        prepare(replace(taken, source=7), host)


@pytest.mark.verify
@pytest.mark.serial
def test_twenty_jobs_run_once_each_though_workers_are_killed_and_the_service_is_away(
    backlog: Backlog, jobs: Jobs, tmp_path: Path
) -> None:
    def be_away() -> None:
        jobs.end()
        time.sleep(30)
        jobs.begin()

    jobs.executor()
    drain_twenty(backlog, jobs, tmp_path, be_away, params={"seconds": 2})
    assert len(jobs.count("ran")) == 20
    assert set(jobs.count("ran").values()) == {1}
    assert not jobs.count("cancel")
