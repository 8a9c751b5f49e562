"""Processes that outlived their phase: found at the price of one small file in /proc.

A worker adopts the orphans of its children (Linux: child subreaper), so whatever a phase left behind, in whatever session, shows
up among the worker's own children once the phase's leader is gone. That spares short phases a walk over all of /proc.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from pathlib import Path

from drain.engine.process import warden
from drain.engine.process.sweep import HAS_PROC, carries, sweep

_PR_SET_CHILD_SUBREAPER = 36


class Orphanage:
    """The children of this process, told apart: the phases', the warden, and what others here started."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._list = f"/proc/self/task/{self._owner}/children"
        self._adopts = _become_subreaper() and Path(self._list).exists()
        self.leaders: set[int] = set()
        # Between a fork and its entry among the leaders, another thread would take the new child for an orphan.
        self.lock = threading.Lock()
        self._others = self._children()

    def is_mine(self) -> bool:
        """Return False in a forked copy, which adopts nothing yet."""
        return self._owner == os.getpid()

    def clear(self, claim: str, *, thorough: bool) -> int:
        """Kill and reap what is left of a phase whose leader was reaped; returns how many were killed."""
        if not HAS_PROC:
            return 0
        left = any(carries(pid, b"\0DRAIN_CLAIM=" + claim.encode()) for pid in self._reap_orphans())
        if self._adopts and not left and not thorough:
            return 0
        killed = sweep(claim, passes=2)
        self._reap_orphans()
        return killed

    def _reap_orphans(self) -> list[int]:
        """Reap dead orphans; return the adopted ones that still live."""
        with self.lock:
            present = self._children()
            self._others &= present
            adopted = present - self._others - self.leaders - {warden.warden_pid()}
            return [pid for pid in adopted if not _reap(pid)]

    def _children(self) -> set[int]:
        if not self._adopts:
            return set()
        fd = os.open(self._list, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return {int(pid) for pid in os.read(fd, 1 << 20).split()}
        finally:
            os.close(fd)


_current: list[Orphanage] = []
_opening = threading.Lock()


def orphanage() -> Orphanage:
    """Return this process's orphanage, opened at the first phase it starts."""
    with _opening:
        if not (_current and _current[0].is_mine()):
            _current[:] = [Orphanage()]
        return _current[0]


def _reap(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


def _become_subreaper() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
