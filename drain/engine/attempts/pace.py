"""How many a session, or an executor over all sessions, may start now: read under the locks of the claim."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from drain.db.prepared import rows
from drain.engine.attempts.books import SessionBooks
from drain.engine.attempts.context import HostContext, SessionContext
from drain.policy.pace import Room, room

_OF_SESSION = """
SELECT extract(epoch FROM clock_timestamp() - started_at)::float8 AS age FROM drain_attempt
WHERE session_id = %(session)s::bigint ORDER BY id DESC LIMIT %(count)s::int
"""
# The executor's row is locked, so no other claim starts anything of it until this one is committed.
_OF_EXECUTOR = """
SELECT extract(epoch FROM clock_timestamp() - a.started_at)::float8 AS age
FROM drain_attempt a JOIN drain_run r ON r.id = a.run_id
WHERE a.started_at > clock_timestamp() - interval '1 minute'
  AND coalesce(r.executor_id, %(default_executor)s::bigint) = %(executor)s::bigint
ORDER BY a.started_at DESC LIMIT %(count)s::int
"""
# Executors with a limit of their own count over all sessions, so their rows order the claims. They are locked by a
# statement of its own: one that had waited for a lock would count by what it saw before.
_LOCK_LIMITED = """
SELECT id FROM drain_executorprofile WHERE id = ANY(%(executors)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
_LIMITED = """
SELECT e.id, e.starts_per_minute, coalesce(e.max_parallel, %(most)s::int) - (
    SELECT count(*)::int FROM drain_attempt a JOIN drain_run r ON r.id = a.run_id
    WHERE a.finished_at IS NULL AND coalesce(r.executor_id, %(default_executor)s::bigint) = e.id) AS free
FROM drain_executorprofile e WHERE e.id = ANY(%(executors)s::bigint[]) ORDER BY e.id
"""
_MANY = 1_000_000_000


@dataclass(slots=True)
class Pace:
    """What one transaction of a loop knows of the pace."""

    host: HostContext
    wait: float = math.inf
    """Seconds until pace alone lets something more start; infinite if it held nothing back."""

    def of_session(self, books: SessionBooks, context: SessionContext, wanted: int) -> int:
        """How many of `wanted` a session may start now, by its ramp and its starts a minute."""
        limits = context.limits
        if limits.ramp is not None:
            wanted = min(wanted, books.tally.ramp - books.open)
        if limits.starts_per_minute is None or wanted <= 0:
            return wanted
        values = {"session": books.session, "count": limits.starts_per_minute}
        found = self._noted(_ages(_OF_SESSION, values), limits.starts_per_minute)
        return min(wanted, found.starts)

    def of_executors(self) -> dict[int, int]:
        """What executors with limits of their own may still start, by key. Locks their rows."""
        limited = [key for key, each in self.host.profiles.items() if each.is_limited]
        if not limited:
            return {}
        default = self.host.default_executor
        values = {"executors": limited, "default_executor": default, "most": _MANY}
        rows(_LOCK_LIMITED, {"executors": limited})
        free = {}
        for each in rows(_LIMITED, values):
            free[each["id"]] = each["free"]
            most = each["starts_per_minute"]
            if most is not None and each["free"] > 0:
                asked = {"executor": each["id"], "default_executor": default, "count": most}
                found = self._noted(_ages(_OF_EXECUTOR, asked), most)
                free[each["id"]] = min(each["free"], found.starts)
        return free

    def _noted(self, ages: list[float], per_minute: int) -> Room:
        found = room(ages, per_minute)
        if not found.starts:
            self.wait = min(self.wait, found.wait)
        return found


def _ages(statement: str, values: Mapping[str, object]) -> list[float]:
    return [each["age"] for each in rows(statement, values)]
