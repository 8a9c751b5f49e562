"""Wake-ups: django-q2 tasks that say "drain this session from this place", and nothing else.

The places in the database are the truth; a wake-up that is lost, doubled or late does no harm.
"""

from __future__ import annotations

from drain.db.prepared import rows
from drain.engine.workers.broker import send

DRAIN_TASK = "drain.tasks.drain_loop"
DRAIN_CLUSTER = "drain"
FORGOTTEN_SECONDS = 30.0
"""A wake-up that nobody answered for this long is sent again."""

_DUE = """
UPDATE drain_sessionloop p SET enqueued_at = now()
FROM drain_drainsession s
WHERE s.id = p.session_id AND s.state IN ('planned', 'running', 'stopping') AND NOT s.inline
  AND (%(session)s::bigint IS NULL OR s.id = %(session)s::bigint)
  AND (p.holder IS NULL OR p.expires_at < now())
  AND (p.enqueued_at IS NULL OR p.enqueued_at < now() - make_interval(secs => %(seconds)s::float8))
RETURNING p.session_id, p.slot
"""


def wake(session: int | None = None) -> int:
    """Send wake-ups for the free places of a session (None: all live ones); returns how many."""
    due = rows(_DUE, {"session": session, "seconds": FORGOTTEN_SECONDS})
    for place in due:
        name = f"drain {place['session_id']}/{place['slot']}"
        send(DRAIN_TASK, place["session_id"], place["slot"], cluster=DRAIN_CLUSTER, name=name)
    return len(due)
