"""A worker that dies on this machine is told at once:
what it left is ended, and its phases run again long before any lease is over.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from drain.engine.attempts.spool import left_behind
from drain.engine.process.contract import worker_prefix
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


def test_a_folder_that_another_rescue_has_just_removed_holds_nothing(work: Path) -> None:
    worker = uuid4()
    bury(worker)
    assert list(left_behind(work / worker.hex)) == []


def change(folder: Path, **values: object) -> None:
    path = folder / dead.IDENTITY
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_nobody_is_dead_where_processes_cannot_be_told_apart(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = worker_folder(work, uuid4())
    sign(gone)
    change(gone, pid=1 << 22)
    monkeypatch.setattr(dead, "_place", lambda: None)
    unsigned = worker_folder(work, uuid4())
    sign(unsigned)
    assert dead_workers() == []
    assert list(unsigned.iterdir()) == []


def test_where_no_worker_was_there_is_none(work: Path) -> None:
    work.rmdir()
    assert dead_workers() == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '"x"', "null", "{}", '{"pid": null, "started": 1}', '{"pid": 1e999, "started": 1}',
             '{"pid": "x", "started": 1}', "[" * 100_000, "\udcff"],
)  # fmt: skip
def test_a_file_that_names_no_process_is_passed_over(work: Path, text: str) -> None:
    broken, gone = sorted(uuid4() for _ in range(2))
    for worker in (broken, gone):
        sign(worker_folder(work, worker))
    (work / broken.hex / dead.IDENTITY).write_bytes(text.encode(errors="surrogateescape"))
    change(work / gone.hex, pid=1 << 22)
    assert dead_workers() == [gone]


def test_two_threads_of_a_worker_may_sign_its_folder_at_the_same_moment(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = worker_folder(work, uuid4())
    replace = Path.replace

    def interrupted(part: Path, path: Path) -> Path:
        monkeypatch.setattr(Path, "replace", replace)
        sign(mine)
        return replace(part, path)

    monkeypatch.setattr(Path, "replace", interrupted)
    sign(mine)
    assert [path.name for path in mine.glob("process*")] == [dead.IDENTITY]
    assert list(mine.glob("*.part")) == []


def test_a_worker_says_who_it_is_by_all_that_makes_its_number_mean_something(work: Path) -> None:
    mine = worker_folder(work, uuid4())
    sign(mine)
    said = json.loads((mine / dead.IDENTITY).read_text())
    assert said.pop("boot") == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert said.pop("namespace") == str(Path("/proc/self/ns/pid").readlink())
    assert said.pop("pid") == os.getpid()
    assert list(said) == ["started"]


@pytest.mark.parametrize("other", [{"namespace": "pid:[1]"}, {"boot": "another"}, {"more": 1}])
def test_a_process_of_another_machine_boot_or_namespace_is_not_told_here(
    work: Path, other: dict[str, object]
) -> None:
    worker = uuid4()
    sign(worker_folder(work, worker))
    change(work / worker.hex, pid=1 << 22, **other)
    assert dead_workers() == []


def _stands_for_a_warden(worker: UUID, seconds: float) -> subprocess.Popen[bytes]:
    """A process that has the worker's mark among its arguments, as its warden has."""
    code = f"import time; print(flush=True); time.sleep({seconds})"
    argv = [sys.executable, "-c", code, worker_prefix(worker)]
    started = subprocess.Popen(argv, stdout=subprocess.PIPE)
    assert started.stdout is not None
    started.stdout.readline()
    started.stdout.close()
    return started


def test_what_a_worker_left_is_swept_when_its_warden_is_done_and_no_longer_waits_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = uuid4()
    warden = _stands_for_a_warden(worker, 0.4)
    was_there: list[bool] = []

    def sweep(prefix: str, *, passes: int) -> int:
        assert (prefix, passes) == (worker_prefix(worker), 2)
        # Nobody has reaped it, and a process that has ended has no words left.
        was_there.append(Path(f"/proc/{warden.pid}/cmdline").read_bytes() != b"")
        return 0

    monkeypatch.setattr(dead, "sweep", sweep)
    dead.end_left_behind(worker)
    warden.wait()
    assert was_there == [False], "the warden knows more than cookies tell"
    monkeypatch.setattr(dead, "_WARDEN_SECONDS", 0.1)
    warden = _stands_for_a_warden(worker, 600)
    try:
        dead.end_left_behind(worker)
    finally:
        warden.kill()
        warden.wait()
    assert was_there == [False, True]


def test_processes_that_end_while_a_warden_is_looked_for_are_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there, gone = Path(f"/proc/{os.getpid()}/cmdline"), Path("/proc/4194305/cmdline")
    monkeypatch.setattr(Path, "glob", lambda *_: iter([gone, there]))
    monkeypatch.setattr(
        dead, "worker_prefix", lambda _: there.read_bytes().split(b"\0")[0].decode()
    )
    assert dead._has_warden(uuid4())
