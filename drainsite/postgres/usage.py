"""The users of the embedded server: the last one to leave stops it.

Every process that uses a cluster holds a shared lock on its users.lock. The kernel drops it when
the process ends, however it ends. On a regular exit a process tries for the exclusive lock: it
gets it only when nobody else is left, and then stops the server. `db start` leaves a mark that
keeps the server running until `db stop`.
"""

from __future__ import annotations

import atexit
import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from drainsite.postgres.layout import KEEP_MARK, layout_of, write_private

# Per root folder: the descriptor that holds the shared lock, and the process that opened it. A
# forked child shares its parent's descriptor and must not speak for it at exit.
_holds: dict[Path, tuple[int, int]] = {}


def hold(users_lock: Path, stop: Callable[[], object]) -> None:
    """Count this process as a user until it ends; the last user calls `stop`."""
    if users_lock in _holds:
        return
    descriptor = os.open(users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _holds[users_lock] = (descriptor, os.getpid())
    atexit.register(leave, users_lock, stop)


def leave(users_lock: Path, stop: Callable[[], object]) -> None:
    """Stop counting as a user; call `stop` if nobody else is left and no mark says keep."""
    if _holds.get(users_lock, (-1, -1))[1] != os.getpid():
        return
    forget(users_lock)
    if users_lock.exists() and not (users_lock.parent / KEEP_MARK).exists():
        alone(users_lock, stop)


def forget(users_lock: Path) -> None:
    """Stop counting as a user without looking whether others are left."""
    descriptor, opener = _holds.get(users_lock, (-1, -1))
    if opener == os.getpid():
        del _holds[users_lock]
        os.close(descriptor)


def alone(users_lock: Path, action: Callable[[], object]) -> bool:
    """Run `action` while no other process uses the server; False when one does."""
    descriptor = os.open(users_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        action()
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def keep(data_dir: Path) -> None:
    """Let the server outlive its users, until `stop`."""
    layout = layout_of(data_dir)
    layout.create()
    write_private(layout.keep_mark, "")
