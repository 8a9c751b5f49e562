"""The children of dead workers, which pass to those above them:
ended by the stand-in of their cluster, else by `up`.

A worker adopts and ends what its phases leave behind. When it is killed, what it had not seen yet (a process
that wiped its environment and left its session a moment ago) would go to init, where nothing tells whose it
is, and run beside the next attempt of its phase. So the processes above a worker adopt too, and what comes to
them from another session is a dead worker's, but for our own: the embedded server, and wardens, which end by
themselves.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Collection

from drain.engine.process.orphans import become_subreaper
from drain.engine.process.sweep import OWN, environment_of
from drain.engine.process.tree import Process, children_of, find_process, is_running
from drainsite.postgres.identity import service_accounts


class Adopted:
    """The orphans that came to this process; `known` tells its own children."""

    def __init__(self, known: Callable[[], Collection[int]]) -> None:
        self._known = known
        self._adopts = become_subreaper()
        self._me = os.getpid()
        self._session = os.getsid(0)

    def end(self) -> None:
        """End and reap what came since; often and cheap."""
        if not self._adopts:
            return
        for pid in set(children_of(self._me, self._me)) - set(self._known()):
            process = find_process(pid)
            if process is not None and process.session != self._session:
                self._end(process)

    def _end(self, process: Process) -> None:
        if not is_running(process.pid, process.started):
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
        elif is_left(environment_of(process.pid), _owner(process.pid)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, signal.SIGKILL)


def is_left(environment: bytes, owner: int) -> bool:
    """Return whether a process with this environment may be ended; one that is marked as ours may not.

    What cannot be read (b"": another user's, for a root without CAP_SYS_PTRACE, as in most containers) is a
    phase's unless it belongs to root, to us, or to a user as whom the server may run.
    """
    if environment:
        return OWN not in environment
    return owner not in {0, os.geteuid(), *(account.pw_uid for account in service_accounts())}


def _owner(pid: int) -> int:
    """Return the owner's id; root's for a process that is gone."""
    try:
        return os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 - one call
    except OSError:
        return 0
