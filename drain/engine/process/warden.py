"""The warden: one small process per worker that kills what the worker leaves behind, however the worker dies.

It holds the read end of a pipe whose only write end is in the worker, so the end of the worker,
kill -9 included, is the end of that pipe.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from drain.engine.process import sweep as sweep_script
from drain.engine.process.contract import worker_prefix
from drain.engine.process.errors import SpawnError
from drain.engine.process.sweep import boottime

log = logging.getLogger(__name__)

_PIPE_BYTES = 1 << 20
_NEVER = float("inf")


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
                env={"DRAINSITE_OWN": "warden"},
                start_new_session=True,
            )
        except OSError as error:
            os.close(self._pipe)
            raise SpawnError(f"The warden could not be started: {error.strerror}.") from error
        finally:
            os.close(read_end)
        self.pid = self._process.pid
        # It reads when it is told something, so a full pipe means that it does not run any more.
        os.set_blocking(self._pipe, False)
        with contextlib.suppress(AttributeError, OSError):
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def is_alive(self) -> bool:
        """Return whether it still watches."""
        return self._process.poll() is None

    def tell(self, line: str) -> None:
        """Announce or withdraw a process group; a warden that is dead or stuck is replaced by the next
        `ensure_warden`.
        """
        try:
            os.write(self._pipe, line.encode())
        except BlockingIOError:
            self._process.kill()
        except OSError:
            return

    def dismiss(self) -> None:
        """Send it home: it sweeps once more and ends. Comes back when it has."""
        os.close(self._pipe)
        self._process.wait()

    def forget(self) -> None:
        """Drop the parent's warden in a forked child, or the parent's death would go unseen."""
        os.close(self._pipe)
        self._process.returncode = 0  # not ours to wait for


@dataclass(slots=True)
class Announced:
    """A process group of a running child."""

    claim: str
    lease: float
    """The end of its attempt's lease (`sweep.boottime`); inf for a process without one."""
    deadline: float
    """The latest moment of its end, its grace included."""

    def line(self, group: int) -> str:
        """Return what the warden is told."""
        return f"+ {group} {self.lease:.3f} {self.deadline:.3f} {self.claim}\n"


_current: list[Warden] = []
_announced: dict[int, Announced] = {}
_leases: dict[str, float] = {}
_spared: list[int] = []
_lock = threading.RLock()


def ensure_warden(worker: UUID) -> Warden:
    """Return this process's warden, starting it if there is none or if it died; it hears of all that runs."""
    with _lock:
        if _current and _current[0].worker == worker and _current[0].is_alive():
            return _current[0]
        retire()
        _current.append(Warden(worker))
        if _spared:
            _current[0].tell(_sparing())
        for group, announced in _announced.items():
            _current[0].tell(announced.line(group))
        return _current[0]


def keep_warden(worker: UUID) -> None:
    """Ensure the warden; one that cannot be started at the moment is tried again the next time."""
    try:
        ensure_warden(worker)
    except SpawnError as error:
        log.warning("%s", error)


def retire() -> None:
    """Dismiss this process's warden, if it has one."""
    while _current:
        _current.pop().dismiss()


def warden_pid() -> int | None:
    """Return the pid of this process's warden, if it has one."""
    return _current[0].pid if _current else None


def announce(group: int, claim: str, lease: float, deadline: float) -> None:
    """Tell the warden about a process group and when its time is over."""
    with _lock:
        lease = max(lease, _leases.get(claim.rpartition(".")[2], lease))
        _announced[group] = Announced(claim, lease, deadline)
        _tell(_announced[group].line(group))


def announce_stray(group: int, claim: str) -> None:
    """Tell the warden about a group that left its leader's; "" for a claim nobody knows:
    it ends with this process.
    """
    with _lock:
        if group in _announced:
            return
        lease = min((a.lease for a in _announced.values() if a.claim == claim), default=_NEVER)
        _announced[group] = Announced(claim, lease, _NEVER)
        _tell(_announced[group].line(group))


def adopt_all_but(pids: Iterable[int]) -> None:
    """Tell the warden that orphans of phases are this process's children from now on,
    beside these children of its own.
    """
    with _lock:
        _spared[:] = [os.getpid(), *pids]
        _tell(_sparing())


def withdraw(group: int) -> None:
    """Tell the warden that a process group is gone, before its leader is reaped: then its number is free."""
    with _lock:
        gone = _announced.pop(group, None)
        if gone is not None:
            _leases.pop(gone.claim.rpartition(".")[2], None)
            _tell(f"- {group}\n")


def extend(leases: Iterable[UUID], until: float) -> None:
    """Tell the warden that these leases last until then (`sweep.boottime`); a dead warden is replaced."""
    with _lock:
        if _current:
            keep_warden(_current[0].worker)
        extended = {lease.hex for lease in leases}
        _leases.update(dict.fromkeys(extended, until))
        for announced in _announced.values():
            if announced.claim.rpartition(".")[2] in extended:
                announced.lease = until
                _tell(f"= {until:.3f} {announced.claim}\n")


def extend_all(until: float) -> None:
    """Tell the warden that every lease lasts until then: for a loop whose one row is the term of all."""
    with _lock:
        if _current:
            keep_warden(_current[0].worker)
        for announced in _announced.values():
            if announced.lease != _NEVER:
                announced.lease = until
        _tell(f"= {until:.3f} *\n")


def is_overdue(group: int) -> bool:
    """Return whether the lease of a group is over, so that the warden may have ended it."""
    announced = _announced.get(group)
    return announced is not None and announced.lease <= boottime()


def _sparing() -> str:
    return f"! {' '.join(map(str, _spared))}\n"


def _tell(line: str) -> None:
    if _current:
        _current[0].tell(line)


def _forget_after_fork() -> None:
    global _lock  # noqa: PLW0603 - a fork may have copied it locked
    _lock = threading.RLock()
    _announced.clear()
    _leases.clear()
    _spared.clear()
    while _current:
        _current.pop().forget()


os.register_at_fork(after_in_child=_forget_after_fork)
