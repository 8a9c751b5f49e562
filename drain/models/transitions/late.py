"""Results that come after their attempt was booked as lost: they replace that outcome, or are noted on it."""

from __future__ import annotations

from collections.abc import Sequence

from drain.db.prepared import Row, records_of, rows
from drain.models.transitions.attempts import Finish

# A statement that has waited for a lock goes on with what it saw before, so the locks are taken by one of
# their own.
_LOCK = """
SELECT p.id FROM drain_phase p JOIN drain_attempt a ON a.phase_id = p.id
WHERE a.id = ANY(%(attempt)s::bigint[]) ORDER BY p.id FOR NO KEY UPDATE OF p
"""
# Only while the loss is the last thing that happened to the phase: nobody has run, moved or leased it since.
# The end stays where it was in time and in the order of its session, and no rule looks at it again: they have
# judged the loss.
_REPLACE = """
WITH g AS (
    SELECT * FROM json_to_recordset(%(records)s::json) AS g (
        attempt bigint, lease uuid, outcome text, "to" text, said text, files_failure bool,
        exit_code int, signal int, error text, fingerprint text, fine text, category text,
        telemetry int, zero_yield text, boundary bool, bad_lines int, command text, log_bytes bigint,
        log_inline bytea, log_name text, status text, excluded text, detail text, uncounted int)
), was AS (
    SELECT t.id, t.finished_at, t.telemetry_count, p.category, p.id AS phase_pk
    FROM g JOIN drain_attempt t ON t.id = g.attempt JOIN drain_phase p ON p.id = t.phase_id
    WHERE t.lease = g.lease AND t.outcome = 'lost' AND t.exit_code IS NULL AND t.signal IS NULL
      AND coalesce(g.exit_code, g.signal) IS NOT NULL AND g.outcome <> 'lost'
      AND p.state = 'FAILED'
      AND NOT EXISTS (SELECT FROM drain_attempt n WHERE n.phase_id = p.id AND n.number > t.number)
      AND t.id = (SELECT l.attempt_pk FROM drain_transition l
                  WHERE l.subject = 'phase' AND l.subject_pk = p.id ORDER BY l.id DESC LIMIT 1)
), a AS (
    UPDATE drain_attempt t SET outcome = g.outcome, exit_code = g.exit_code, signal = g.signal, error = g.error,
        fingerprint = g.fingerprint, fine = g.fine, failure_category = g.category, telemetry_count = g.telemetry,
        zero_yield_reason = g.zero_yield, reached_limit_boundary = g.boundary, bad_report_lines = g.bad_lines,
        command = g.command::jsonb, log_bytes = g.log_bytes, log_inline = g.log_inline, log_name = g.log_name
    FROM g JOIN was ON was.id = g.attempt WHERE t.id = g.attempt
    RETURNING g.*, t.phase_id, t.run_id, t.session_id, t.finished_at, was.telemetry_count AS telemetry_before,
        coalesce(was.category, '') AS task, extract(epoch FROM t.finished_at - t.started_at)::float8 AS seconds
), phase AS (
    UPDATE drain_phase p SET state = a."to", state_changed_at = statement_timestamp(),
        last_failure_reason = CASE WHEN a.files_failure THEN a.error WHEN a."to" = 'COMPLETE' THEN ''
                                   ELSE p.last_failure_reason END,
        last_fingerprint = CASE WHEN a.files_failure THEN a.fingerprint ELSE p.last_fingerprint END,
        failure_category = CASE WHEN a.files_failure THEN a.category ELSE p.failure_category END
    FROM a WHERE p.id = a.phase_id
), said AS (
    INSERT INTO drain_transition
        (subject, subject_pk, run_pk, session_pk, attempt_pk, from_state, to_state, verb, actor, reason)
    SELECT 'phase', a.phase_id, a.run_id, a.session_id, a.attempt, 'FAILED', a."to", 'finish', %(actor)s::text,
        left('reported late, was lost: ' || coalesce(nullif(a.said, ''), a.outcome), 500) FROM a
), delta AS (
    INSERT INTO drain_attemptdelta
        (finished_at, run_pk, attempts, category, outcome, fingerprint, seconds, telemetry_events)
    SELECT finished_at, run_id, -1, task, 'lost', '', -seconds, -telemetry_before FROM a
    UNION ALL SELECT finished_at, run_id, 1, task, outcome, fingerprint, seconds, telemetry FROM a
), old AS (
    SELECT c.id, c.status, a.attempt
    FROM a JOIN drain_candidate c ON c.session_id = a.session_id AND c.phase_id = a.phase_id
), candidate AS (
    UPDATE drain_candidate c SET outcome = a.outcome, attempts = c.attempts - a.uncounted,
        status = CASE WHEN a.status = 'waiting' THEN c.status ELSE a.status END,
        reason = CASE WHEN a.status = 'waiting' THEN c.reason ELSE a.excluded END,
        detail = CASE WHEN a.status = 'waiting' THEN c.detail ELSE a.detail END
    FROM a JOIN old ON old.attempt = a.attempt WHERE c.id = old.id
    RETURNING c.session_run_id, (old.status = 'waiting' AND c.status <> 'waiting')::int AS gone, a.*
), books AS (
    UPDATE drain_sessionrun r SET waiting = greatest(r.waiting - n.gone, 0), complete = r.complete + n.complete,
        failed = r.failed + n.failed, timeouts = r.timeouts + n.timeouts, retryable = r.retryable + n.retryable,
        skipped = r.skipped + n.skipped, lost = r.lost - n.n, cancelled = r.cancelled + n.cancelled,
        interrupted = r.interrupted + n.interrupted, diverted = r.diverted + n.diverted,
        telemetry_events = r.telemetry_events + n.telemetry
    FROM (
        SELECT session_run_id, count(*) AS n, sum(gone) AS gone,
            count(*) FILTER (WHERE outcome = 'complete') AS complete,
            count(*) FILTER (WHERE outcome IN ('failed', 'timeout')) AS failed,
            count(*) FILTER (WHERE outcome = 'timeout') AS timeouts,
            count(*) FILTER (WHERE outcome = 'retryable') AS retryable,
            count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
            count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled,
            count(*) FILTER (WHERE outcome = 'interrupted') AS interrupted,
            count(*) FILTER (WHERE outcome = 'diverted') AS diverted,
            sum(telemetry - telemetry_before) AS telemetry
        FROM candidate GROUP BY session_run_id
    ) n WHERE r.id = n.session_run_id
)
SELECT a.attempt, candidate.session_run_id AS session_run
FROM a LEFT JOIN candidate ON candidate.attempt = a.attempt
"""

# Something came after the loss, so it stands, and with it all that followed;
# the code is kept where people look for it.
_LATE = """
UPDATE drain_attempt t SET exit_code = g.exit_code, signal = g.signal,
    error = t.error || E'\nreported late: ' || CASE WHEN g.signal IS NULL THEN 'exit ' || g.exit_code
        ELSE 'ended by signal ' || g.signal END
FROM json_to_recordset(%(records)s::json) AS g (attempt bigint, lease uuid, exit_code int, signal int)
WHERE t.id = g.attempt AND t.lease = g.lease AND t.outcome = 'lost' AND t.exit_code IS NULL AND t.signal IS NULL
    AND coalesce(g.exit_code, g.signal) IS NOT NULL
RETURNING t.id
"""


def replace_lost(ends: Sequence[Finish], *, actor: str) -> list[Row]:
    """Give lost attempts the outcome that became known later,
    where nothing has happened to their phases since.

    Call in a transaction that has locked their sessions and runs.
    Returns attempt and session_run of each replaced.
    """
    if not ends:
        return []
    rows(_LOCK, {"attempt": [end.attempt for end in ends]})
    return rows(_REPLACE, {"records": records_of(ends), "actor": actor})


def keep_late(ends: Sequence[Finish]) -> list[int]:
    """Note on attempts that stay lost how they had ended, as became known later; returns those noted."""
    if not ends:
        return []
    return [row["id"] for row in rows(_LATE, {"records": records_of(ends)})]
