"""A phase on this host, step by step: an order that comes before its child holds,
and only what is its own is ended.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.source_said import SourceAnswer
from drain.engine.attempts.source_sync import SourceSync
from drain.engine.executions import children as children_module
from drain.engine.executions import local
from drain.engine.executions.children import Children
from drain.engine.executions.local import LocalExecution
from drain.engine.process.ended import Command
from drain.engine.process.errors import ChildError
from drain.engine.process.spawn import start as begin
from drain.policy.states import Outcome
from drain.sources.autopack import readback
from drain.sources.errors import SourceError
from tests.engine.executions.played import HandPool
from tests.engine.executions.test_children import attempt

CANCEL, INTERRUPT, LOST = Command.CANCEL, Command.INTERRUPT, Command.LOST


class PlayedSync(SourceSync):
    """A source that notes what is asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.looks: list[Any] = []

    def take(self) -> None:
        self.calls.append("take")

    def give_back(self) -> None:
        self.calls.append("give back")

    def after(self, ended: Any) -> Any:
        return self

    def look(self) -> Any:
        self.calls.append("look")
        found = self.looks.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    def hurry(self) -> None:
        self.calls.append("hurry")


class Played:
    """An execution that was started after a lost attempt, its source and its threads."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, script: str = "true") -> None:
        self.pool, self.sync, self.events = HandPool(), PlayedSync(), list[str]()

        def start(*given: Any) -> Any:
            self.events.append("started")
            return begin(*given)

        monkeypatch.setattr(local, "start", start)
        monkeypatch.setattr(local, "sweep", lambda claim: self.events.append(f"swept {claim}"))
        monkeypatch.setattr(local, "source_sync", lambda _: self.sync)
        monkeypatch.setattr(local, "keep_log", lambda *_: "")
        monkeypatch.setattr(readback, "POLL_SECONDS", 0.0)
        started = replace(attempt(1, script), lost_claim="w.l")
        host = HostContext(environ={}, folder=folder)
        self.one = LocalExecution(started, host, self.pool, lambda: float("inf"))
        self.children = Children(self.pool)
        self.children.start(self.one)

    def until_over(self) -> Any:
        for _ in range(1000):
            self.pool.work()
            self.children.watch(0.02)
            if self.children.ended:
                self.pool.work()
                return self.children.ended[0].result.decision.outcome
        raise AssertionError("its end was not seen")


@pytest.fixture
def played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Played(tmp_path, monkeypatch)
    yield made
    made.pool.close()


@pytest.mark.parametrize(
    ("orders", "outcome"),
    [
        ([CANCEL], Outcome.CANCELLED),
        ([INTERRUPT], Outcome.INTERRUPTED),
        ([LOST], Outcome.LOST),
        ([CANCEL, INTERRUPT], Outcome.CANCELLED),
        ([INTERRUPT, CANCEL], Outcome.INTERRUPTED),
        ([CANCEL, LOST], Outcome.LOST),
    ],
)
def test_a_phase_that_is_stopped_before_it_runs_never_does_and_its_source_has_it_back_unless_its_lease_is_gone(
    played: Played, orders: list[Command], outcome: Outcome
) -> None:
    for order in orders:
        played.one.stop(order)
    assert played.until_over() is outcome
    assert "started" not in played.events
    assert played.sync.calls == (["take"] if outcome is Outcome.LOST else ["take", "give back"])


def test_what_the_lost_attempt_left_here_is_ended_before_the_next_begins(played: Played) -> None:
    played.sync.looks = [SourceAnswer()]
    assert played.until_over() is Outcome.COMPLETE
    assert played.events == ["swept w.l", "started"]
    assert played.sync.calls == ["take", "look"]


def test_what_ran_is_not_given_back_though_its_source_cannot_be_read(played: Played) -> None:
    played.sync.looks = [None, SourceError("it is away")]
    assert played.until_over() is Outcome.RETRYABLE
    assert played.sync.calls == ["take", "look", "look"]


def test_a_phase_that_cannot_be_prepared_is_given_back(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any, **__: Any) -> None:
        raise ChildError("no such placeholder")

    monkeypatch.setattr(local, "prepare", breaks)
    assert played.until_over() is Outcome.FAILED
    assert played.sync.calls == ["take", "give back"]


def test_a_source_is_read_once_more_when_the_loop_is_to_end(played: Played) -> None:
    played.sync.looks = [None, None, SourceAnswer()]
    while "look" not in played.sync.calls:
        played.pool.work()
        played.children.watch(0.02)
    assert not played.one.holds_slot
    played.one.stop(INTERRUPT)
    assert played.until_over() is Outcome.COMPLETE
    assert played.sync.calls[-2:] == ["hurry", "look"]


class Idle:
    """An execution that goes on until it is told to end; or not even then."""

    goes_on, holds_slot = False, True

    def __init__(self, session: int | None) -> None:
        self.started = SimpleNamespace(session=session, lease=uuid4(), profile=SimpleNamespace())
        self.told: list[Command] = []

    def start(self) -> None: ...

    def stop(self, command: Command) -> None:
        self.told.append(command)

    def waits_on(self) -> list[int]:
        return []

    def due_at(self) -> float:
        return float("inf")

    def result(self) -> None: ...


def test_an_order_reaches_the_children_of_its_drains_and_no_other(played: Played) -> None:
    mine, other, nobodys = (Idle(session) for session in (1, 2, None))
    for each in (mine, other, nobodys):
        played.children.start(each)  # type: ignore[arg-type]
    played.children.stop(CANCEL, [1])
    assert (mine.told, other.told, nobodys.told) == ([CANCEL], [], [])
    played.children.stop(INTERRUPT)
    assert (other.told, nobodys.told) == ([INTERRUPT], [INTERRUPT])


def test_a_child_that_does_not_end_is_left_to_the_warden(
    played: Played, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, clock = Idle(1), iter(range(100))
    played.children.start(stuck)  # type: ignore[arg-type]
    monkeypatch.setattr(
        children_module, "time", SimpleNamespace(monotonic=lambda: float(next(clock)))
    )
    monkeypatch.setattr(played.children, "watch", lambda _: None)
    played.children.end(20.0)
    assert stuck.told == [LOST]
