"""The ledger: every phase that is failed or was drained lately, each in exactly one part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from drain.db.sql import row

PERIOD = timedelta(days=7)

# One statement, so one snapshot: the parts sum to the total whatever happens meanwhile. A failed phase
# belongs to the first part that fits: held, snoozed, waiting, tried again, untouched. Waiting starts at what
# is queued, working, set aside or behind Autopack's queued phase and walks the declared edges, as the rules
# of a plan do (drain/policy/selection/waiting.py). Snoozed is what counts for a snoozed fingerprint and what
# may be it. Nothing here reads all phases: OFFSET 0 keeps the planner from reading every failed one to join
# it with a few runs. What a drain of the period ran and is failed now has failed in the period: few of all
# failed phases, by their index.
_LEDGER = """
WITH RECURSIVE hold AS (
    SELECT kind, value FROM drain_hold
    WHERE released_at IS NULL AND (until IS NULL OR until > %(now)s)
), held AS (
    SELECT r.id FROM hold JOIN drain_run r ON r.run_id = hold.value WHERE hold.kind = 'run'
    UNION SELECT r.id FROM hold CROSS JOIN LATERAL (
        SELECT id FROM drain_run
        WHERE run_id ~>=~ hold.value AND run_id ~<~ (hold.value || chr(1114111)) OFFSET 0
    ) r WHERE hold.kind = 'prefix'
), snoozed_fingerprint AS (
    SELECT id FROM drain_fingerprint
    WHERE status = 'snoozed' AND merged_into_id IS NULL AND (snoozed_until IS NULL OR snoozed_until > %(now)s)
), counted_as AS (
    SELECT id FROM snoozed_fingerprint
    UNION SELECT f.id FROM counted_as JOIN drain_fingerprint f ON f.merged_into_id = counted_as.id
), family AS (
    SELECT id FROM counted_as
    UNION SELECT other.id FROM counted_as JOIN drain_fingerprint f ON f.id = counted_as.id
    JOIN drain_fingerprint other ON other.headline = f.headline AND other.merged_into_id IS NULL
    WHERE f.headline <> '' AND NOT (f.place_known AND other.place_known AND f.version = other.version)
    UNION SELECT f.id FROM family JOIN drain_fingerprint f ON f.merged_into_id = family.id
), snoozed AS (
    SELECT f.key FROM family JOIN drain_fingerprint f ON f.id = family.id
    UNION SELECT a.key FROM family JOIN drain_fingerprintalias a ON a.fingerprint_id = family.id
), held_phase AS MATERIALIZED (
    SELECT p.id FROM held JOIN drain_phase p ON p.run_id = held.id WHERE p.state = 'FAILED'
), snoozed_phase AS MATERIALIZED (
    SELECT p.id FROM snoozed CROSS JOIN LATERAL (
        SELECT id, run_id FROM drain_phase
        WHERE state = 'FAILED' AND last_fingerprint = snoozed.key OFFSET 0
    ) p WHERE p.run_id NOT IN (SELECT id FROM held)
), first_queued AS (
    SELECT q.run_id, min(q.place) AS place FROM drain_phase q
    JOIN drain_run r ON r.id = q.run_id JOIN drain_source s ON s.id = r.source_id
    WHERE q.state = 'QUEUED' AND s.kind = 'autopack' GROUP BY q.run_id
), behind AS MATERIALIZED (
    SELECT p.id FROM first_queued q CROSS JOIN LATERAL (
        SELECT id FROM drain_phase
        WHERE run_id = q.run_id AND state = 'FAILED' AND place > q.place OFFSET 0
    ) p
), root AS (
    SELECT id FROM drain_phase WHERE state = 'QUEUED'
    UNION SELECT id FROM drain_phase WHERE state IN ('EXECUTING', 'GATE', 'CI_RUNNING')
    UNION SELECT id FROM held_phase UNION SELECT id FROM snoozed_phase
    UNION SELECT id FROM behind
), walk AS (
    SELECT next.id FROM root CROSS JOIN LATERAL (
        SELECT p.id FROM drain_dependency d JOIN drain_phase p ON p.id = d.phase_id
        WHERE d.prerequisite_id = root.id AND p.state = 'FAILED' OFFSET 0
    ) next
    UNION
    SELECT next.id FROM walk CROSS JOIN LATERAL (
        SELECT p.id FROM drain_dependency d JOIN drain_phase p ON p.id = d.phase_id
        WHERE d.prerequisite_id = walk.id AND p.state = 'FAILED' OFFSET 0
    ) next
), waiting AS MATERIALIZED (
    SELECT id FROM walk UNION SELECT id FROM behind
    EXCEPT (SELECT id FROM held_phase UNION ALL SELECT id FROM snoozed_phase)
), counts AS (
    SELECT state, count AS n FROM drain_statetotal WHERE state = 'FAILED'
    UNION ALL SELECT state, delta FROM drain_statedelta WHERE state = 'FAILED'
), failed_again AS (
    SELECT DISTINCT p.id FROM drain_drainsession s
    JOIN drain_candidate c ON c.session_id = s.id AND c.status = 'done'
    JOIN drain_phase p ON p.id = c.phase_id AND p.state = 'FAILED' AND p.state_changed_at > %(since)s
    WHERE s.started_at > %(since)s AND p.run_id NOT IN (SELECT id FROM held)
    EXCEPT (SELECT id FROM snoozed_phase UNION ALL SELECT id FROM waiting)
), drained AS (
    SELECT coalesce(sum(r.complete), 0)::int AS complete
    FROM drain_sessionrun r JOIN drain_drainsession s ON s.id = r.session_id
    WHERE s.started_at > %(since)s
)
SELECT (SELECT coalesce(sum(n), 0)::int FROM counts) AS failed, drained.complete,
    (SELECT count(*)::int FROM held_phase) AS held,
    (SELECT count(*)::int FROM held) AS held_runs,
    (SELECT count(*)::int FROM snoozed_phase) AS snoozed,
    (SELECT count(*)::int FROM snoozed_fingerprint) AS snoozed_fingerprints,
    (SELECT count(*)::int FROM waiting) AS waiting,
    (SELECT count(*)::int FROM failed_again) AS again
FROM drained
"""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Phases that are failed, and those that drains of the period completed."""

    failed: int
    complete: int
    """Completed by drains in the period."""
    held: int
    held_runs: int
    snoozed: int
    snoozed_fingerprints: int
    waiting: int
    again: int
    """Drained in the period and failed again."""

    @property
    def drained(self) -> int:
        """The number of phases that drains have run, however they ended."""
        return self.complete + self.again

    @property
    def untouched(self) -> int:
        """Failed phases that no drain has reached and that nothing holds back."""
        return self.failed - self.held - self.snoozed - self.waiting - self.again

    @property
    def total(self) -> int:
        """The sum of the five parts."""
        return self.failed + self.complete


def read_ledger(now: datetime, period: timedelta = PERIOD) -> Ledger:
    """Count the parts in one statement; drained is what drains of the last `period` did."""
    values = {"now": now, "since": now - period}
    return Ledger(**row(_LEDGER, values))
