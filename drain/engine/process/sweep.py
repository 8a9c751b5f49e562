"""Find and kill processes by their DRAIN_CLAIM cookie; run as a script, be the warden of one worker.

This file imports the standard library only and nothing of ours: the warden runs it with `python -I -S`, so that it
starts quickly and a broken installation cannot take it down.

A cookie is `<worker hex>.<lease hex>` in the environment, which every process of a child inherits, whatever session or
group it moves to. Out of reach are a process that wiped its environment *and* left its process group, one of another
user, and one that is not dumpable (set-uid programs) unless the warden is root. Where there is no /proc (macOS), only the process
groups that the worker announced are killed: what calls setsid there outlives its worker.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

HAS_PROC = Path("/proc/self/environ").exists()

_PAUSE = 0.02
_WARDEN_PASSES = 5
_LONGEST_SWEEP = 30.0


def sweep(cookie_prefix: str, *, passes: int = 3) -> int:
    """Kill every process whose DRAIN_CLAIM begins with the prefix (a claim, or `contract.worker_prefix`).

    Returns how many were killed, after `passes` clean passes in a row: a process in the middle of exec cannot be read.
    Gives up after 30 s against something that forks faster than it can be killed. Where there is no /proc: 0.
    """
    if not HAS_PROC:
        return 0
    if len(cookie_prefix) < 32:
        raise ValueError("A cookie begins with the 32 hexadecimal digits of its worker.")
    killed, clean, until = set[int](), 0, time.monotonic() + _LONGEST_SWEEP
    while clean < passes and time.monotonic() < until:
        found = _kill_pass(b"\0DRAIN_CLAIM=" + cookie_prefix.encode())
        killed |= found
        clean = 0 if found else clean + 1
        if clean < passes:
            time.sleep(_PAUSE)
    return len(killed)


def carries(pid: int, needle: bytes) -> bool:
    """Return whether the environment of the process holds the needle, which begins with NUL."""
    try:
        fd = os.open(f"/proc/{pid}/environ", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        parts = [b"\0"]
        while part := os.read(fd, 1 << 20):
            parts.append(part)
    except OSError:
        return False
    finally:
        os.close(fd)
    return needle in b"".join(parts)


def _kill_pass(needle: bytes) -> set[int]:
    own = os.getpid()
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {pid for pid in pids if pid != own and carries(pid, needle) and _kill(pid, needle)}


def _kill(pid: int, needle: bytes) -> bool:
    """Kill through a pidfd and look again first, so that a pid used anew is never hit."""
    try:
        fd = os.pidfd_open(pid)
    except AttributeError:
        return _kill_by_number(pid)
    except OSError:
        return False
    try:
        if not carries(pid, needle):
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


def _warden(prefix: str) -> None:
    """Wait for the worker's end, then kill what it left. Lines `+pgid` and `-pgid` announce process groups."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except OSError:
            continue
    sweep(prefix, passes=_WARDEN_PASSES)


if __name__ == "__main__":
    _warden(sys.argv[1])
