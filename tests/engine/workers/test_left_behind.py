"""The rest of a dead worker of this machine:
its children are ended, its results are booked, and only then is the rest lost.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from drain.engine import rescue
from drain.engine.attempts.spool import Spool
from drain.engine.attempts.started import EndedAttempt
from drain.engine.process.job import worker_folder
from drain.engine.workers import dead
from drain.models import Attempt, DrainSession, WorkerLoop
from drain.policy.states import Outcome
from tests.engine.attempts.examples import result
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.factories import ExecutorFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the workers of this machine."""
    for module in (dead, rescue):
        monkeypatch.setattr(module, "folders", lambda: tmp_path)
    return tmp_path


def dead_worker(work: Path) -> UUID:
    """A worker whose process is gone."""
    worker = uuid4()
    folder = worker_folder(work, worker)
    dead.sign(folder)
    path = folder / dead.IDENTITY
    path.write_text(json.dumps(json.loads(path.read_text()) | {"pid": 1 << 22}))
    return worker


def drained(phases: int) -> HandDrain:
    ExecutorFactory()
    failed_run("a", phases)
    drain = HandDrain()
    assert len(drain.start()) == phases
    return drain


def gave(worker: UUID, *attempts: int) -> None:
    """The loop of this worker, whose lease is long, has these attempts."""
    loop = WorkerLoop.objects.create(
        id=uuid4(), worker=f"h/1/{worker.hex}", slots=9, expires_at=Now()
    )
    mine = Attempt.objects.filter(pk__in=attempts)
    mine.update(worker=f"h/1/{worker.hex}", loop=loop.pk)


def outcomes() -> list[str | None]:
    return list(Attempt.objects.order_by("id").values_list("outcome", flat=True))


def test_what_a_dead_worker_knew_is_booked_after_its_children_are_ended_and_the_rest_is_lost(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, unknown = drained(2).rounds.begun
    worker, seen = dead_worker(work), list[list[str | None]]()
    gave(worker, known.attempt, unknown.attempt)
    Spool(work / worker.hex).keep([EndedAttempt(known, result(Outcome.COMPLETE, 1, "x"))])

    def end(one: UUID) -> int:
        seen.append(outcomes())
        return dead.end_left_behind(one)

    monkeypatch.setattr(rescue, "end_left_behind", end)
    assert rescue.rescue().attempts == 1
    assert seen == [[None, None]]
    assert outcomes() == ["complete", "lost"]
    assert not WorkerLoop.objects.exists(), "its slots are free at once"
    assert list(work.iterdir()) == []


def test_a_dead_worker_that_makes_trouble_keeps_what_it_has_and_stops_no_other(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = drained(2).rounds.begun
    first, second = sorted((dead_worker(work), dead_worker(work)), key=lambda each: each.hex)
    gave(first, one.attempt)
    gave(second, two.attempt)

    def end(worker: UUID) -> None:
        if worker == first:
            raise OSError("its processes cannot be seen")

    monkeypatch.setattr(rescue, "end_left_behind", end)
    rescue.rescue()
    assert outcomes() == [None, "lost"]
    assert [each.name for each in work.iterdir()] == [first.hex]


def test_an_attempt_that_cannot_be_rescued_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, _ = drained(2).rounds.begun
    book = rescue._rescue

    def breaks(found: dict[str, Any]) -> bool:
        if found["attempt"] == broken.attempt:
            raise ValueError("a row that makes no sense")
        return book(found)

    monkeypatch.setattr(rescue, "_rescue", breaks)
    assert rescue.rescue().attempts == 1
    assert outcomes() == [None, "lost"]


@pytest.mark.parametrize("died", [False, True])
def test_who_takes_the_place_of_a_dead_worker_is_woken_anew(
    died: bool, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew: list[bool] = []

    def wake(*, fresh: bool) -> int:
        anew.append(fresh)
        return 0

    monkeypatch.setattr(rescue, "wake", wake)
    if died:
        dead_worker(work)
    rescue.rescue()
    assert anew == [died], "its wake-ups are lost with it"


def test_a_kept_result_that_no_row_can_hold_is_a_failure_with_the_sentence(work: Path) -> None:
    one, two = drained(2).rounds.begun
    worker = dead_worker(work)
    gave(worker, one.attempt, two.attempt)
    huge = replace(result(Outcome.COMPLETE, 1, "x"), exit_code=2**40)
    kept = [EndedAttempt(one, huge), EndedAttempt(two, result(Outcome.COMPLETE, 1, "x"))]
    Spool(work / worker.hex).keep(kept)
    rescue.rescue()
    assert outcomes() == ["failed", "complete"]
    assert "could not be stored" in Attempt.objects.get(outcome="failed").error
    assert list(work.iterdir()) == []


def test_what_a_dead_worker_knew_of_a_drain_whose_rules_cannot_be_read_is_booked_with_the_rest(
    work: Path,
) -> None:
    bad, fine, lost = drained(3).rounds.begun
    DrainSession.objects.update(limits={"nothing": 1})
    worker = dead_worker(work)
    gave(worker, bad.attempt, fine.attempt, lost.attempt)
    kept = [EndedAttempt(each, result(Outcome.COMPLETE, 1, "x")) for each in (bad, fine)]
    Spool(work / worker.hex).keep(kept)
    assert rescue.rescue().attempts == 1
    assert outcomes() == ["complete", "complete", "lost"]
    assert (DrainSession.objects.get().open_attempts, list(work.iterdir())) == (0, [])


def test_what_a_dead_worker_knew_is_kept_while_the_database_is_busy_and_booked_as_it_was(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (known,) = drained(1).rounds.begun
    worker = dead_worker(work)
    gave(worker, known.attempt)
    Spool(work / worker.hex).keep([EndedAttempt(known, result(Outcome.COMPLETE, 1, "x"))])
    finish, calls = rescue._finish, iter([OperationalError("deadlock detected")])

    def busy_once(each: EndedAttempt) -> bool:
        for error in calls:
            raise error
        return finish(each)

    monkeypatch.setattr(rescue, "_finish", busy_once)
    rescue.rescue()
    assert outcomes() == [None]
    rescue.rescue()
    assert outcomes() == ["complete"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"started": 5, "result": 5}', '{"started": {"lease": 5}, "result": {}}',
             '{"started": {"lease": []}, "result": []}', "[" * 100_000],
)  # fmt: skip
def test_a_kept_result_that_cannot_be_read_keeps_no_other_from_the_books(
    work: Path, text: str
) -> None:
    (known,) = drained(1).rounds.begun
    worker = dead_worker(work)
    gave(worker, known.attempt)
    Spool(work / worker.hex).keep([EndedAttempt(known, result(Outcome.COMPLETE, 1, "x"))])
    (work / worker.hex / "0.result.json").write_text(text)
    rescue.rescue()
    assert outcomes() == ["complete"]
    assert not WorkerLoop.objects.exists()


def test_a_disk_that_takes_no_result_stops_nobody_and_is_tried_again(
    work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (known,) = drained(1).rounds.begun
    spool, ends = Spool(work / "w"), [EndedAttempt(known, result(Outcome.COMPLETE, 1, "x"))]
    spool.keep(ends)
    assert f"the result of attempt {known.attempt} is not kept" in caplog.text
    (work / "w").mkdir()
    spool.keep(ends)
    assert len(list((work / "w").glob("*.result.json"))) == 1
