"""A loop whose steps a test takes by hand: what it counts as over, and what it knows after an outage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import InterfaceError, transaction

from drain.engine import loop as loop_module
from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import Rounds
from drain.engine.attempts.spool import Spool, left_behind
from drain.engine.attempts.started import EndedAttempt, StartedAttempt
from drain.engine.executions.children import Children
from drain.engine.loop import Loop, LoopEnd
from drain.engine.process.ended import Command
from drain.engine.served import ServedSessions
from drain.engine.workers.dead import kept_results
from drain.engine.workers.loops import Renewal, add_loop
from drain.models import Attempt, DrainSession, WorkerLoop
from drain.policy.states import Outcome
from tests.engine.attempts.examples import result
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.engine.executions.played import HandPool
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db(transaction=True)


class HandLoop(Loop):
    """A loop of two slots that begins no child: `ran` is what it would have run."""

    def __init__(self, drain: HandDrain, folder: Path) -> None:
        super().__init__(2)
        self.ran: list[StartedAttempt] = []
        self._host = drain.rounds.host
        self._host.folder = folder
        self._rounds = Rounds(self._host, add_loop("h/1/w", None, None, 2)[0])
        self._slots, self._spool, self._pool = 2, Spool(folder), HandPool()
        self._children = Children(self._pool)
        self._sessions = ServedSessions(None, self._host, self._pool)
        self._renewal = Renewal(self._rounds.loop, self._pool.wake)
        self._sessions.running = self._sessions.hungry = [drain.session.pk]

    def _run(self, started: StartedAttempt) -> None:
        self.ran.append(started)


@pytest.fixture
def drain() -> HandDrain:
    ExecutorFactory()
    failed_run("a", 2)
    return HandDrain()


@pytest.fixture
def loop(drain: HandDrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HandLoop]:
    monkeypatch.setattr(loop_module, "IDLE_SECONDS", 0.0)
    made = HandLoop(drain, tmp_path)
    yield made
    made._pool.close()


def ended(each: StartedAttempt) -> EndedAttempt:
    return EndedAttempt(each, result(Outcome.COMPLETE, 1, ""))


def kept(folder: Path) -> list[UUID]:
    return [each.started.lease for _, each in left_behind(folder)]


def given_to_take_over(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Have nothing taken over, and note what was asked for."""
    asked: list[tuple[Any, ...]] = []

    def take_over(*given: Any) -> list[StartedAttempt]:
        asked.append(given)
        return []

    monkeypatch.setattr(loop_module, "take_over", take_over)
    return asked


def outcomes() -> list[str | None]:
    return list(Attempt.objects.order_by("pk").values_list("outcome", flat=True))


@pytest.mark.parametrize("open_still", ["nothing", "child", "end", "start", "opening"])
def test_a_loop_is_not_over_before_all_that_it_began_is_in_the_books(
    loop: HandLoop, open_still: str
) -> None:
    something: Any = object()
    match open_still:
        case "child":
            loop._children._running[uuid4()] = something
        case "end":
            loop._children.ended.append(something)
        case "start":
            loop._unsure.append(something)
        case "opening":
            loop._sessions.opening.add(1)
    loop._asked_to_end = True
    assert loop._end() is (LoopEnd.INTERRUPTED if open_still == "nothing" else None)


@pytest.mark.parametrize("committed", [True, False])
def test_after_a_commit_whose_answer_was_lost_each_phase_is_run_once(
    loop: HandLoop, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    write = Rounds.write

    def cut(self: Rounds, *given: Any) -> int:
        with transaction.atomic():
            write(self, *given)
            transaction.set_rollback(not committed)
        raise InterfaceError("the connection is closed")

    with monkeypatch.context() as cutting:
        cutting.setattr(Rounds, "write", cut)
        with pytest.raises(InterfaceError) as away:
            loop._round()
    loop._wait_for_database(away.value)
    assert (loop.ran, loop._rounds.begun) == ([], [])
    for _ in range(3):
        loop._round()
    assert [each.phase_id for each in loop.ran] == ["a0", "a1"]
    assert {each.lease for each in loop.ran} == set(
        Attempt.objects.filter(outcome=None).values_list("lease", flat=True)
    )


def test_what_runs_already_is_not_run_again_after_an_outage(loop: HandLoop) -> None:
    loop._round()
    loop._wait_for_database(InterfaceError("the connection is closed"))
    loop._round()
    assert [each.phase_id for each in loop.ran] == ["a0", "a1"]


def test_what_ended_while_the_database_is_away_is_kept_on_disk_until_it_is_in_the_books(
    loop: HandLoop, tmp_path: Path
) -> None:
    loop._round()
    loop._children.ended += [ended(each) for each in loop.ran]
    loop._wait_for_database(InterfaceError("the connection is closed"))
    assert sorted(kept(tmp_path)) == sorted(each.lease for each in loop.ran)
    assert loop._retry_at <= time.monotonic()
    loop._round()
    assert (outcomes(), loop._children.ended, kept(tmp_path)) == (["complete"] * 2, [], [])


@pytest.mark.parametrize("away", [False, True])
def test_a_loop_whose_lease_is_over_ends_what_runs_and_books_or_keeps_what_it_knows(
    loop: HandLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: bool
) -> None:
    loop._renewal.start()
    loop._round()
    loop._children.ended += [ended(each) for each in loop.ran]
    loop._spool.keep(loop._children.ended[:1])
    killed: list[Command] = []
    monkeypatch.setattr(loop._children, "stop", lambda command, *_: killed.append(command))

    def cut(*_: Any) -> int:
        raise InterfaceError("the connection is closed")

    if away:
        monkeypatch.setattr(Rounds, "write", cut)
    assert loop._give_up() is LoopEnd.LOST
    loop._leave(loop._rounds.loop)
    loop._pool = HandPool()
    assert killed == [Command.LOST] * 2
    assert outcomes() == [None if away else "complete"] * 2
    assert len(kept(tmp_path)) == (2 if away else 0)
    assert WorkerLoop.objects.exists() is away, "rescue has to find what is open"


def test_what_an_earlier_loop_of_this_worker_kept_is_booked_by_the_next(
    drain: HandDrain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_module, "LINGER_SECONDS", 0.0)
    monkeypatch.setattr(loop_module, "HostContext", lambda: HostContext(folder=tmp_path))
    begun = drain.start()
    Spool(tmp_path).keep(ended(each) for each in begun)
    DrainSession.objects.update(state="stopping")
    until = time.monotonic() + 30
    assert Loop(1, interrupted=lambda: time.monotonic() > until).run() is LoopEnd.DONE
    assert (outcomes(), kept_results(tmp_path)) == (["complete"] * 2, [])


@pytest.mark.parametrize("over", ["asked", "long enough", "neither"])
def test_a_loop_that_ends_starts_nothing_and_takes_nothing_over(
    loop: HandLoop, monkeypatch: pytest.MonkeyPatch, over: str
) -> None:
    asked = given_to_take_over(monkeypatch)
    loop._asked_to_end = over == "asked"
    loop._ends_at = 0.0 if over == "long enough" else loop._ends_at
    loop._round()
    loop._take_over()
    going = over == "neither"
    assert (len(loop.ran), len(asked)) == (2 * going, going)


def test_a_loop_takes_over_nothing_that_it_has_or_may_have_begun(
    loop: HandLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = given_to_take_over(monkeypatch)
    loop._round()
    runs, unsure = loop.ran
    loop._children.ended.append(ended(runs))
    loop._unsure.append(unsure)
    loop._take_over()
    ((*_, mine),) = asked
    assert sorted(mine) == sorted([runs.lease, unsure.lease])


def test_a_loop_starts_no_more_than_its_slots(loop: HandLoop) -> None:
    loop._slots = 1
    loop._round()
    assert len(loop.ran) == 1
    loop._children._running[uuid4()] = _holding()
    loop._round()
    assert len(loop.ran) == 1


def _holding() -> Any:
    class Held:
        execution = type("Holds", (), {"holds_slot": True})

    return Held
