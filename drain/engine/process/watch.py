"""Watch one process: its output, its end, its deadline, and the order to stop it.

The leader is left a zombie until its group has been killed, so the group's number cannot have been used anew.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Collection

from drain.engine.process import warden
from drain.engine.process.ended import Command
from drain.engine.process.job import Job
from drain.engine.process.orphans import orphanage
from drain.engine.process.output.log import LogSink
from drain.engine.process.sweep import boottime

TICK_SECONDS = 1.0
_READ = 64 * 1024
_DRAIN_LIMIT = 2 * 1024 * 1024
"""More than a pipe holds: what was printed before the end is read, what a survivor prints later is not."""
_POLL_SECONDS = 0.02
_SLOW_POLL_SECONDS = 0.05
"""Between looks where there are no pidfds, when many processes are watched at once."""
_NEVER = float("inf")
_WARDEN_PATIENCE = 2.0
"""Seconds that the warden leaves this process to end a child whose time is over by itself."""


class Watch:
    """The state of one running process."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        pipe: int,
        job: Job,
        log: LogSink,
        lease_until: float = _NEVER,
    ) -> None:
        self.started = time.monotonic()
        self.duration = 0.0
        self.timed_out = False
        self.command: Command | None = None
        self._process = process
        self._job = job
        self._log = log
        self._pipe = pipe
        self._pidfd = _pidfd(process.pid)
        self._deadline = self.started + job.timeout
        self._kill_at = _NEVER
        self._next_tick = self.started + TICK_SECONDS
        self._finished = False
        gone_by = boottime() + job.timeout + job.grace + _WARDEN_PATIENCE
        warden.announce(process.pid, job.claim, lease_until, gone_by)

    @property
    def returncode(self) -> int:
        """Popen's: negative for a signal. Only after `finish`."""
        return self._process.returncode

    @property
    def descriptors(self) -> list[int]:
        """The descriptors to poll for reading: the output while somebody holds it, and the pidfd."""
        return [fd for fd in (self._pipe, self._pidfd) if fd >= 0]

    @property
    def due_at(self) -> float:
        """The time (time.monotonic) at which `advance` must be called although nothing could be read."""
        due = min(self._deadline, self._kill_at)
        return due if self._pidfd >= 0 else min(due, time.monotonic() + _SLOW_POLL_SECONDS)

    def advance(self, ready: Collection[int]) -> bool:
        """Deal with what can be read and with times that are over; True when the process has ended."""
        self._press(time.monotonic())
        if self._pipe in ready:
            self._read()
        return self._pidfd in ready or (self._pidfd < 0 and self._has_ended())

    def until_tick(self) -> bool:
        """Watch until the process ends (True) or a tick is due (False)."""
        while True:
            now = time.monotonic()
            self._press(now)
            if now >= self._next_tick:
                self._next_tick = now + TICK_SECONDS
                orphanage().scan()
                return False
            if self._step(min(self._next_tick, self._deadline, self._kill_at) - now):
                return True

    def obey(self, command: Command) -> None:
        """Do what the tick said; the first order stands, but a lost lease overrides it."""
        if command is Command.CONTINUE or (self.command and command is not Command.LOST):
            return
        self.command = command
        if command is Command.LOST:
            self._kill_at = time.monotonic()
        else:
            self._terminate()

    def finish(self) -> None:
        """Kill what is left, reap the leader, read the rest of its output, and close; once."""
        if self._finished:
            return
        self._finished = True
        overdue = warden.is_overdue(self._process.pid)
        self._signal(signal.SIGKILL)
        warden.withdraw(self._process.pid)
        killed = self._process.wait() == -signal.SIGKILL
        if overdue and killed and self.command is None:
            self.command = Command.LOST
        self.duration = time.monotonic() - self.started
        try:
            quiet = self._drain()
            ended = orphanage().clear(self._process.pid, self._job.claim, thorough=not quiet)
            if ended and not quiet:
                self._drain()
        finally:
            self._close()

    def _close(self) -> None:
        for fd in (self._pipe, self._pidfd):
            if fd >= 0:
                os.close(fd)
        self._pipe = self._pidfd = -1

    def _press(self, now: float) -> None:
        if now >= self._deadline:
            self.timed_out = True
            self._deadline = _NEVER
            self._terminate()
        if now >= self._kill_at:
            self._kill_at = now + TICK_SECONDS
            self._signal(signal.SIGKILL)

    def _terminate(self) -> None:
        self._signal(signal.SIGTERM)
        self._kill_at = min(self._kill_at, time.monotonic() + self._job.grace)

    def _signal(self, number: signal.Signals) -> None:
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _step(self, seconds: float) -> bool:
        """Wait for something to happen and deal with it; True when the process has ended."""
        if self._pidfd < 0:
            seconds = min(seconds, _POLL_SECONDS)
        poller = select.poll()
        for fd in self.descriptors:
            poller.register(fd, select.POLLIN)
        return self.advance([fd for fd, _ in poller.poll(max(0.0, seconds) * 1000 + 0.5)])

    def _has_ended(self) -> bool:
        if hasattr(os, "waitid"):
            flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self._process.pid, flags) is not None
        return self._process.poll() is not None

    def _read(self) -> bool:
        """Read once; False at the end of the output."""
        data = os.read(self._pipe, _READ)
        if data:
            self._log.feed(data)
            return True
        os.close(self._pipe)
        self._pipe = -1
        return False

    def _drain(self) -> bool:
        """Read what is there without waiting; True if nobody holds the pipe any more."""
        if self._pipe < 0:
            return True
        os.set_blocking(self._pipe, False)
        limit = self._log.total + _DRAIN_LIMIT
        with contextlib.suppress(BlockingIOError):
            while self._log.total < limit:
                if not self._read():
                    return True
        return False


def _pidfd(pid: int) -> int:
    """Return a pidfd, or -1 where there are none (other systems, old kernels)."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return -1
