"""Attempts whose loop is gone while their jobs go on at a service: another loop looks after them."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from uuid import UUID

from drain.db.prepared import rows
from drain.engine.attempts.context import HostContext
from drain.engine.attempts.started import StartedAttempt, TakenOver
from drain.engine.attempts.stored import COLUMNS, TABLES, stored_attempt
from drain.policy.remote import Remote

log = logging.getLogger(__name__)

# Those of loops that are gone, and those that were taken over by this one in a transaction whose answer was
# lost. The lease stays what it is, as the job's id is made of it: whoever writes its end first has written
# what the service said. One whose executor was removed meanwhile is anybody's: its service stands in its row.
# The small index of open jobs is found by `remote IS NOT NULL`.
_TAKE = f"""
WITH taken AS (
    UPDATE drain_attempt a SET loop = %(loop)s::uuid, worker = %(worker)s::text
    WHERE a.id IN (
        SELECT x.id FROM drain_attempt x JOIN drain_phase p ON p.id = x.phase_id AND p.lease_owner = x.lease
        WHERE x.finished_at IS NULL AND x.remote IS NOT NULL
          AND (x.remote->>'executor' = ANY(%(executors)s::text[])
               OR NOT EXISTS (SELECT FROM drain_executorprofile e WHERE e.id::text = x.remote->>'executor'))
          AND (%(session)s::bigint IS NULL OR x.session_id = %(session)s::bigint)
          AND (NOT EXISTS (SELECT FROM drain_workerloop l WHERE l.id = x.loop)
               OR x.loop = %(loop)s::uuid AND x.lease <> ALL(%(mine)s::uuid[]))
        ORDER BY x.id FOR NO KEY UPDATE OF x SKIP LOCKED)
    RETURNING a.id
)
SELECT {COLUMNS}, coalesce(a.remote->>'accepted' = 'true', false) AS accepted, a.worker AS left_by,
    extract(epoch FROM clock_timestamp() - a.started_at)::float8 AS elapsed,
    (SELECT count(*)::int FROM drain_transition t WHERE t.subject = 'phase' AND t.subject_pk = p.id
        AND t.attempt_pk = a.id AND t.verb = 'report') AS states
FROM {TABLES} JOIN taken ON taken.id = a.id ORDER BY a.id
"""  # noqa: S608 - constants only


def take_over(
    host: HostContext, loop: UUID, session: int | None, mine: Collection[UUID]
) -> list[StartedAttempt]:
    """Take over what nobody looks after and this host has the executor of; `mine`:
    leases of what this loop has.

    `session`: only attempts of that one.
    Where the executor is gone the profile has no name: its job is asked for, but cannot be started any more.
    """
    values = {"loop": loop, "worker": host.worker, "session": session}
    executors = [str(key) for key in host.profiles]
    found = rows(_TAKE, {**values, "executors": executors, "mine": list(mine)})
    for each in found:
        log.warning("attempt %s of %s is looked after from here", each["attempt"], each["left_by"])
    return [_taken(host, each) for each in found]


def _taken(host: HostContext, found: dict[str, Any]) -> StartedAttempt:
    stored = found["remote"] if isinstance(found["remote"], dict) else {}
    here = {str(key): profile for key, profile in host.profiles.items()}
    attempt = stored_attempt(found)
    profile = here.get(str(stored.get("executor")), attempt.profile)
    return replace(
        attempt,
        profile=replace(profile, remote=Remote.from_json(stored)),
        taken_over=TakenOver(found["accepted"], found["elapsed"], found["states"]),
    )
