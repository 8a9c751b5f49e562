"""Processes that outlive the leader of their phase: whose they are, and when they are ended.

A worker adopts the orphans of its children (Linux: child subreaper), so whatever a phase left behind, in
whatever session, shows up among the worker's own children once its parents are gone. Whose it is says its
cookie, else its session, its process group or its parent as last seen: a process may wipe its environment and
call setsid. What nothing tells apart is ended with the last attempt that was running when it was adopted.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

from drain.engine.process import warden
from drain.engine.process.sweep import HAS_PROC, claim_of, sweep
from drain.engine.process.tree import Process, children_of, find_process, tree

_PR_SET_CHILD_SUBREAPER = 36
_SCAN_SECONDS = 0.5
_SCAN_SHARE = 30
"""A scan takes at most one part in so many of this process's time."""
_LONGEST_CLEARING = 5.0
_PAUSE = 0.01


class Orphanage:
    """The children of this process, told apart: the phases', the warden, and what others here started."""

    def __init__(self) -> None:
        self._owner = os.getpid()
        self._session = os.getsid(0)
        self._adopts = become_subreaper() and HAS_PROC
        # Between a fork and its entry among the leaders,
        # another thread would take the new child for an orphan.
        self.lock = threading.RLock()
        self._leaders: dict[int, str] = {}
        self._seen: dict[Process, str] = {}
        self._groups: dict[int, str] = {}
        self._unclaimed: dict[Process, set[str]] = {}
        self._strays: set[int] = set()
        self._next_scan = 0.0
        self._others = set(self._children())
        if self._adopts:
            warden.adopt_all_but(self._others)

    def is_mine(self) -> bool:
        """Return False in a forked copy, which adopts nothing yet."""
        return self._owner == os.getpid()

    def enter(self, leader: int, claim: str) -> None:
        """Note a child that was started; call under `lock`, together with its start."""
        self._leaders[leader] = claim
        self._groups[leader] = claim

    def scan(self) -> None:
        """Note who descends from whom while parents live. Call once a round; more often costs nothing."""
        began = time.monotonic()
        if not self._adopts or began < self._next_scan:
            return
        with self.lock:
            seen: dict[Process, str] = {}
            for leader, claim in self._leaders.items():
                seen |= dict.fromkeys(tree(leader), claim)
            self._seen |= seen
            for orphan in self._orphans():
                claim = self._attribute(orphan)
                seen |= dict.fromkeys([orphan, *tree(orphan.pid)], claim)
            self._seen = seen
            self._groups = {
                process.group: claim for process, claim in seen.items() if claim
            } | self._leaders
            self._tell_warden()
            took = time.monotonic() - began
            self._next_scan = began + max(_SCAN_SECONDS, _SCAN_SHARE * took)

    def clear(self, leader: int, claim: str, *, thorough: bool) -> int:
        """End and reap what is left of a phase whose leader was reaped; returns how many were ended."""
        with self.lock:
            self._leaders.pop(leader, None)
            ended = self._end(claim) if self._adopts else 0
            self._groups.pop(leader, None)
            for running in self._unclaimed.values():
                running.discard(claim)
        if self._adopts and not thorough:
            return ended
        return ended + sweep(claim, passes=2)

    def _end(self, claim: str) -> int:
        """End what is this claim's, in passes: what dies leaves orphans of its own."""
        ended = set[Process]()
        until = time.monotonic() + _LONGEST_CLEARING
        while doomed := [orphan for orphan in self._orphans() if self._is_over(orphan, claim)]:
            for orphan in doomed:
                below = tree(orphan.pid)
                self._seen |= dict.fromkeys(below, claim)
                for process in (orphan, *below):
                    ended.add(process)
                    _kill(process)
            if time.monotonic() > until:
                break
            time.sleep(_PAUSE)
        return len(ended)

    def _is_over(self, orphan: Process, claim: str) -> bool:
        whose = self._attribute(orphan)
        if whose:
            return whose == claim or whose not in self._leaders.values()
        return not self._unclaimed[orphan] - {claim}

    def _attribute(self, orphan: Process) -> str:
        """Return the claim an orphan belongs to; "" if nothing tells, and then note who is running now."""
        found = (
            self._seen.get(orphan)
            or self._groups.get(orphan.session)
            or self._groups.get(orphan.group)
            or claim_of(orphan.pid)
        )
        if found:
            self._unclaimed.pop(orphan, None)
            return found
        self._unclaimed.setdefault(orphan, set(self._leaders.values()))
        return ""

    def _orphans(self) -> list[Process]:
        """Reap dead orphans; return the adopted ones that still live.

        Nobody can join a session, so what is in this process's own was started here and is no phase's.
        """
        present = set(self._children())
        self._others &= present
        strangers = present - self._others - self._leaders.keys() - {warden.warden_pid()}
        found = [process for pid in strangers if not _reap(pid) and (process := find_process(pid))]
        living = [process for process in found if process.session != self._session]
        self._unclaimed = {key: self._unclaimed[key] for key in living if key in self._unclaimed}
        return living

    def _tell_warden(self) -> None:
        """Make the warden know the groups that no cookie would lead it to."""
        strays = {
            process.group
            for process in (*self._seen, *self._unclaimed)
            if process.group not in self._leaders and process.session != self._session
        }
        for group in self._strays - strays:
            warden.withdraw(group)
        for group in strays - self._strays:
            warden.announce_stray(group, self._groups.get(group, ""))
        self._strays = strays

    def _children(self) -> list[int]:
        return children_of(self._owner, self._owner) if self._adopts else []


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


def _kill(process: Process) -> None:
    """Kill this very process, and not one that got its number since."""
    try:
        fd = os.pidfd_open(process.pid)
    except (AttributeError, OSError):
        fd = -1
    try:
        if find_process(process.pid) == process:
            if fd >= 0:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            else:
                os.kill(process.pid, signal.SIGKILL)
    except OSError:
        return
    finally:
        if fd >= 0:
            os.close(fd)


def become_subreaper() -> bool:
    """Have orphans among the descendants of this process become its children (Linux); True if they do."""
    if not (sys.platform.startswith("linux") and Path("/proc/self/task").exists()):
        return False
    return bool(ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
