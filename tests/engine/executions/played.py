"""One job whose service, threads and clock are the test's: what is asked of it, when, and what follows."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.started import TakenOver
from drain.engine.executions.pool import Pool
from drain.engine.executions.remote import execution, timing
from drain.engine.executions.remote.execution import RemoteExecution
from drain.engine.executions.remote.job import RemoteJob
from drain.engine.executions.remote.service import (
    JobState,
    LogPart,
    Request,
    Status,
    UnreachableError,
)
from drain.engine.executions.remote.transcript import Transcript
from drain.engine.process.profile import Profile
from drain.policy.remote import Kind, Remote
from drain.policy.secrets import Mask
from tests.engine.executions.test_children import attempt

RUNNING, SUCCEEDED = Status(JobState.RUNNING), Status(JobState.SUCCEEDED, 0)
NO_LOG = LogPart(b"", more=False)


def away(*, sent: bool) -> UnreachableError:
    """Nobody answered; the request may have been `sent` all the same."""
    return UnreachableError("it did not answer", sent=sent)


class PlayedService:
    """Answers as the test says: an exception is raised. `calls` is what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "start": None,
            "ask": RUNNING,
            "cancel": None,
            "log": NO_LOG,
        }
        self.calls: list[str] = []

    def _answer(self, call: str) -> Any:
        self.calls.append(call)
        if isinstance(self.answers[call], Exception):
            raise self.answers[call]
        return self.answers[call]

    def start(self, request: Request) -> None:
        self._answer("start")

    def ask(self) -> Status:
        found: Status = self._answer("ask")
        return found

    def cancel(self) -> None:
        self._answer("cancel")

    def read_log(self, offset: int) -> LogPart:
        del offset
        found: LogPart = self._answer("log")
        return found

    def break_off(self) -> None:
        self.calls.append("break off")


class HandPool(Pool):
    """Threads that work when the test has them work."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[tuple[Any, Future[Any]]] = []

    def submit(self, job: Any, lane: str = "") -> Future[Any]:
        del lane
        future: Future[Any] = Future()
        self.jobs.append((job, future))
        return future

    def begin(self) -> None:
        """Threads have taken up what waits: it cannot be taken back any more."""
        self.jobs = [each for each in self.jobs if each[1].set_running_or_notify_cancel()]

    def work(self) -> None:
        """Do what waits."""
        jobs, self.jobs = self.jobs, []
        for job, future in jobs:
            if future.running() or future.set_running_or_notify_cancel():
                try:
                    future.set_result(job())
                except Exception as error:  # noqa: BLE001 - whoever asked hears of it
                    future.set_exception(error)


class Clock:
    """The monotonic clock of an execution."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Played:
    """An execution that was started, and everything around it."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        known: TakenOver | None = None,
        seconds: float = 3600,
    ) -> None:
        self.clock, self.pool, self.service, self.folder = (
            Clock(),
            HandPool(),
            PlayedService(),
            folder,
        )
        for module in (execution, timing):
            monkeypatch.setattr(module, "time", self.clock)
        remote = Remote(Kind.HTTP, "http://jobs.example/all?key=1")
        one = attempt(1, "")
        self.job = RemoteJob(
            request=Request("job-1", "r", "p1", 0, 1, {}, seconds, ()),
            service=self.service,
            transcript=Transcript(folder, "job-1", Mask({}), 0),
            mask=Mask({}),
            accepted=known.accepted if known else False,
            may_be_there=known is not None,
        )
        monkeypatch.setattr(execution, "prepare", lambda *_: self.job)
        profile = Profile("jobs", (), remote=remote)
        started = replace(one, profile=profile, timeout=seconds, taken_over=known)
        self.one = RemoteExecution(started, HostContext(environ={}, folder=folder), self.pool)
        self.one.start()

    def goes_on(self, seconds: float = 0.0) -> list[str]:
        """Let the clock go on; returns the questions to the service,
        with those that follow from the answer at once.
        """
        before = len(self.service.calls)
        self.clock.now += seconds
        self.one.poll(())
        self.pool.work()
        self.one.poll(())
        return self.service.calls[before:]

    def ends(self, seconds: float = 0.0) -> Any:
        """Its decision, after so many more looks as it needs."""
        self.clock.now += seconds
        for _ in range(10):
            if self.one.result() is None:
                self.goes_on()
        found = self.one.result()
        assert found is not None
        self.pool.work()
        return found.decision
