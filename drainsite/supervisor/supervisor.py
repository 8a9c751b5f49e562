"""Keep a few programs running until told to stop: restart what dies or no longer answers."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from drain.engine.process.tree import find_process, is_running
from drainsite.supervisor.adopted import Adopted

LONGEST_LINE = 65_536
LOOK_SECONDS = 0.1
CLEAR_SECONDS = 10.0
PROBE_SECONDS = 5.0
# A child must fail this many probes in a row: one slow answer is no reason to kill it.
PROBE_FAILURES = 3
LONGEST_PAUSE_SECONDS = 30.0
# A child that ran this long counts as started well, and its next restart is quick again.
SETTLED_SECONDS = 60.0


@dataclass(frozen=True)
class ChildSpec:
    """A child to run, and the limits it is judged by.

    `healthy` is asked every few seconds once the child is `startup_seconds` old; an exception from
    it means "cannot tell" and is no verdict. `grace_seconds` lie between SIGTERM and SIGKILL.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    grace_seconds: float = 10.0
    sick_grace_seconds: float | None = None
    """The same for one that does not answer; None: no other."""
    probe_seconds: float = PROBE_SECONDS
    failures: int = PROBE_FAILURES
    startup_seconds: float = 15.0
    first_answer_seconds: float = 0.0
    """So old may one be that has never answered:
    on a busy machine it starts slowly, and begun anew it starts no faster.
    """
    healthy: Callable[[Child], bool] = lambda _child: True


@dataclass
class Child:
    """One running program and what is known about it; times are of the monotonic clock."""

    spec: ChildSpec
    process: subprocess.Popen[bytes]
    started: float
    answered: bool = False
    failed_probes: int = 0
    next_probe: float = field(default=0.0)
    hurry_at: float = float("inf")


class LeftoverError(Exception):
    """Something that was to end is still there; the message is one sentence with the pids."""


class Supervisor:
    """Runs its children from `run()` until a signal or `request_stop()`; leaves none behind.

    `before_end` is called once when it was told to stop, before any child is.
    """

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        say: Callable[[str], None],
        before_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._specs = list(specs)
        self._say = say
        self._before_end = before_end
        self._children: dict[str, Child] = {}
        self._due: dict[str, float] = {}
        self._deaths: dict[str, int] = {}
        self._stops = 0
        self._lock = threading.Lock()
        self._adopted: Adopted | None = None

    def run(self) -> None:
        """Start everything, watch until told to stop, end everything. Raises LeftoverError."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            for spec in self._specs:
                self._start(spec)
            self._adopted = Adopted(
                lambda: [child.process.pid for child in self._children.values()]
            )
            while not self._stops:
                self._look()
                self._adopted.end()
                time.sleep(LOOK_SECONDS)
        finally:
            if self._stops:
                self._write("Stopping: what runs is ended first; Ctrl-C again kills it at once.")
            try:
                self._before_end()
            finally:
                self._end_all()
                if self._adopted is not None:
                    self._adopted.end()

    def request_stop(self) -> None:
        """Ask for the stop, as the first Ctrl-C does; a second call hurries."""
        self._stops += 1

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.request_stop()

    def _start(self, spec: ChildSpec) -> None:
        now = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - argv made by the caller, no shell
            [
                sys.executable,
                "-m",
                "drainsite.supervisor.child",
                str(spec.grace_seconds),
                *spec.argv,
            ],
            env=dict(spec.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        child = Child(spec, process, now, next_probe=now + spec.startup_seconds)
        self._children[spec.name] = child
        threading.Thread(target=self._relay, args=(child,), daemon=True).start()

    def _relay(self, child: Child) -> None:
        assert child.process.stdout is not None  # noqa: S101 - Popen was given PIPE
        with child.process.stdout as output:
            while line := output.readline(LONGEST_LINE):
                self._tell(child.spec.name, line.decode("utf-8", "replace").rstrip())

    def _tell(self, name: str, text: str) -> None:
        self._write(f"{name:<12}| {text}")

    def _write(self, line: str) -> None:
        # Nobody may be reading any more; a relay that stopped over that would block its child.
        with self._lock, contextlib.suppress(OSError):
            self._say(line)

    def _look(self) -> None:
        now = time.monotonic()
        for spec in self._specs:
            child = self._children.get(spec.name)
            if child is not None:
                self._look_at(child, now)
            elif now >= self._due[spec.name]:
                self._start_again(spec, now)

    def _start_again(self, spec: ChildSpec, now: float) -> None:
        """Start one that has ended.
        No process or memory to be had at the moment is no reason to end the others.
        """
        try:
            self._start(spec)
        except OSError as error:
            self._due[spec.name] = now + PROBE_SECONDS
            why = error.strerror or type(error).__name__
            self._tell(spec.name, f"cannot be started ({why}): again in {PROBE_SECONDS:g} s")

    def _look_at(self, child: Child, now: float) -> None:
        if child.process.poll() is not None:
            self._bury(child, now)
        elif now >= child.hurry_at:
            child.process.terminate()
            child.hurry_at = float("inf")
        elif now >= child.next_probe and not self._answers(child, now):
            self._tell(child.spec.name, "does not answer: ending it")
            child.process.terminate()
            child.next_probe = float("inf")
            if child.spec.sick_grace_seconds is not None:
                child.hurry_at = now + child.spec.sick_grace_seconds

    def _bury(self, child: Child, now: float) -> None:
        name = child.spec.name
        settled = now - child.started >= SETTLED_SECONDS
        self._deaths[name] = 0 if settled else self._deaths.get(name, -1) + 1
        pause = min(0.5 * 2 ** self._deaths[name], LONGEST_PAUSE_SECONDS)
        self._clear(child)
        self._release(child)
        del self._children[name]
        self._due[name] = now + pause
        self._tell(name, f"ended with code {child.process.returncode}: again in {pause:g} s")

    def _answers(self, child: Child, now: float) -> bool:
        child.next_probe = now + child.spec.probe_seconds
        try:
            fine = child.spec.healthy(child)
        except Exception as error:  # noqa: BLE001 - a probe that breaks says nothing about the child
            self._tell(child.spec.name, f"health unknown: {type(error).__name__}: {error}")
            return True
        child.answered = child.answered or fine
        starts = not child.answered and now - child.started < child.spec.first_answer_seconds
        child.failed_probes = 0 if fine or starts else child.failed_probes + 1
        return child.failed_probes < child.spec.failures

    def _end_all(self) -> None:
        """Ask all at once; each child's stand-in keeps the deadline. A second stop hurries."""
        for child in self._children.values():
            child.process.terminate()
        hurried = False
        while any(child.process.poll() is None for child in self._children.values()):
            if self._stops > 1 and not hurried:
                hurried = True
                for child in self._children.values():
                    child.process.terminate()
            time.sleep(LOOK_SECONDS / 2)
        left = [pid for child in self._children.values() for pid in self._clear(child)]
        for child in self._children.values():
            self._release(child)
        self._children.clear()
        if left:
            named = ", ".join(map(str, left))
            raise LeftoverError(f"Not everything ended: look at the processes {named}.")

    def _clear(self, child: Child) -> list[int]:
        """End what a stand-in that is gone has left of its program; returns what would not end."""
        until = time.monotonic() + CLEAR_SECONDS
        while left := members(child.process.pid):
            if time.monotonic() > until:
                break
            for pid in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(LOOK_SECONDS / 5)
        return left

    def _release(self, child: Child) -> None:
        assert child.process.stdin is not None  # noqa: S101 - Popen was given PIPE
        child.process.stdin.close()


def members(session: int) -> list[int]:
    """Return the living processes of a session, whose number is that of the stand-in that leads it."""
    pids = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    found = [
        process for pid in pids if (process := find_process(pid)) and process.session == session
    ]
    return [process.pid for process in found if is_running(process.pid, process.started)]
