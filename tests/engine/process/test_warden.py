"""Whatever ends a worker, its children end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from drain.engine.process import warden as warden_module
from drain.engine.process.contract import make_claim, worker_prefix
from drain.engine.process.hardening import harden_process
from drain.engine.process.sweep import boottime, sweep
from drain.engine.process.warden import (
    announce,
    ensure_warden,
    extend,
    retire,
    withdraw,
)
from drainsite.postgres.postmaster import is_alive

WORKER = """
import signal, sys, time, uuid
from pathlib import Path
from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.job import prepare, worker_folder
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import carry_on, start
from drain.engine.process.hardening import harden_process
from drain.engine.process.sweep import boottime
from drain.engine.process.warden import ensure_warden, extend
worker = uuid.UUID(sys.argv[1])
assert sys.argv[3] == "open" or harden_process()
ensure_warden(worker)
script = "sleep 61 & setsid sleep 62 >/dev/null 2>&1 & setsid setsid sleep 63 & sleep 64 & echo ready; "
script += f"(setsid env -i sh -c 'echo $$ > {sys.argv[2]}/stray; setsid sleep 66 & echo $! > {sys.argv[2]}/below; exec sleep 65' >/dev/null 2>&1 &); wait"
contract = Contract("r", "p", 0, 1, make_claim(worker, lease := uuid.uuid4()))
profile = Profile("t", ("sh", "-c", script))
def last_renewal(*_):
    extend([lease], end := boottime() + 3)
    print("renewed", end, flush=True)
signal.signal(signal.SIGUSR1, last_renewal)
job = prepare(profile, contract, folder=worker_folder(Path(sys.argv[2]), worker), timeout=float(sys.argv[4]), grace=0.2)
def tick(pulse):
    print("tick", flush=True)
    time.sleep(60 if "blocked" in sys.argv else 0)
    return carry_on(pulse)
print(start(job, boottime() + 3600).wait(tick).command, flush=True)
"""
SLEEPS = {f"sleep {seconds}" for seconds in (61, 62, 63, 64)}
"""The commands of the tree beside its shell, once it is whole: their number tells nothing while it grows."""


def is_whole(pids: list[int]) -> bool:
    """Return whether each sleep of the tree is among these processes."""
    return {command_of(pid) for pid in pids} >= SLEEPS


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:  # it ended between two looks
        return ""


def wait_until(condition, seconds=45.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def run_worker(tmp_path, worker, processes_of):
    started = []

    def run(mode, timeout="60", *more, **options):
        argv = [
            sys.executable,
            "-c",
            WORKER,
            worker.hex,
            str(tmp_path),
            mode,
            timeout,
            *more,
        ]
        env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
        started.append(process := subprocess.Popen(argv, env=env, **options))
        wait_until(lambda: is_whole(processes_of(worker.hex)))
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def renewed_for_the_last_time(process: subprocess.Popen[str]) -> float:
    """Return the end of the lease of a worker that was told to renew it once more, by the clock of sweeps."""
    process.send_signal(signal.SIGUSR1)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("renewed "):
            return float(line.split()[1])
    raise AssertionError("the worker ended")


@pytest.mark.parametrize("mode", ["open", "hardened"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_whole_tree_of_a_killed_worker_is_gone_long_before_it_would_end(
    run_worker, worker, processes_of, mode, number
):
    process = run_worker(mode)
    process.send_signal(number)
    wait_until(lambda: not processes_of(worker.hex))


@pytest.mark.verify
def test_what_wiped_its_environment_and_left_its_group_is_gone_too_once_it_was_seen(
    run_worker, tmp_path
):
    process = run_worker("open", stdout=subprocess.PIPE, text=True)
    wait_until(lambda: (tmp_path / "stray").exists() and (tmp_path / "stray").read_text())
    stray = int((tmp_path / "stray").read_text())
    for _ in range(3):  # the worker looks before each tick
        assert process.stdout.readline() == "tick\n"
    assert is_alive(stray)
    process.kill()
    wait_until(lambda: not is_alive(stray))


def test_a_stopped_worker_outlives_its_lease_and_its_children_do_not(
    run_worker, worker, processes_of
):
    process = run_worker("open", stdout=subprocess.PIPE, text=True)
    end = renewed_for_the_last_time(process)
    process.send_signal(signal.SIGSTOP)
    whole = is_whole(processes_of(worker.hex))
    assert whole or boottime() >= end, "ended before its lease"
    wait_until(lambda: not processes_of(worker.hex))
    process.send_signal(signal.SIGCONT)
    assert process.communicate(timeout=30)[0].endswith("lost\n")


@pytest.mark.verify
def test_what_a_stopped_worker_never_saw_leave_its_group_goes_with_the_lease_too(
    run_worker, worker, tmp_path
):
    """It wiped its environment and left its session: nothing but its parent tells whose it is."""
    process = run_worker("open", "60", "blocked", stdout=subprocess.PIPE, text=True)
    wait_until(lambda: (tmp_path / "below").exists() and (tmp_path / "below").read_text())
    stray, below = (int((tmp_path / name).read_text()) for name in ("stray", "below"))
    end = renewed_for_the_last_time(process)
    process.send_signal(signal.SIGSTOP)
    alive = is_alive(stray)
    assert alive or boottime() >= end, "ended before its lease"
    wait_until(lambda: not is_alive(stray) and not is_alive(below))


def test_the_deadline_of_a_phase_holds_while_its_worker_is_blocked(
    run_worker, worker, processes_of
):
    run_worker("open", "3", "blocked")
    wait_until(lambda: not processes_of(worker.hex))


def sleeping(worker, lease_until):
    """A group of its own and one that left it, both of a claim."""
    claim = make_claim(worker, uuid4())
    env = {"DRAIN_CLAIM": claim, "PATH": os.environ["PATH"]}
    argv = ["sh", "-c", "setsid sleep 60 & exec sleep 60"]
    child = subprocess.Popen(argv, env=env, start_new_session=True)
    announce(child.pid, claim, lease_until, float("inf"))
    return child, claim


@pytest.fixture
def warden(worker, monkeypatch):
    """A warden of a process that adopts nothing: what this one starts beside it is no phase's."""
    retire()
    monkeypatch.setattr(warden_module, "_spared", [])
    yield ensure_warden(worker)
    retire()


@pytest.mark.verify
def test_a_lease_that_is_renewed_lasts_longer_and_only_that_one(worker, warden, processes_of):
    end = boottime() + 2.0
    (kept, kept_claim), (lost, lost_claim) = sleeping(worker, end), sleeping(worker, end)
    extend([UUID(kept_claim.rpartition(".")[2])], end + 3600)
    assert lost.wait(45) == -signal.SIGKILL
    wait_until(lambda: not processes_of(lost_claim))
    assert boottime() >= end
    assert len(processes_of(kept_claim)) == 2
    retire()
    assert kept.wait(45) == -signal.SIGKILL


@pytest.mark.verify
def test_a_group_that_is_withdrawn_is_left_alone(worker, warden):
    end = boottime() + 2.0
    child, _ = sleeping(worker, end)
    withdraw(child.pid)
    wait_until(lambda: boottime() > end + 0.5)
    assert child.poll() is None
    retire()
    assert child.wait(45) == -signal.SIGKILL


def test_a_new_warden_is_told_of_what_runs(worker, warden):
    child, claim = sleeping(worker, boottime() + 2.0)
    os.kill(warden.pid, signal.SIGKILL)
    wait_until(lambda: not warden.is_alive())
    extend([UUID(claim.rpartition(".")[2])], boottime() + 1.0)
    assert ensure_warden(worker) is not warden
    assert child.wait(45) == -signal.SIGKILL


def test_a_warden_that_takes_no_more_lines_is_replaced(worker, warden):
    os.kill(warden.pid, signal.SIGSTOP)
    for group in range(5_000_000, 5_030_000):  # numbers that no process has
        announce(group, make_claim(worker, uuid4()), 0.0, 0.0)
        withdraw(group)
    wait_until(lambda: not warden.is_alive())
    assert ensure_warden(worker) is not warden


def test_a_sweep_finds_one_lease_or_a_whole_worker(worker, processes_of):
    claims = [make_claim(worker, uuid4()) for _ in range(2)]
    children = [
        subprocess.Popen(["sleep", "60"], env={"DRAIN_CLAIM": claim, "PATH": os.environ["PATH"]})
        for claim in claims
    ]
    wait_until(lambda: len(processes_of(worker.hex)) == 2)
    assert sweep(claims[0]) == 1
    assert children[0].wait() == -signal.SIGKILL
    assert children[1].poll() is None
    assert sweep(worker_prefix(worker)) == 1
    assert children[1].wait() == -signal.SIGKILL
    assert sweep(worker_prefix(worker)) == 0


def test_a_sweep_of_everything_is_refused():
    with pytest.raises(ValueError, match="32 hexadecimal digits"):
        sweep("")


def test_a_hardened_worker_keeps_its_environment_to_itself():
    code = "from drain.engine.process.hardening import harden_process as h; import os; h(); print(os.stat('/proc/self/environ').st_uid)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert run.stdout == b"0\n"
    assert callable(harden_process)
