"""The loop of a worker process: it looks after the children of all live sessions at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import StrEnum
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from drain.db.prepared import plan_again, plan_once
from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import Rounds, is_outage, starts_that_stand
from drain.engine.attempts.spool import Spool, left_behind
from drain.engine.attempts.started import StartedAttempt
from drain.engine.attempts.takeover import take_over
from drain.engine.executions.children import Children
from drain.engine.executions.kinds import execution_of
from drain.engine.executions.pool import Pool
from drain.engine.process.ended import Command
from drain.engine.process.warden import ensure_warden, keep_warden
from drain.engine.served import ServedSessions
from drain.engine.workers.identity import host_id, worker_id, worker_name
from drain.engine.workers.loops import Renewal, add_loop, remove_loop
from drain.engine.workers.schema import is_current
from drain.engine.workers.services import end_services
from drain.engine.workers.slots import capped_slots
from drain.engine.workers.timing import IDLE_SECONDS, LEASE_SECONDS

log = logging.getLogger(__name__)

LONGEST_SECONDS = 6 * 3600.0
"""A loop claims nothing more after this long, so that a worker process is a new one now and then."""
TICK_SECONDS = 1.0
PLANS_LAST_SECONDS = 30.0
LINGER_SECONDS = 1.0
"""A loop without any session stays so long: drains often follow one another."""


class LoopEnd(StrEnum):
    """The reason why a loop came back."""

    DONE = "done"
    """No session is left for it."""
    INTERRUPTED = "interrupted"
    """The process was asked to end, or has run long enough."""
    LOST = "lost"
    """Its lease was over; its children are ended."""
    OUTDATED = "outdated"
    """The database has the tables of another version than this code."""
    NO_SLOT = "no slot"
    """Other loops of this host have all its slots."""


def never() -> bool:
    """Return False, for loops that nobody interrupts."""
    return False


class Loop:
    """Starts, watches and finishes phases until no session is left for it."""

    def __init__(
        self,
        slots: int,
        *,
        session: int | None = None,
        interrupted: Callable[[], bool] = never,
        seconds: float = LONGEST_SECONDS,
    ) -> None:
        """`session`: only this one, and also while it is paused; else all that are live and not inline."""
        self._wanted = slots
        self._only = session
        self._interrupted = interrupted
        self._ends_at = time.monotonic() + seconds
        self._slots = 0
        self._unsure: list[StartedAttempt] = []
        self._asked_to_end = False
        self._planned_on: object = None
        self._ticked_at = self._retry_at = 0.0
        self._alone_since: float | None = None

    def run(self) -> LoopEnd:
        """Drain until there is nothing left, the process is asked to end, or the lease is lost."""
        self._host = HostContext()
        self._host.refresh()
        if not is_current():
            return LoopEnd.OUTDATED
        slots = capped_slots(self._wanted)
        loop, self._slots = add_loop(worker_name(), host_id(), self._only, slots)
        if not self._slots:
            remove_loop(loop)
            return LoopEnd.NO_SLOT
        self._rounds = Rounds(self._host, loop)
        self._spool = Spool(self._host.folder)
        self._pool = Pool()
        self._children = Children(self._pool)
        self._sessions = ServedSessions(self._only, self._host, self._pool)
        self._renewal = Renewal(loop, self._pool.wake)
        self._renewal.start()
        ensure_warden(worker_id())
        self._plan()
        for path, each in left_behind(self._host.folder):
            self._spool.adopt(path, each)
            self._children.ended.append(each)
        try:
            return self._drain()
        finally:
            self._leave(loop)

    def _leave(self, loop: UUID) -> None:
        self._children.end(LEASE_SECONDS)
        end_services()
        self._spool.keep(self._children.ended)
        self._renewal.stop()
        self._pool.close()
        try:
            remove_loop(loop)
        except (DatabaseError, InterfaceError):
            connection.close()

    def _drain(self) -> LoopEnd:
        while True:
            if self._renewal.lost:
                return self._give_up()
            try:
                end = self._step()
            except (DatabaseError, InterfaceError) as error:
                if not is_outage(error):
                    raise
                self._wait_for_database(error)
                continue
            if end is not None:
                return end

    def _step(self) -> LoopEnd | None:
        now = time.monotonic()
        if now - self._ticked_at >= TICK_SECONDS:
            self._ticked_at = now
            self._tick()
        if now - self._sessions.looked_at >= self._look_every():
            end = self._look()
            if end is not None:
                return end
        if now >= self._retry_at:
            self._round()
        self._children.watch(self._timeout())
        return None

    def _look_every(self) -> float:
        """Seconds between looks at the sessions: often only while something more could run here."""
        usual = IDLE_SECONDS if self._free() else TICK_SECONDS
        return max(0.0, min(usual, self._sessions.paced_until - self._sessions.looked_at))

    def _free(self) -> int:
        if self._asked_to_end or time.monotonic() > self._ends_at:
            return 0
        return max(0, self._slots - self._children.slots)

    def _tick(self) -> None:
        """Once a second, show the children's progress and look for changes on this host."""
        self._children.hear()
        if self._interrupted() and not self._asked_to_end:
            self._asked_to_end = True
            self._children.stop(Command.INTERRUPT)
        keep_warden(worker_id())
        self._host.refresh()
        if not is_current():
            self._ends_at = 0.0
        if time.monotonic() - self._plans_at > PLANS_LAST_SECONDS:
            self._plan()
        self._children.show(self._host.worker)
        self._take_over()

    def _plan(self) -> None:
        """Have statements planned for tables of the size that they have now."""
        connection.ensure_connection()
        if self._planned_on is connection.connection:
            plan_again()
        else:
            plan_once()
        self._planned_on = connection.connection
        self._plans_at = time.monotonic()

    def _look(self) -> LoopEnd | None:
        """Read what people want of the sessions; heed what concerns the children."""
        sessions = self._sessions
        sessions.look(self._children.sessions, ending=self._asked_to_end or not self._ends_at)
        if sessions.host_stopped and not self._asked_to_end:
            self._asked_to_end = True
            self._children.stop(Command.INTERRUPT)
        self._children.stop(Command.CANCEL, sessions.cancelled)
        return self._end()

    def _end(self) -> LoopEnd | None:
        """Return the end of the loop, once nothing of it runs and all that ended is stored; None before."""
        if self._children or self._children.ended or self._unsure or self._sessions.opening:
            return None
        if self._asked_to_end or time.monotonic() > self._ends_at:
            return LoopEnd.INTERRUPTED
        if self._sessions.live:
            self._alone_since = None
            return None
        if self._only is not None:
            return LoopEnd.DONE
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        return LoopEnd.DONE if now - self._alone_since > LINGER_SECONDS else None

    def _round(self) -> None:
        """Book what ended and start what may start, in one transaction; then run what was started."""
        self._resolve_unsure()
        free = self._free()
        ends = list(self._children.ended)
        claimable = (self._sessions.running if ends else self._sessions.hungry) if free else []
        if not ends and not claimable:
            return
        gone = self._rounds.write_by_parts(ends, free, claimable)
        if gone:
            log.warning("%s attempts had lost their lease; nothing was written of them", gone)
        del self._children.ended[: len(ends)]
        self._spool.forget(ends)
        self._retry_at = 0.0
        begun, self._rounds.begun = self._rounds.begun, []
        if claimable and not begun:
            self._sessions.put_off(claimable, self._rounds.wait)
        elif ends or begun:
            self._sessions.hope()
        if ends and not begun:
            self._sessions.looked_at = 0.0
        for started in begun:
            self._run(started)
        for session, error in self._rounds.broken.items():
            self._sessions.set_aside(session, error)

    def _run(self, started: StartedAttempt) -> None:
        self._children.start(execution_of(started, self._host, self._pool, self._renewal.until))

    def _take_over(self) -> None:
        """Go on with jobs of services whose loop is gone."""
        if self._asked_to_end or time.monotonic() > self._ends_at:
            return
        mine = [*self._children.leases, *(each.lease for each in self._unsure)]
        for started in take_over(self._host, self._rounds.loop, self._only, mine):
            self._run(started)

    def _timeout(self) -> float:
        """Seconds until something is due by the clock."""
        now, ended = time.monotonic(), self._children.ended
        if now >= self._retry_at and (ended or (self._sessions.hungry and self._free())):
            return 0.0
        due = min(self._children.due_at(), self._retry_at) if ended else self._children.due_at()
        tick, look = self._ticked_at + TICK_SECONDS, self._sessions.looked_at + self._look_every()
        return min(due, tick, look) - now

    def _wait_for_database(self, error: Exception) -> None:
        """Keep the ended attempts, of which nothing is known to be written, and ask again in a moment."""
        log.warning("the database is away: %s", str(error).strip())
        connection.close()
        self._unsure += self._rounds.begun
        self._rounds.begun = []
        self._spool.keep(self._children.ended)
        self._retry_at = time.monotonic() + IDLE_SECONDS
        self._sessions.looked_at = time.monotonic()
        self._plans_at = 0.0
        self._children.watch(IDLE_SECONDS)

    def _resolve_unsure(self) -> None:
        """Settle a commit whose answer was lost: run the attempts that are stored, forget the rest."""
        if not self._unsure:
            return
        standing = starts_that_stand(self._unsure)
        self._unsure = []
        for started in standing:
            self._run(started)

    def _give_up(self) -> LoopEnd:
        """The lease is over: others may run these phases any moment now, so nothing of them may be left."""
        log.warning("the lease of this worker is over: %s phases are ended", len(self._children))
        self._children.end(LEASE_SECONDS)
        try:
            if self._children.ended:
                self._rounds.book(self._children.ended)
                self._spool.forget(self._children.ended)
                self._children.ended.clear()
        except (DatabaseError, InterfaceError):
            connection.close()
        return LoopEnd.LOST
