"""The warden: one small process per worker that kills what the worker leaves behind, however the worker dies.

It holds the read end of a pipe whose only write end is in the worker, so the end of the worker, kill -9 included, is
the end of that pipe.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from uuid import UUID

from drain.engine.process import sweep as sweep_script
from drain.engine.process.contract import worker_prefix
from drain.engine.process.errors import SpawnError
from drain.engine.process.sweep import sweep

__all__ = ["Warden", "announce", "ensure_warden", "retire", "sweep", "warden_pid"]


class Warden:
    """A running warden; it ends by itself when this worker process does."""

    def __init__(self, worker: UUID) -> None:
        self.worker = worker
        read_end, self._pipe = os.pipe()
        try:
            self._process = subprocess.Popen(  # noqa: S603 (our own file under this interpreter)
                [sys.executable, "-I", "-S", sweep_script.__file__, worker_prefix(worker)],
                stdin=read_end,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._pipe)
            raise SpawnError(f"The warden could not be started: {error.strerror}.") from error
        finally:
            os.close(read_end)
        self.pid = self._process.pid

    def is_alive(self) -> bool:
        """Return whether it still watches."""
        return self._process.poll() is None

    def tell(self, line: str) -> None:
        """Announce or withdraw a process group; a dead warden is replaced by the next `ensure_warden`."""
        with contextlib.suppress(OSError):
            os.write(self._pipe, line.encode())

    def dismiss(self) -> None:
        """Send it home: it sweeps once more and ends. Comes back when it has."""
        os.close(self._pipe)
        self._process.wait()

    def forget(self) -> None:
        """In a forked child: drop the parent's warden, or the parent's death would go unseen."""
        os.close(self._pipe)
        self._process.returncode = 0  # not ours to wait for


_current: list[Warden] = []


def ensure_warden(worker: UUID) -> Warden:
    """Return this process's warden, starting it if there is none or if it died. Call before each round of claims."""
    if _current and _current[0].worker == worker and _current[0].is_alive():
        return _current[0]
    retire()
    _current.append(Warden(worker))
    return _current[0]


def retire() -> None:
    """Dismiss this process's warden, if it has one."""
    while _current:
        _current.pop().dismiss()


def warden_pid() -> int | None:
    """Return the pid of this process's warden, if it has one."""
    return _current[0].pid if _current else None


def announce(group: int, *, running: bool) -> None:
    """Tell the warden about a process group: its second string where cookies cannot be read or were wiped."""
    if _current:
        _current[0].tell(f"{'+' if running else '-'}{group}\n")


def _forget_after_fork() -> None:
    while _current:
        _current.pop().forget()


os.register_at_fork(after_in_child=_forget_after_fork)
