"""Attempts that happened before we looked: without them there is no completion rate before a fix."""

from __future__ import annotations

from drain.db.prepared import row
from drain.sources.merge import Merge
from drain.sources.staging import chunks

# A phase that ended in its source after the last attempt we know of was run by somebody else once more.
# Times have the source's clock; a second of slack keeps one ending from becoming two attempts.
# An end that a person gave it here was written there beside an older time, and is no attempt.
# Its telemetry is what came for the phase and belongs to no attempt yet.
_PAST = """
WITH ended AS (
    SELECT p.id, p.run_id, p.category, s.started_at, greatest(s.finished_at, s.started_at) AS finished_at,
        CASE s.state WHEN 'COMPLETE' THEN 'complete' WHEN 'SKIPPED' THEN 'skipped' ELSE 'failed' END AS outcome,
        CASE WHEN s.state = 'FAILED' THEN s.reason ELSE '' END AS error,
        CASE WHEN s.state = 'FAILED' THEN s.fingerprint ELSE '' END AS fingerprint,
        CASE WHEN s.state = 'FAILED' THEN s.fine ELSE '' END AS fine,
        CASE WHEN s.state = 'FAILED' THEN s.failure_category ELSE '' END AS failure_category,
        coalesce(last.number, 0) + 1 AS number
    FROM drain_stage_phase s JOIN drain_run r ON r.run_id = s.run_id
    JOIN drain_phase p ON p.run_id = r.id AND p.phase_id = s.phase_id
    LEFT JOIN LATERAL (
        SELECT max(number) AS number, max(finished_at) AS finished_at, bool_or(finished_at IS NULL) AS open
        FROM drain_attempt a WHERE a.phase_id = p.id
    ) last ON true
    WHERE s.n BETWEEN %(first)s::bigint AND %(last)s::bigint AND p.lease_owner IS NULL
      AND s.state IN ('COMPLETE', 'FAILED', 'SKIPPED') AND s.started_at IS NOT NULL AND s.finished_at IS NOT NULL
      AND last.open IS NOT TRUE
      AND (last.finished_at IS NULL
           OR greatest(s.finished_at, s.started_at) > last.finished_at + interval '1 second')
), counted AS (
    SELECT e.*, (SELECT count(*) FROM drain_telemetryevent t
                 WHERE t.phase_id = e.id AND t.attempt_id IS NULL)::int AS telemetry
    FROM ended e
    WHERE (SELECT t.verb FROM drain_transition t WHERE t.subject = 'phase' AND t.subject_pk = e.id
             AND t.verb IN ('clear_queued', 'discard') AND t.at >= e.finished_at LIMIT 1) IS NULL
), made AS (
    INSERT INTO drain_attempt (phase_id, run_id, number, outcome, error, fingerprint, fine, failure_category,
        telemetry_count, zero_yield_reason, reached_limit_boundary, bad_report_lines, worker, reported_state,
        progress_message, tail, command, started_at, finished_at, log_bytes, log_name)
    SELECT id, run_id, number, outcome, error, fingerprint, fine, failure_category, telemetry, '', false, 0,
        %(actor)s::text, '', '', '', '[]'::jsonb, started_at, finished_at, 0, ''
    FROM counted
    RETURNING id, phase_id, run_id, outcome, fingerprint, telemetry_count, started_at, finished_at
), events AS (
    UPDATE drain_telemetryevent t SET attempt_id = made.id
    FROM made WHERE t.phase_id = made.phase_id AND t.attempt_id IS NULL AND made.telemetry_count > 0
), phases AS (
    UPDATE drain_phase p SET attempts = p.attempts + 1 FROM made WHERE p.id = made.phase_id
), deltas AS (
    INSERT INTO drain_attemptdelta (finished_at, run_pk, category, outcome, fingerprint, seconds, telemetry_events)
    SELECT made.finished_at, made.run_id, p.category, made.outcome, made.fingerprint,
        extract(epoch FROM made.finished_at - made.started_at)::float8, made.telemetry_count
    FROM made JOIN drain_phase p ON p.id = made.phase_id
)
SELECT count(*) AS count FROM made
"""


def import_attempts(merge: Merge, count: int) -> int:
    """Add an attempt for every staged phase that ended since the last one we know; returns how many."""
    added = 0
    for first, last in chunks(count):
        found = row(_PAST, {"first": first, "last": last, "actor": merge.actor})
        added += int(found["count"]) if found else 0
    return added
