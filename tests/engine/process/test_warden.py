"""Whatever ends a worker, its children end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

from drain.engine.process.contract import make_claim, worker_prefix
from drain.engine.process.hardening import harden_process
from drain.engine.process.sweep import sweep
from drain.engine.process.warden import ensure_warden, retire

WORKER = """
import sys, uuid
from pathlib import Path
from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.job import prepare, worker_folder
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import carry_on, start
from drain.engine.process.hardening import harden_process
from drain.engine.process.warden import ensure_warden
worker = uuid.UUID(sys.argv[1])
assert sys.argv[3] == "open" or harden_process()
ensure_warden(worker)
script = "sleep 61 & setsid sleep 62 >/dev/null 2>&1 & setsid setsid sleep 63 & sleep 64 & echo ready; wait"
contract = Contract("r", "p", 0, 1, make_claim(worker, uuid.uuid4()))
profile = Profile("t", ("sh", "-c", script))
start(prepare(profile, contract, folder=worker_folder(Path(sys.argv[2]), worker), timeout=60)).wait(carry_on)
"""
TREE = 5
"""The shell and its four sleeps."""


def wait_until(condition, seconds=45.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def run_worker(tmp_path, worker, processes_of):
    started = []

    def run(mode, **options):
        argv = [sys.executable, "-c", WORKER, worker.hex, str(tmp_path), mode]
        env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
        started.append(process := subprocess.Popen(argv, env=env, **options))
        wait_until(lambda: len(processes_of(worker.hex)) == TREE)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("mode", ["open", "hardened"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_whole_tree_of_a_killed_worker_is_gone_long_before_it_would_end(
    run_worker, worker, processes_of, mode, number
):
    process = run_worker(mode)
    process.send_signal(number)
    wait_until(lambda: not processes_of(worker.hex))


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


def test_there_is_one_warden_and_a_dead_one_is_replaced(worker):
    try:
        first = ensure_warden(worker)
        assert ensure_warden(worker) is first
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: not first.is_alive())
        assert ensure_warden(worker).pid != first.pid
    finally:
        retire()


def test_a_fork_does_not_hold_its_parents_warden(worker):
    warden = ensure_warden(worker)
    child = os.fork()
    if not child:
        time.sleep(60)
    try:
        began = time.monotonic()
        retire()
        assert time.monotonic() - began < 5
        assert not warden.is_alive()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


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
