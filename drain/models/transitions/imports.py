"""Import's side of the door: staged rows become phases, and states follow their source.

Both functions work on `drain_stage_phase`, the temporary table of drain.sources.staging, in the
caller's transaction: rows `first` to `last` of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from drain.db.prepared import row

_CREATE = """
WITH made AS (
    INSERT INTO drain_phase (run_id, phase_id, tier_index, phase_index, name, state, state_changed_at, category, complexity,
        params, attempts, source_attempts, source_changed_at, last_failure_reason, last_fingerprint,
        failure_category)
    SELECT r.id, s.phase_id, coalesce(s.tier_index, 0),
        coalesce(s.phase_index, row_number() OVER (PARTITION BY s.run_id ORDER BY s.n) - 1),
        coalesce(s.name, ''), s.state,
        coalesce(s.changed_at, %(now)s::timestamptz), coalesce(s.category, ''), coalesce(s.complexity, ''),
        coalesce(s.params, '{}'::jsonb), 0, coalesce(s.source_attempts, 0), s.changed_at, s.reason, s.fingerprint,
        s.failure_category
    FROM drain_stage_phase s JOIN drain_run r ON r.run_id = s.run_id
    WHERE s.n BETWEEN %(first)s::bigint AND %(last)s::bigint
    ON CONFLICT (run_id, phase_id) DO NOTHING
    RETURNING id, run_id, state
), said AS (
    INSERT INTO drain_transition (subject, subject_pk, run_pk, from_state, to_state, verb, actor, reason, at)
    SELECT 'phase', id, run_id, '', state, 'imported', %(actor)s::text, '', %(now)s::timestamptz FROM made
)
SELECT count(*) AS count FROM made
"""
_SYNC = """
WITH differ AS (
    SELECT p.id, p.state AS was, s.state, s.changed_at, s.reason
    FROM drain_stage_phase s JOIN drain_run r ON r.run_id = s.run_id
    JOIN drain_phase p ON p.run_id = r.id AND p.phase_id = s.phase_id
    WHERE s.n BETWEEN %(first)s::bigint AND %(last)s::bigint AND p.state <> s.state
    ORDER BY p.id
), moved AS (
    UPDATE drain_phase p SET state = d.state, state_changed_at = coalesce(d.changed_at, %(now)s::timestamptz),
        last_failure_reason = CASE WHEN d.state = 'COMPLETE' THEN '' ELSE p.last_failure_reason END
    FROM differ d
    WHERE p.id = d.id AND p.state = d.was AND p.lease_owner IS NULL
        AND NOT p.id = ANY(%(untold)s::bigint[])
        AND (%(ours_after)s::timestamptz = 'infinity' OR NOT EXISTS (
            SELECT FROM drain_transition t
            WHERE t.subject = 'phase' AND t.subject_pk = p.id AND t.verb NOT IN ('imported', 'synced')
                AND t.at > coalesce(%(ours_after)s::timestamptz, d.changed_at, '-infinity')))
    RETURNING p.id, p.run_id, d.was, d.state, d.reason
), said AS (
    INSERT INTO drain_transition (subject, subject_pk, run_pk, from_state, to_state, verb, actor, reason, at)
    SELECT 'phase', id, run_id, was, state, 'synced', %(actor)s::text, reason, %(now)s::timestamptz FROM moved
), noted AS (
    UPDATE drain_stage_phase s SET moved = true
    FROM moved JOIN drain_phase p ON p.id = moved.id JOIN drain_run r ON r.id = p.run_id
    WHERE s.run_id = r.run_id AND s.phase_id = p.phase_id
)
SELECT count(*) AS count FROM moved
"""


@dataclass(frozen=True, slots=True)
class Ours:
    """Facts that are known better here than by a source that was read a moment ago, and so stay."""

    after: datetime | str | None = "infinity"
    """Phases moved here after it, by an attempt or a person;
    None: after the time that the source gives them.
    """
    untold: Sequence[int] = ()
    """Phases whose source had not been told yet what became of them."""


NOTHING_OURS = Ours()
MOMENT = timedelta(minutes=1)
"""Longer than a transaction of ours may have been open when a source begins to be read."""


def create_staged(first: int, last: int, *, actor: str, now: Any) -> int:
    """Insert the staged phases that are new, in the state they came with; returns how many."""
    found = row(_CREATE, {"first": first, "last": last, "actor": actor, "now": now})
    return int(found["count"]) if found else 0


def sync(first: int, last: int, *, actor: str, now: Any, ours: Ours = NOTHING_OURS) -> int:
    """Move staged phases to their source's state, except those held by a lease and `ours`; returns how many."""
    window = {"first": first, "last": last, "actor": actor, "now": now}
    found = row(_SYNC, {**window, "ours_after": ours.after, "untold": list(ours.untold)})
    return int(found["count"]) if found else 0
