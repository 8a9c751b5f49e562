"""A worker that dies on this machine is told at once: what it left is ended, and its phases run again long before any lease is over."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from drain.engine.process.job import worker_folder
from drain.engine.workers import dead
from drain.engine.workers.dead import bury, dead_workers, sign
from drain.engine.workers.hosts import strength
from drain.models import Attempt, Phase
from drainsite.postgres.postmaster import is_alive
from tests.engine.conftest import Backlog
from tests.hosts import Host, argv_of, descendants, until

pytestmark = pytest.mark.django_db(transaction=True)
Start = Callable[..., Host]
# The lock goes with the last process that holds it, so it tells who really ran at once.
SCRIPT = """
exec 9>"$OUT/$1.lock"
flock -n 9 || { echo "overlap $1" >> "$OUT/marks"; exit 1; }
echo "start-$1-$$" >> "$OUT/marks"
[ -e "$OUT/go" ] || exec sleep 600
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Host] = []

    def start(*arguments: str, **env: str) -> Host:
        host = Host(*arguments, folder=tmp_path / "data", DRAIN_LEASE_SECONDS="600", **env)
        started.append(host)
        return host

    yield start
    for host in started:
        host.clear()


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dead, "folders", lambda: tmp_path)
    return tmp_path


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def running(backlog: Backlog, count: int = 1) -> list[int]:
    """The shells that wait, once there are so many."""
    until(lambda: len(backlog.marks()) == count, 60)
    return [int(mark.rpartition("-")[2]) for mark in backlog.marks()]


def test_what_a_killed_worker_and_its_warden_leave_is_ended_by_the_next_rescue(
    start: Start, backlog: Backlog
) -> None:
    backlog.executor(SCRIPT)
    backlog.run("r", 1)
    drain = start("drain", "--inline", "--json")
    shell = running(backlog)[0]
    wardens = [pid for pid in descendants(drain.process.pid) if "sweep.py" in argv_of(pid)]
    assert wardens
    for pid in (*wardens, drain.process.pid):
        kill(pid)
    drain.process.wait()
    assert is_alive(shell), "nobody was left to end it"
    (folder,) = (drain.folder / "work").iterdir()
    rescued = start("rescue", "--json", "--reason", "x").json()
    assert rescued["attempts"] == 1
    assert not is_alive(shell)
    assert Phase.objects.get().state == "FAILED"
    assert Attempt.objects.get().outcome == "lost"
    assert not folder.exists()


@pytest.mark.serial
def test_a_phase_of_a_killed_worker_runs_again_within_seconds(
    start: Start, backlog: Backlog
) -> None:
    backlog.executor(SCRIPT)
    backlog.run("r", 1)
    up = start("up", "--role", "worker", "--workers", "1")
    until(lambda: strength().workers == 1, 60)
    drain = start("drain", "--json")
    shell = running(backlog)[0]
    (backlog.folder / "go").touch()
    killed = time.monotonic()
    kill(worker_above(shell, up))
    until(lambda: len(backlog.marks()) == 2, 60)
    took = time.monotonic() - killed
    result = drain.json()
    assert (result["complete"], result["lost"]) == (1, 1)
    assert not [mark for mark in backlog.marks() if mark.startswith("overlap")]
    assert took < 30, f"{took:.1f} s with a lease of 600"


def worker_above(shell: int, up: Host) -> int:
    return next(
        pid for pid in up.pids() if shell in descendants(pid)[:3] and "qcluster" in argv_of(pid)
    )


def test_only_a_process_that_is_certainly_gone_is_dead(work: Path) -> None:
    alive, other_boot, older, unsigned, gone = (uuid4() for _ in range(5))
    for worker in (alive, other_boot, older, gone):
        sign(worker_folder(work, worker))
    worker_folder(work, unsigned)
    (work / "not-a-worker").mkdir()
    change(work / other_boot.hex, boot="another", pid=1 << 22)
    change(work / older.hex, started=1)
    change(work / gone.hex, pid=1 << 22)
    assert set(dead_workers()) == {older, gone}


def test_a_folder_with_results_that_are_not_in_the_books_is_kept(work: Path) -> None:
    empty, full = (worker_folder(work, uuid4()) for _ in range(2))
    (full / "x.result.json").touch()
    for folder in (empty, full):
        bury(type(uuid4())(hex=folder.name))
    assert (empty.exists(), full.exists()) == (False, True)


def change(folder: Path, **values: object) -> None:
    path = folder / dead.IDENTITY
    path.write_text(json.dumps(json.loads(path.read_text()) | values))
