"""The supervisor by the clock: which probe ends a child, and when one is started again."""

from __future__ import annotations

import errno
import io
from typing import Any

import pytest

from drainsite.supervisor.supervisor import Child, ChildSpec, Supervisor


def test_a_child_that_starts_slowly_is_not_ended_before_its_first_answer_is_due() -> None:
    well = False
    spec = ChildSpec("web", [], {}, first_answer_seconds=60, failures=3, healthy=lambda _: well)
    process: Any = None
    slow, once = Child(spec, process, started=0), Child(spec, process, started=0)
    watcher = Supervisor([spec], lambda _: None)
    assert all(watcher._answers(slow, age) for age in (15, 20, 30, 40, 50, 59))
    assert [watcher._answers(slow, age) for age in (60, 65, 70)] == [True, True, False]
    well = True
    assert watcher._answers(once, 15)
    well = False
    assert [watcher._answers(once, age) for age in (20, 25, 30)] == [True, True, False]


def test_a_machine_without_another_process_ends_nothing_that_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    tried: list[float] = []
    clock = [0.0]
    watcher = Supervisor([ChildSpec("web", ["true"], {})], said.append)

    def no_process(_: ChildSpec) -> None:
        tried.append(clock[0])
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(watcher, "_start", no_process)
    monkeypatch.setattr("drainsite.supervisor.supervisor.time.monotonic", lambda: clock[0])
    watcher._due["web"] = 10.0
    for clock[0] in (9.0, 10.0, 11.0, 14.9, 15.0):
        watcher._look()
    assert tried == [10.0, 15.0]
    again = "web         | cannot be started (Resource temporarily unavailable): again in 5 s"
    assert said == [again, again]


class Gone:
    """A program that has ended."""

    pid, returncode, stdin = 5_000_000, 1, io.BytesIO()

    def poll(self) -> int:
        return self.returncode


def test_what_dies_young_waits_longer_each_time_and_what_ran_a_minute_is_there_again_at_once() -> (
    None
):
    said: list[str] = []
    spec = ChildSpec("web", [], {})
    watcher = Supervisor([spec], said.append)
    process: Any = Gone()
    for age in (1, 59, 1, 60, 1, *[1] * 9):
        watcher._children["web"] = Child(spec, process, started=0)
        watcher._look_at(watcher._children["web"], age)
        assert watcher._children == {}
    pauses = [line.rpartition("again in ")[2] for line in said]
    assert pauses[:6] == ["0.5 s", "1 s", "2 s", "0.5 s", "1 s", "2 s"]
    assert pauses[-1] == "30 s"
    assert watcher._due["web"] == 31


def test_a_probe_that_breaks_says_nothing_of_its_child() -> None:
    def breaks(_: Child) -> bool:
        raise OSError("the database is away")

    said: list[str] = []
    spec = ChildSpec("web", [], {}, failures=1, probe_seconds=5, healthy=breaks)
    process: Any = None
    child = Child(spec, process, started=0)
    watcher = Supervisor([spec], said.append)
    assert all(watcher._answers(child, age) for age in (20, 25, 30))
    assert (child.failed_probes, child.next_probe) == (0, 35)
    assert said == ["web         | health unknown: OSError: the database is away"] * 3


class Stuck:
    """A program that answers nothing and does not end."""

    def __init__(self) -> None:
        self.told = 0

    def poll(self) -> None:
        """It runs."""

    def terminate(self) -> None:
        self.told += 1


@pytest.mark.parametrize(("hurry", "told"), [(None, [1, 1, 1, 1]), (3.0, [1, 1, 2, 2])])
def test_what_does_not_answer_is_told_to_end_once_and_hurried_once_where_it_may_be(
    hurry: float | None, told: list[int]
) -> None:
    spec = ChildSpec(
        "web",
        [],
        {},
        failures=1,
        probe_seconds=1,
        sick_grace_seconds=hurry,
        healthy=lambda _: False,
    )
    process: Any = Stuck()
    child = Child(spec, process, started=0)
    watcher = Supervisor([spec], lambda _: None)
    found = []
    for now in (20.0, 22.9, 23.0, 90.0):
        watcher._look_at(child, now)
        found.append(process.told)
    assert found == told
