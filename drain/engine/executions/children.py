"""All attempts that run in this process: watched with one poll, stopped together, their ends collected in order."""

from __future__ import annotations

import select
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from uuid import UUID

from drain.engine.attempts.pulse import Shown, show
from drain.engine.attempts.started import EndedAttempt
from drain.engine.executions.execution import Execution
from drain.engine.executions.pool import Pool
from drain.engine.process.ended import Command
from drain.engine.process.orphans import orphanage

_NEVER = float("inf")


@dataclass(slots=True)
class _Running:
    """An attempt that runs here, and what of it people see."""

    execution: Execution
    shown: Shown
    polled: list[int] = field(default_factory=list)


class Children:
    """The running attempts of one loop, by lease."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._running: dict[UUID, _Running] = {}
        self._poller = select.poll()
        self._poller.register(pool.descriptor, select.POLLIN)
        self.ended: list[EndedAttempt] = []
        """Those that ended, in the order in which their ends were seen; the loop takes them out."""

    def __len__(self) -> int:
        return len(self._running)

    @property
    def slots(self) -> int:
        """Slots that are taken; what only reads its source back takes none."""
        return sum(each.execution.holds_slot for each in self._running.values())

    @property
    def leases(self) -> list[UUID]:
        """The leases of attempts that run here, and of those whose ends are not taken out yet."""
        return [*self._running, *(each.started.lease for each in self.ended)]

    @property
    def sessions(self) -> list[int]:
        """The sessions of which something runs here."""
        found = {each.execution.started.session for each in self._running.values()}
        return sorted(session for session in found if session is not None)

    def start(self, execution: Execution) -> None:
        """Begin an attempt and watch it."""
        running = _Running(execution, Shown(execution.started))
        self._running[execution.started.lease] = running
        execution.start()
        self._after_step(running)

    def watch(self, seconds: float) -> None:
        """Wait until something happens, `seconds` at most, and let those it concerns go on."""
        orphanage().scan()
        ready = {fd for fd, _ in self._poller.poll(max(0.0, seconds) * 1000)}
        if self._pool.descriptor in ready:
            self._pool.heard()
        now = time.monotonic()
        for each in list(self._running.values()):
            if each.execution.due_at() <= now or not ready.isdisjoint(each.polled):
                each.execution.poll(ready)
                self._after_step(each)

    def due_at(self) -> float:
        """Return the time (time.monotonic) at which one of them must be looked at."""
        return min((each.execution.due_at() for each in self._running.values()), default=_NEVER)

    def stop(self, command: Command, sessions: Collection[int] | None = None) -> None:
        """End those of these sessions, None: all."""
        for each in list(self._running.values()):
            if sessions is None or each.execution.started.session in sessions:
                each.execution.stop(command)

    def end(self, patience: float) -> None:
        """Kill all at once and collect them; after `patience` seconds leave the rest to the warden."""
        self.stop(Command.LOST)
        until = time.monotonic() + patience
        while self._running and time.monotonic() < until:
            self.watch(0.05)

    def hear(self) -> None:
        """Take in what the children did since the last time."""
        for each in self._running.values():
            pulse = each.execution.pulse()
            if pulse is not None:
                each.shown.hear(pulse)

    def show(self, worker: str) -> None:
        """Write what people may see of them, where that is due."""
        show((each.shown for each in self._running.values()), worker)

    def _after_step(self, each: _Running) -> None:
        """Poll what it waits on now; take its result once there is one."""
        result = each.execution.result()
        over = result is not None or each.execution.goes_on
        wanted = [] if over else each.execution.waits_on()
        for fd in each.polled:
            if fd not in wanted:
                self._poller.unregister(fd)
        for fd in wanted:
            if fd not in each.polled:
                self._poller.register(fd, select.POLLIN)
        each.polled = wanted
        started = each.execution.started
        if over:
            del self._running[started.lease]
        if result is not None:
            result = replace(
                result.without_states(each.shown.entered), executor=started.profile.name
            )
            self.ended.append(EndedAttempt(started, result))
