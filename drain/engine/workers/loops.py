"""Loops in the database: one row a draining worker process, whose lease covers all that it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from uuid import UUID, uuid4

from django.db import DatabaseError, InterfaceError, connection, transaction

from drain.db.prepared import row, rows
from drain.engine.process import warden
from drain.engine.process.sweep import boottime
from drain.engine.workers.timing import LEASE_SECONDS, RENEW_EVERY, lease_end

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0

# The loops of a host share its slots exactly: what the last one asks for is what the others leave. The host is locked by
# a statement of its own: one that had waited for the lock would count by what it saw before.
_LOCK_HOST = "SELECT id FROM drain_workerhost WHERE id = %(host)s::uuid FOR NO KEY UPDATE"
# A worker that begins to drain has taken a task from the queue, which is what a probe asks for. Were it no answer, a
# cluster that drained from its start and was then killed would count as one that still starts, for two minutes.
_ANSWER = (
    "UPDATE drain_workerhost SET last_answer = now(), asked_at = NULL WHERE id = %(host)s::uuid"
)
_ADD = """
WITH host AS (
    SELECT h.slots, (SELECT coalesce(sum(l.slots), 0) FROM drain_workerloop l
        WHERE l.host_id = h.id AND l.expires_at > now()) AS taken
    FROM drain_workerhost h WHERE h.id = %(host)s::uuid
)
INSERT INTO drain_workerloop (id, worker, host_id, session_id, slots, expires_at, started_at)
SELECT %(id)s::uuid, %(worker)s::text, %(host)s::uuid, %(session)s::bigint,
    coalesce((SELECT greatest(0, least(%(slots)s::int, slots - taken)) FROM host), %(slots)s::int),
    now() + make_interval(secs => %(seconds)s::float8), now()
RETURNING slots
"""
_RENEW = """
UPDATE drain_workerloop SET expires_at = now() + make_interval(secs => %(seconds)s::float8)
WHERE id = %(id)s::uuid RETURNING id
"""
_REMOVE = """
DELETE FROM drain_workerloop l WHERE l.id = %(id)s::uuid
  AND NOT EXISTS (SELECT FROM drain_attempt a WHERE a.loop = l.id AND a.finished_at IS NULL AND a.remote IS NULL)
"""
_RUNS = """
SELECT 1 FROM drain_attempt a WHERE a.session_id = %(session)s::bigint AND a.finished_at IS NULL
  AND (a.remote IS NULL OR EXISTS (SELECT FROM drain_workerloop l WHERE l.id = a.loop)) LIMIT 1
"""
_ALIVE = """
SELECT 1 FROM drain_workerloop WHERE session_id = %(session)s::bigint AND expires_at > now() LIMIT 1
"""


def add_loop(worker: str, host: UUID | None, session: int | None, slots: int) -> tuple[UUID, int]:
    """Write this loop's row; returns its id and the slots it has got, at most `slots`."""
    loop = uuid4()
    values = {"id": loop, "worker": worker, "host": host, "session": session, "slots": slots}
    with transaction.atomic():
        rows(_ANSWER if session is None else _LOCK_HOST, {"host": host})
        found = row(_ADD, {**values, "seconds": LEASE_SECONDS})
    return loop, found["slots"] if found else 0


def remove_loop(loop: UUID) -> None:
    """Take the row away; it stays, for rescue to find, where a process of it may run still."""
    rows(_REMOVE, {"id": loop})


def inline_loop_is_alive(session: int) -> bool:
    """Return whether a process of its own drains this session."""
    return row(_ALIVE, {"session": session}) is not None


def runs_somewhere(session: int) -> bool:
    """Return whether an attempt of this session is watched by some loop, or has to be ended by rescue first."""
    return row(_RUNS, {"session": session}) is not None


class Renewal:
    """Keeps a loop's lease on a thread and a connection of its own, however long the loop is busy."""

    def __init__(self, loop: UUID, on_loss: Callable[[], None]) -> None:
        self._loop = loop
        self._on_loss = on_loss
        self._over = threading.Event()
        self._until = lease_end()
        self._gone = False
        self._thread = threading.Thread(target=self._keep, name="drain-renewal", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """Renew no more; comes back when the thread has ended, or after a second if the database holds it up."""
        self._over.set()
        self._thread.join(1.0)

    def until(self) -> float:
        """Return until when the lease lasts for sure (`sweep.boottime`)."""
        return self._until

    @property
    def lost(self) -> bool:
        """True if somebody took the row away, or the lease is over because it could not be renewed."""
        return self._gone or boottime() > self._until

    def _keep(self) -> None:
        wait = RENEW_EVERY
        while not self._over.wait(wait):
            try:
                wait = RENEW_EVERY if self._renew() else RETRY_SECONDS
            except (DatabaseError, InterfaceError) as error:
                log.warning("the lease could not be renewed: %s", str(error).strip())
                connection.close()
                wait = min(RETRY_SECONDS, RENEW_EVERY)
            if self.lost:
                self._on_loss()
        connection.close()

    def _renew(self) -> bool:
        until = lease_end()
        if row(_RENEW, {"id": self._loop, "seconds": LEASE_SECONDS}) is None:
            self._gone = True
            return False
        self._until = until
        warden.extend_all(until)
        return True
