"""Find and kill processes by their DRAIN_CLAIM cookie; run as a script, be the warden of one worker.

This file imports the standard library only and nothing of ours: the warden runs it with `python -I -S`,
so that it starts quickly and a broken installation cannot take it down.

The warden also keeps the time: it is told when the lease of each process group ends and when its phase's time
is over, and ends the group then, whatever the worker does - stopped, blocked in a call to a database that is
away, or dead.

A cookie is `<worker hex>.<lease hex>` in the environment, which every process of a child inherits, whatever
session or group it moves to. Out of reach are a process that wiped its environment *and* left its process
group, one of another user, and one that is not dumpable (set-uid programs) unless the warden is root. Where
there is no /proc (macOS), only the process groups that the worker announced are killed: what calls setsid
there outlives its worker.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

HAS_PROC = Path("/proc/self/environ").exists()

OWN = b"\0DRAINSITE_OWN="
"""In the environment of a process that is ours and outlives whoever started it: the server, a warden."""

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_CLAIM = re.compile(rb"\0DRAIN_CLAIM=([0-9a-f]{32}\.[0-9a-f]{32})")
_NEVER = float("inf")
_NAP = 0.05
_LONGEST_NAP = 1.0
_PAUSE = 0.02
_WARDEN_PASSES = 5
_OVERDUE_PASSES = 3
_LONGEST_SWEEP = 30.0


def sweep(cookie_prefix: str, *, passes: int = 3) -> int:
    """Kill every process whose DRAIN_CLAIM begins with the prefix (a claim, or `contract.worker_prefix`).

    Returns how many were killed, after `passes` clean passes in a row: a process in the middle of exec cannot
    be read. Gives up after 30 s against something that forks faster than it can be killed. Where there is no
    /proc: 0.
    """
    if len(cookie_prefix) < 32:
        raise ValueError("A cookie begins with the 32 hexadecimal digits of its worker.")
    needle = b"\0DRAIN_CLAIM=" + cookie_prefix.encode()
    return _sweep(lambda environment: needle in environment, passes)


def sweep_claims(claims: Collection[str], *, passes: int = 3) -> int:
    """Kill every process of these claims, as `sweep` does with one walk for all of them."""
    wanted = {claim.encode() for claim in claims}
    return _sweep(lambda environment: not wanted.isdisjoint(_CLAIM.findall(environment)), passes)


def boottime() -> float:
    """Return seconds since the machine started, sleep included; the same clock in every process."""
    return time.clock_gettime(_CLOCK)


def _sweep(mine: Callable[[bytes], bool], passes: int) -> int:
    if not HAS_PROC:
        return 0
    killed, clean, until = set[int](), 0, time.monotonic() + _LONGEST_SWEEP
    while clean < passes and time.monotonic() < until:
        found = _kill_pass(mine)
        killed |= found
        clean = 0 if found else clean + 1
        if clean < passes:
            time.sleep(_PAUSE)
    return len(killed)


def carries(pid: int, needle: bytes) -> bool:
    """Return whether the environment of the process holds the needle, which begins with NUL."""
    return needle in environment_of(pid)


def environment_of(pid: int) -> bytes:
    """Return the environment a process was started with, parted by NULs; b"" if it cannot be read."""
    try:
        fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = [b"\0"]
        while part := os.read(fd, 1 << 20):
            parts.append(part)
    except OSError:
        return b""
    finally:
        os.close(fd)
    return b"".join(parts)


def claim_of(pid: int) -> str:
    """Return the claim that the environment of a process carries; "" for none."""
    found = _CLAIM.search(environment_of(pid))
    return found[1].decode() if found else ""


def _kill_pass(mine: Callable[[bytes], bool]) -> set[int]:
    own = os.getpid()
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid for pid in pids if pid != own and mine(environment_of(pid)) and _kill(pid, mine)}


def _kill(pid: int, mine: Callable[[bytes], bool]) -> bool:
    """Kill through a pidfd and look again first, so that a pid used anew is never hit."""
    try:
        fd = os.pidfd_open(pid)
    except AttributeError:
        return _kill_by_number(pid)
    except OSError:
        return False
    try:
        if not mine(environment_of(pid)):
            return False
        signal.pidfd_send_signal(fd, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True


def _kill_by_number(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True


class _Group:
    """A process group that the worker announced, and when its time is over (CLOCK_BOOTTIME seconds)."""

    def __init__(self, claim: str, lease: float, deadline: float) -> None:
        self.claim = claim
        self.lease = lease
        self.deadline = deadline
        self.ended = False

    def until(self) -> float:
        """Return when it is over."""
        return _NEVER if self.ended else min(self.lease, self.deadline)


class _Warden:
    """The worker's announcements, as lines on standard input.

    `+ GROUP LEASE DEADLINE CLAIM` a process group of a claim, and when its lease and its phase's time are
    over; `= LEASE CLAIM` the lease of a claim is longer now, `= LEASE *` that of all; `- GROUP` the group is
    gone; `! PID...` the worker adopts orphans from now on, and what it has for children now is no phase's.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._worker = os.getppid()
        self._spared: set[int] | None = None
        self._groups: dict[int, _Group] = {}
        self._rest = b""

    def watch(self) -> None:
        """End what is over, until the worker is gone; then end what it left."""
        poller = select.poll()
        poller.register(0, select.POLLIN)
        while True:
            if poller.poll(self._patience()):
                data = os.read(0, 1 << 20)
                if not data:
                    break
                self._hear(data)
                time.sleep(
                    _NAP
                )  # short phases come by the thousand: many lines at a time cost less
            self._end_overdue()
        for group in self._groups:
            _end_group(group)
        sweep(self._prefix, passes=_WARDEN_PASSES)

    def _patience(self) -> int:
        """Milliseconds: never long, since poll does not count the time a machine sleeps."""
        first = min((group.until() for group in self._groups.values()), default=_NEVER)
        return round(1000 * max(0.0, min(first - boottime(), _LONGEST_NAP)))

    def _hear(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            verb, *words = line.decode().split(" ")
            if verb == "+":
                group, lease, deadline, claim = words
                self._groups[int(group)] = _Group(claim, float(lease), float(deadline))
            elif verb == "=":
                self._extend(float(words[0]), words[1])
            elif verb == "!":
                self._spared = {os.getpid(), *map(int, words)}
            else:
                self._groups.pop(int(words[0]), None)

    def _extend(self, lease: float, claim: str) -> None:
        for group in self._groups.values():
            if claim == group.claim or (claim == "*" and group.lease != _NEVER):
                group.lease = lease

    def _end_overdue(self) -> None:
        now = boottime()
        over = {number: group for number, group in self._groups.items() if group.until() <= now}
        for number, group in over.items():
            _end_group(number)
            group.ended = True
        if over:
            sweep_claims({group.claim for group in over.values()}, passes=_OVERDUE_PASSES)
        if over and self._lease_is_over(now):
            self._end_unknown()

    def _lease_is_over(self, now: float) -> bool:
        """Return whether nothing that the worker runs is its own any more."""
        leases = [group.lease for group in self._groups.values() if group.lease != _NEVER]
        return bool(leases) and max(leases) <= now

    def _end_unknown(self) -> None:
        """End what wiped its environment and left its group: the worker adopted it, and may be stopped.

        In passes: the worker adopts the children of what dies.
        """
        for _ in range(_OVERDUE_PASSES):
            if self._spared is not None and os.getppid() == self._worker:
                for pid in set(_adopted_by(self._worker)) - self._spared:
                    _kill_child(pid, self._worker)
            time.sleep(_PAUSE)


def _adopted_by(worker: int) -> list[int]:
    """Return a process's children in another session: in its own nobody can come from elsewhere."""
    try:
        children = Path(f"/proc/{worker}/task/{worker}/children").read_bytes().split()
    except OSError:
        return []
    own = _parent_and_session(worker)[1]
    return [int(pid) for pid in children if _parent_and_session(int(pid)) != (worker, own)]


def _parent_and_session(pid: int) -> tuple[int, int]:
    """Return two facts about a process; zeros if it is gone."""
    try:
        # The name before them may hold anything, brackets and blanks included.
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return int(words[1]), int(words[3])
    except (OSError, IndexError):
        return 0, 0


def _kill_child(pid: int, parent: int) -> None:
    """Kill a child of this parent through a pidfd, so that a pid used anew is never hit."""
    with contextlib.suppress(OSError):
        fd = os.pidfd_open(pid)
        try:
            if _parent_and_session(pid)[0] == parent:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        finally:
            os.close(fd)


def _end_group(group: int) -> None:
    with contextlib.suppress(OSError):
        os.killpg(group, signal.SIGKILL)


def _main(prefix: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _Warden(prefix).watch()


if __name__ == "__main__":
    _main(sys.argv[1])
