"""The descent of processes, read from /proc."""

from __future__ import annotations

import os
from typing import NamedTuple

_READ = 1 << 16


class Process(NamedTuple):
    """One process; its number alone may be another's tomorrow."""

    pid: int
    started: int
    """Clock ticks since the machine started."""
    group: int
    session: int


def find_process(pid: int) -> Process | None:
    """Return a process by its number; None if it is gone."""
    stat = _read(f"/proc/{pid}/stat")
    if not stat:
        return None
    # The name is in parentheses and may hold anything; what follows are numbers, from the third field on.
    words = stat.rpartition(b")")[2].split()
    return Process(pid, int(words[19]), int(words[2]), int(words[3]))


def is_running(pid: int, started: int) -> bool:
    """Return whether this very process is there and more than a zombie."""
    words = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return bool(words) and int(words[19]) == started and words[0] not in (b"Z", b"X")


def children_of(pid: int, thread: int) -> list[int]:
    """Return the children of one thread of a process."""
    return [int(child) for child in _read(f"/proc/{pid}/task/{thread}/children").split()]


def tree(pid: int) -> list[Process]:
    """Return all living descendants of a process."""
    found, todo = list[Process](), [pid]
    while todo:
        parent = todo.pop()
        for thread in _threads(parent):
            for child in children_of(parent, thread):
                process = find_process(child)
                if process is not None:
                    found.append(process)
                    todo.append(child)
    return found


def _threads(pid: int) -> list[int]:
    try:
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]  # noqa: PTH208 - a thousand a second
    except OSError:
        return []


def _read(path: str) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(fd, _READ):
            parts.append(part)
    except OSError:
        return b""
    finally:
        os.close(fd)
    return b"".join(parts)
