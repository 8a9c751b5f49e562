"""A process has one warden, whatever becomes of it."""

from __future__ import annotations

import errno
import os
import signal
import time

from drain.engine.process import warden as warden_module
from drain.engine.process.sweep import boottime
from drain.engine.process.warden import ensure_warden, extend_all, keep_warden, retire
from tests.engine.process.test_warden import wait_until


def test_there_is_one_warden_and_a_dead_one_is_replaced(worker):
    try:
        first = ensure_warden(worker)
        assert ensure_warden(worker) is first
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: not first.is_alive())
        assert ensure_warden(worker).pid != first.pid
    finally:
        retire()


def test_a_warden_that_cannot_be_started_now_is_started_later_and_lets_renewals_go_on(
    worker, monkeypatch
):
    retire()
    warden = ensure_warden(worker)
    os.kill(warden.pid, signal.SIGKILL)
    wait_until(lambda: not warden.is_alive())
    monkeypatch.setattr("drain.engine.process.warden.subprocess.Popen", no_process)
    extend_all(boottime() + 5.0)
    keep_warden(worker)
    assert warden_module.warden_pid() is None
    monkeypatch.undo()
    keep_warden(worker)
    assert ensure_warden(worker).is_alive()
    retire()


def no_process(*_: object, **__: object) -> None:
    raise OSError(errno.EAGAIN, "Resource temporarily unavailable")


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
