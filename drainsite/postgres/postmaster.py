"""The processes in a data folder: the postmaster named by postmaster.pid, and orphans of a dead one."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
# A backend whose postmaster was killed ends by itself once it is idle; a busy one is told to.
ORPHAN_GRACE_SECONDS = 2.0
ORPHAN_LIMIT_SECONDS = 20.0


@dataclass(frozen=True)
class Postmaster:
    """A live server: its pid and whether it accepts connections (`ready`)."""

    pid: int
    status: str


def find(data: Path) -> Postmaster | None:
    """The live postmaster of a data folder; None for no file, a zombie or a foreign process."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n")
        pid = int(lines[0])
    except (OSError, ValueError):
        return None
    if not works_in(pid, data):
        return None
    return Postmaster(pid, lines[7].strip() if len(lines) > 7 else "starting")


def works_in(pid: int, data: Path) -> bool:
    """Return whether this process is alive and has the data folder as its working folder.

    Every PostgreSQL process stays in its data folder, so this tells ours from a recycled pid. A
    zombie has no working folder any more.
    """
    if not PROC.is_dir():  # macOS: the pid must do
        return is_alive(pid)
    try:
        return (PROC / str(pid) / "cwd").readlink() == data.resolve()
    except OSError:
        return False


def is_alive(pid: int) -> bool:
    """Return whether a process exists and is more than a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        state = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return not PROC.is_dir()
    return state.rpartition(")")[2].split()[0] not in {"Z", "X"}


def end(pid: int, data: Path, *, how: signal.Signals, seconds: float) -> bool:
    """Signal a postmaster and wait for it to go; False when it is still there at the deadline."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)
    deadline = time.monotonic() + seconds
    while works_in(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def clear_remains(data: Path) -> bool:
    """Clear up after a crash: wait for orphaned backends, then drop a pid file that would mislead.

    Call only under the start lock and after `find` said None. PostgreSQL refuses to start while
    a process of the old server lives, and takes a zombie or a recycled pid for a live server.
    False when something would not end.
    """
    begun = time.monotonic()
    while orphans := list(_processes_in(data)):
        waited = time.monotonic() - begun
        if waited > ORPHAN_LIMIT_SECONDS:
            return False
        if waited > ORPHAN_GRACE_SECONDS:
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGQUIT)
        time.sleep(0.02)
    (data / "postmaster.pid").unlink(missing_ok=True)
    return True


def _processes_in(data: Path) -> Iterator[int]:
    # A folder that was deleted under a running server and made anew still counts as the same:
    # the old server would remove the new one's socket when it notices.
    place = data.resolve()
    names = {str(place), f"{place} (deleted)"}
    for entry in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str((entry / "cwd").readlink()) in names and _is_postgres(entry):
                yield int(entry.name)


def _is_postgres(entry: Path) -> bool:
    return (entry / "comm").read_text(encoding="utf-8", errors="replace").startswith("postgres")
