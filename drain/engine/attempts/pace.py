"""The start rates of sessions, and of executors over all sessions:
read and counted under the locks of a round.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drain.db.prepared import rows
from drain.engine.attempts.books import SessionBooks
from drain.engine.attempts.context import HostContext, SessionContext
from drain.engine.attempts.started import EndedAttempt
from drain.engine.process.profile import Profile
from drain.policy.pace import MOST_PARALLEL, Ramp, Room, room
from drain.policy.states import FAILURES, Outcome

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
# Executors with a limit of their own count over all sessions, so their rows order the claims.
# They are locked by a statement of its own: one that had waited for a lock would count by what it saw before.
_LOCK_LIMITED = """
SELECT id FROM drain_executorprofile WHERE id = ANY(%(executors)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""
_LIMITED = """
SELECT e.id, e.starts_per_minute, e.run_delay_seconds,
    coalesce(least(e.max_parallel, CASE WHEN e.ramp IS NOT NULL THEN e.ramp_size END), %(most)s::int) - (
    SELECT count(*)::int FROM drain_attempt a JOIN drain_run r ON r.id = a.run_id
    WHERE a.finished_at IS NULL AND coalesce(r.executor_id, %(default_executor)s::bigint) = e.id) AS free
FROM drain_executorprofile e WHERE e.id = ANY(%(executors)s::bigint[]) ORDER BY e.id
"""
_MANY = 1_000_000_000
# A claim that follows in the same transaction locks those of its host, by key as here:
# so all with limits are locked.
_RAMPS = """
SELECT id, ramp, ramp_size, ramp_ended, ramp_failed, max_parallel FROM drain_executorprofile
WHERE ramp IS NOT NULL OR max_parallel IS NOT NULL OR starts_per_minute IS NOT NULL OR run_delay_seconds IS NOT NULL
ORDER BY id FOR NO KEY UPDATE
"""
_EXECUTORS = """
SELECT a.id AS attempt, coalesce(r.executor_id, (SELECT e.id FROM drain_executorprofile e WHERE e.is_default)) AS executor
FROM drain_attempt a JOIN drain_run r ON r.id = a.run_id WHERE a.id = ANY(%(attempts)s::bigint[])
"""
_STEP = """
UPDATE drain_executorprofile SET ramp_size = %(size)s::int, ramp_ended = %(ended)s::int, ramp_failed = %(failed)s::int
WHERE id = %(executor)s::bigint
"""


@dataclass(slots=True)
class Pace:
    """The start rates that one transaction of a loop has read."""

    host: HostContext
    wait: float = math.inf
    """Seconds until pace alone lets something more start; infinite if it held nothing back."""
    delays: dict[int, float] = field(default_factory=dict)
    """Seconds between attempts of one run, by the key of an executor that has such a delay."""

    def of_session(self, books: SessionBooks, context: SessionContext, wanted: int) -> int:
        """Return how many of `wanted` a session may start now, by its ramp and its starts a minute."""
        limits = context.limits
        if limits.ramp is not None:
            wanted = min(wanted, books.tally.ramp - books.open)
        if limits.starts_per_minute is None or wanted <= 0:
            return wanted
        values = {"session": books.session, "count": limits.starts_per_minute}
        found = self._noted(_ages(_OF_SESSION, values), limits.starts_per_minute)
        return min(wanted, found.starts)

    def of_executors(self) -> dict[int, int]:
        """Return how many each executor with limits of its own may still start, by key. Locks their rows."""
        limited = [key for key, each in self.host.profiles.items() if each.is_limited]
        if not limited:
            return {}
        default = self.host.default_executor
        values = {"executors": limited, "default_executor": default, "most": _MANY}
        rows(_LOCK_LIMITED, {"executors": limited})
        free = {}
        for each in rows(_LIMITED, values):
            free[each["id"]] = each["free"]
            if each["run_delay_seconds"] is not None:
                self.delays[each["id"]] = each["run_delay_seconds"]
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


def count_ends(ends: Sequence[EndedAttempt]) -> None:
    """Count attempts that were just booked as ended, in this order, in the ramps of their executors.

    What was skipped or asks to be run again says nothing about how well it goes. Locks the executors that
    have limits, after sessions, runs and phases; a claim holds them while it passes over whatever is locked,
    so neither waits for the other in a circle.
    """
    told = [each for each in ends if _may_ramp(each.started.profile) and _says(each) is not None]
    if not told:
        return
    steps = {each["id"]: each for each in rows(_RAMPS, {}) if each["ramp"] is not None}
    if not steps:
        return
    asked = {"attempts": [each.started.attempt for each in told]}
    executors = {each["attempt"]: each["executor"] for each in rows(_EXECUTORS, asked)}
    ramps: dict[int, Ramp] = {}
    for each in told:
        step = steps.get(executors.get(each.started.attempt, 0))
        if step is None:
            continue
        before = Ramp(step["ramp_size"], step["ramp_ended"], step["ramp_failed"])
        most = step["max_parallel"] or MOST_PARALLEL
        ramp = ramps.get(step["id"], before)
        ramps[step["id"]] = ramp.after(bool(_says(each)), step["ramp"], most)
    for executor, ramp in ramps.items():
        values = {"size": ramp.size, "ended": ramp.ended, "failed": ramp.failed}
        rows(_STEP, {"executor": executor, **values})


def _may_ramp(profile: Profile) -> bool:
    """Return whether a ramp may apply: an attempt that somebody else had started names no executor."""
    return profile.ramp is not None or not profile.name


def _says(each: EndedAttempt) -> bool | None:
    """Return whether it failed; None where it says nothing."""
    outcome = each.result.decision.outcome
    return True if outcome in FAILURES else False if outcome is Outcome.COMPLETE else None


def _ages(statement: str, values: Mapping[str, object]) -> list[float]:
    return [each["age"] for each in rows(statement, values)]
