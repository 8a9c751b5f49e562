"""Places of loops in a session: who drains it right now."""

from __future__ import annotations

from uuid import UUID

from drain.db.prepared import row, rows
from drain.engine.workers.timing import LEASE_SECONDS

# A place is free when nobody holds it or its holder was silent for a whole lease.
_TAKE = """
UPDATE drain_sessionloop SET holder = %(holder)s::uuid, worker = %(worker)s::text, enqueued_at = NULL,
    expires_at = now() + make_interval(secs => %(seconds)s::float8)
WHERE session_id = %(session)s::bigint AND slot = %(slot)s::int
  AND (holder IS NULL OR expires_at < now())
RETURNING id
"""
_FREE = """
UPDATE drain_sessionloop SET holder = NULL, expires_at = NULL, enqueued_at = NULL
WHERE session_id = %(session)s::bigint AND holder = %(holder)s::uuid
"""
_HELD = """
SELECT 1 FROM drain_sessionloop
WHERE session_id = %(session)s::bigint AND holder IS NOT NULL AND expires_at > now() LIMIT 1
"""
_MAKE = """
INSERT INTO drain_sessionloop (session_id, slot, worker)
SELECT %(session)s::bigint, slot, '' FROM generate_series(0, %(count)s::int - 1) AS slot
ON CONFLICT (session_id, slot) DO NOTHING
"""


def make_places(session: int, count: int) -> None:
    """Make the session's places; harmless when they exist."""
    rows(_MAKE, {"session": session, "count": count})


def take_place(session: int, slot: int, holder: UUID, worker: str) -> bool:
    """Take a place; False if somebody alive has it."""
    values = {"session": session, "slot": slot, "holder": holder, "worker": worker}
    return row(_TAKE, {**values, "seconds": LEASE_SECONDS}) is not None


def anybody_there(session: int) -> bool:
    """Whether somebody alive holds a place of the session."""
    return row(_HELD, {"session": session}) is not None


def free_place(session: int, holder: UUID) -> None:
    """Give a place back, ready to be woken again."""
    rows(_FREE, {"session": session, "holder": holder})
