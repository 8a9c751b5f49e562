"""Wake-ups: django-q2 tasks that say "there is something to drain", and nothing else.

Rows are the truth; a wake-up that is lost, doubled or late does no harm: a worker process that gets one
becomes a loop if there is anything to drain, and comes back at once if there is not.
"""

from __future__ import annotations

from drain.db.prepared import rows
from drain.engine.workers.broker import send
from drain.engine.workers.timing import HOST_SILENT_SECONDS

DRAIN_TASK = "drain.tasks.drain_loop"
DRAIN_CLUSTER = "drain"
FORGOTTEN_SECONDS = 4.0
"""Wake-ups that nobody answered for this long are sent again."""
PREFETCHED = 1
"""Wake-ups that a cluster takes from the queue while its workers are busy: they reach nobody else."""

_DUE = """
UPDATE drain_workerhost h SET woken_at = now() FROM (
    SELECT w.id, w.workers - (SELECT count(*)::int FROM drain_workerloop l
                              WHERE l.host_id = w.id AND l.expires_at > now()) AS idle
    FROM drain_workerhost w
    WHERE w.stopped_at IS NULL AND w.last_seen > now() - make_interval(secs => %(silent)s::float8)
) found
WHERE h.id = found.id AND found.idle > 0
  AND (%(fresh)s::bool OR h.woken_at IS NULL OR h.woken_at < now() - make_interval(secs => %(seconds)s::float8))
  AND (EXISTS (SELECT FROM drain_drainsession s
               WHERE s.state IN ('planned', 'running', 'stopping') AND NOT s.inline)
       OR EXISTS (SELECT FROM drain_attempt a WHERE a.finished_at IS NULL AND a.remote IS NOT NULL
                  AND NOT EXISTS (SELECT FROM drain_workerloop l WHERE l.id = a.loop)))
RETURNING found.idle + %(prefetched)s::int AS count
"""


def wake(*, fresh: bool = False) -> int:
    """Send wake-ups for the worker processes that do not drain; returns how many.

    `fresh`: something new is to be drained. Otherwise none is sent while the last ones may still be answered.
    """
    values = {"silent": HOST_SILENT_SECONDS, "seconds": FORGOTTEN_SECONDS, "fresh": fresh}
    values["prefetched"] = PREFETCHED
    count: int = sum(found["count"] for found in rows(_DUE, values))
    return sum(send(DRAIN_TASK, cluster=DRAIN_CLUSTER, name="drain") for _ in range(count))
