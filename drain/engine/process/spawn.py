"""Start a child, watch it, and leave nothing of it behind.

One thread, no temporary file, no polling where Linux has pidfds:
a phase that only says yes costs little more than the bare start of a process.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Collection
from types import TracebackType

from drain.engine.process.ended import Command, Ended, Pulse, Tick
from drain.engine.process.errors import SpawnError
from drain.engine.process.job import Job
from drain.engine.process.limits import give_back
from drain.engine.process.orphans import orphanage
from drain.engine.process.os_user import switch
from drain.engine.process.output.log import LogSink
from drain.engine.process.output.report import ReportReader
from drain.engine.process.watch import Watch
from drain.policy.secrets import Mask, secrets_of

HEAVY_REPORT = 256 * 1024
"""Bytes of a report whose reading takes too long for a loop that watches many children."""


def start(job: Job, lease_until: float = float("inf")) -> Child:
    """Start the child in a session of its own. Raises SpawnError; the deadline counts from here.

    The warden ends it at `lease_until` (`sweep.boottime`) unless `warden.extend` says later.
    """
    residents = orphanage()
    read_end, write_end = os.pipe()
    try:
        with residents.lock:
            process = _popen(job, write_end)
            residents.enter(process.pid, job.claim)
        give_back(process.pid)
    except (OSError, ValueError) as error:
        os.close(read_end)
        job.discard()
        raise SpawnError(_why_not(job, error)) from error
    finally:
        os.close(write_end)
    return Child(job, process, read_end, lease_until)


class Child:
    """A running child. Use `wait` once; as a context manager it is killed if `wait` was never reached."""

    def __init__(
        self, job: Job, process: subprocess.Popen[bytes], pipe: int, lease_until: float
    ) -> None:
        self.pid = process.pid
        self._job = job
        hidden = secrets_of(job.env, job.stored, job.passed)
        self._log = LogSink(job.folder, job.claim, Mask(hidden))
        self._report = ReportReader(job.report, Mask(hidden))
        self._watch = Watch(process, pipe, job, self._log, lease_until)

    def wait(self, tick: Tick) -> Ended:
        """Wait until the child is gone, calling `tick` about once a second;
        never raises for what the child does.

        What it left behind is killed. An exception of the tick kills the child and passes through.
        """
        try:
            while not self._watch.until_tick():
                self.obey(tick(self.pulse()))
        finally:
            self.kill()
        return self.collect()

    @property
    def descriptors(self) -> list[int]:
        """The descriptors to poll for reading before `advance`."""
        return self._watch.descriptors

    @property
    def due_at(self) -> float:
        """The time (time.monotonic) at which `advance` must be called although nothing could be read."""
        return self._watch.due_at

    def advance(self, ready: Collection[int]) -> bool:
        """Deal with what can be read and times that are over; True once the child ended: then `collect`."""
        return self._watch.advance(ready)

    def obey(self, command: Command) -> None:
        """Do what the engine orders; the first order stands, but a lost lease overrides it."""
        self._watch.obey(command)

    @property
    def is_heavy(self) -> bool:
        """True if `collect` has more to read or to put in order than a loop should wait for."""
        return self._log.is_large or self._report.left > HEAVY_REPORT

    def collect(self) -> Ended:
        """Return how the child ended, after killing what it left behind."""
        self.kill()
        watch = self._watch
        report = self._report.finish()
        if report.problem is not None:
            self._log.feed(f"\n[drainsite: {report.problem}]\n".encode())
        self._job.discard()
        code = watch.returncode
        return Ended(
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            timed_out=watch.timed_out,
            command=watch.command,
            duration=watch.duration,
            log=self._log.finish(),
            report=report,
        )

    def kill(self) -> None:
        """Kill the child and all it started, at once; harmless if it is gone."""
        self._watch.finish()

    def pulse(self) -> Pulse:
        """Return what the child has done since the last time."""
        return Pulse(
            elapsed=time.monotonic() - self._watch.started,
            total_bytes=self._log.total,
            events=tuple(self._report.poll()),
            tail_lines=self._log.tail_lines,
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()


def carry_on(pulse: Pulse) -> Command:
    """Tick for callers with nothing to say, such as a preflight."""
    del pulse
    return Command.CONTINUE


def _popen(job: Job, output: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (an argv list, no shell; running it is the purpose)
        job.argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd=job.cwd,
        env=job.env,
        start_new_session=True,
        **(switch(job.os_user) if job.os_user else {}),
    )


def _why_not(job: Job, error: OSError | ValueError) -> str:
    command = job.argv[0]
    if not isinstance(error, OSError):
        return f"The command {command!r} cannot be started: {error}."
    if job.cwd and error.filename == job.cwd:
        return f"The folder {job.cwd} cannot be entered: {error.strerror}."
    if isinstance(error, FileNotFoundError):
        return f"The command {command!r} was not found; give its full path or mend PATH for the worker."
    if isinstance(error, PermissionError):
        return f"The command {command!r} is not executable for this user."
    return f"The command {command!r} cannot be started: {error.strerror}."
