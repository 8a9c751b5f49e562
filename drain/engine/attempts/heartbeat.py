"""The tick of a running attempt: renew, show what it prints, hear what people want."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from uuid import UUID

from django.db import DatabaseError, connection

from drain.db.prepared import row, rows
from drain.engine.attempts.context import LoopContext
from drain.engine.attempts.start import Held
from drain.engine.process import warden
from drain.engine.process.ended import Command, Pulse
from drain.engine.process.events import ProgressEvent, StateEvent
from drain.engine.workers.identity import host_id
from drain.engine.workers.timing import GIVE_UP_AFTER, LEASE_SECONDS, RENEW_EVERY, lease_end
from drain.models.transitions.phases import Why, move_phases
from drain.models.vocabulary import WORKING_STATES, PhaseState, SessionState

log = logging.getLogger(__name__)

TAIL_LINES = 40
_STATES = {
    "executing": PhaseState.EXECUTING,
    "gate": PhaseState.GATE,
    "ci_running": PhaseState.CI_RUNNING,
}

_LISTEN = """
SELECT s.state, s.cancel_requested,
    EXISTS (SELECT FROM drain_workerhost h
            WHERE h.id = %(host)s::uuid AND h.stopped_at IS NOT NULL) AS host_stopped
FROM drain_drainsession s WHERE s.id = %(session)s::bigint
"""
_RENEW = """
UPDATE drain_phase SET lease_expires_at = now() + make_interval(secs => %(seconds)s::float8)
WHERE lease_owner = ANY(%(leases)s::uuid[]) RETURNING lease_owner
"""
_SHOW = """
UPDATE drain_attempt SET tail = %(tail)s::text, log_bytes = %(bytes)s::bigint,
    reported_state = %(state)s::text, progress_percent = %(percent)s::float8,
    progress_message = %(message)s::text
WHERE id = %(attempt)s::bigint AND finished_at IS NULL
"""
_RENEW_LOOP = """
UPDATE drain_sessionloop SET expires_at = now() + make_interval(secs => %(seconds)s::float8)
WHERE session_id = %(session)s::bigint AND holder = %(holder)s::uuid
"""


def renew(leases: Sequence[UUID], session: int, holder: UUID) -> set[UUID]:
    """Extend these leases and the loop's own place; returns the leases that are still ours."""
    rows(_RENEW_LOOP, {"seconds": LEASE_SECONDS, "session": session, "holder": holder})
    found = rows(_RENEW, {"seconds": LEASE_SECONDS, "leases": list(leases)}) if leases else []
    return {item["lease_owner"] for item in found}


class Heartbeat:
    """One attempt's tick: called about once a second while its child runs."""

    def __init__(
        self, context: LoopContext, held: Held, leases: Sequence[UUID], holder: UUID
    ) -> None:
        self._context = context
        self._held = held
        self._leases = list(leases)
        self._holder = holder
        self._renewed = time.monotonic()
        self._bytes = 0
        self._state = ""
        self._percent: float | None = None
        self._message = ""

    def __call__(self, pulse: Pulse) -> Command:
        """Answer one pulse; a database that is away costs the child only when the lease runs out."""
        try:
            said = self._beat(pulse)
        except DatabaseError as error:
            connection.close()
            said = Command.CONTINUE
            if time.monotonic() - self._renewed > GIVE_UP_AFTER:
                log.warning("attempt %s: lease could not be renewed: %s", self._held.attempt, error)
                said = Command.LOST
        # Renewed all the same: a child may take longer to end than a short lease lasts.
        interrupted = said is Command.CONTINUE and self._context.interrupted()
        return Command.INTERRUPT if interrupted else said

    def beat_quietly(self) -> bool:
        """Renew while there is no child to watch (reading a source back); False once the lease is lost."""
        try:
            return self._renew() and not self._context.interrupted()
        except DatabaseError:
            connection.close()
            return time.monotonic() - self._renewed <= GIVE_UP_AFTER

    def _beat(self, pulse: Pulse) -> Command:
        if not self._renew():
            return Command.LOST
        self._hear_phase(pulse)
        said = row(_LISTEN, {"session": self._context.session, "host": host_id()})
        if said is None or said["host_stopped"]:
            return Command.INTERRUPT
        cancelled = said["cancel_requested"] or said["state"] == SessionState.CANCELLED
        return Command.CANCEL if cancelled else Command.CONTINUE

    def _renew(self) -> bool:
        if time.monotonic() - self._renewed < RENEW_EVERY:
            return True
        until = lease_end()
        renewed = renew(self._leases, self._context.session, self._holder)
        warden.extend(renewed, until)
        if self._held.lease not in renewed:
            return False
        self._renewed = time.monotonic()
        return True

    def _hear_phase(self, pulse: Pulse) -> None:
        for event in pulse.events:
            if isinstance(event, StateEvent):
                self._enter(event.state)
            elif isinstance(event, ProgressEvent):
                self._percent, self._message = event.percent, (event.message or "")[:300]
        if pulse.events or pulse.total_bytes != self._bytes:
            self._bytes = pulse.total_bytes
            self._show(pulse)

    def _enter(self, state: str) -> None:
        self._state = state
        move_phases(
            [self._held.phase],
            expect=WORKING_STATES,
            to=_STATES[state],
            why=Why(
                "report",
                self._context.worker,
                session=self._context.session,
                attempt=self._held.attempt,
            ),
            lease=self._held.lease,
        )

    def _show(self, pulse: Pulse) -> None:
        rows(
            _SHOW,
            {
                "tail": "\n".join(pulse.tail_lines(TAIL_LINES)),
                "bytes": pulse.total_bytes,
                "state": self._state,
                "percent": self._percent,
                "message": self._message,
                "attempt": self._held.attempt,
            },
        )
