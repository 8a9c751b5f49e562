"""Start and finish of an attempt: one statement each, guarded by the lease."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from drain.db.prepared import Row, row, values_of

# The phase, its run's slot, the attempt, the transition and the books of the session move together or
# not at all: every later part reads from `phase` and `slot`, which are empty when a guard refuses.
_START = """
WITH phase AS (
    UPDATE drain_phase SET state = 'EXECUTING', state_changed_at = now(), attempts = attempts + 1,
        lease_owner = %(lease)s::uuid,
        lease_expires_at = now() + make_interval(secs => %(lease_seconds)s::float8)
    WHERE id = %(phase)s::bigint AND state = %(expect)s::text AND attempts = %(seen)s::int
    RETURNING id, run_id, attempts
), slot AS (
    UPDATE drain_run r SET open_attempts = open_attempts + 1 FROM phase
    WHERE r.id = phase.run_id RETURNING r.id
), attempt AS (
    INSERT INTO drain_attempt (phase_id, run_id, session_id, number, worker, lease, timeout_seconds, command,
        error, fingerprint, fine, failure_category, telemetry_count, zero_yield_reason,
        reached_limit_boundary, bad_report_lines, reported_state, progress_message, tail, log_bytes, log_name)
    SELECT phase.id, phase.run_id, %(session)s::bigint,
        coalesce((SELECT max(number) FROM drain_attempt WHERE phase_id = phase.id), 0) + 1,
        %(worker)s::text, %(lease)s::uuid, %(timeout)s::float8, '[]'::jsonb,
        '', '', '', '', 0, '', false, 0, '', '', '', 0, ''
    FROM phase, slot RETURNING id, number, started_at
), said AS (
    INSERT INTO drain_transition
        (subject, subject_pk, run_pk, session_pk, attempt_pk, from_state, to_state, verb, actor, reason)
    SELECT 'phase', phase.id, phase.run_id, %(session)s::bigint, attempt.id, %(expect)s::text, 'EXECUTING',
        'start', %(worker)s::text, '' FROM phase, attempt
), candidate AS (
    UPDATE drain_candidate c SET status = 'running', attempts = c.attempts + 1,
        seen_attempts = phase.attempts
    FROM phase WHERE c.id = %(candidate)s::bigint
), books AS (
    UPDATE drain_sessionrun s SET waiting = s.waiting - 1,
        tier = CASE WHEN s.tier = '0' THEN '2' ELSE s.tier END,
        head_position = coalesce(head.position, 0), not_before = coalesce(head.not_before, s.not_before)
    FROM phase LEFT JOIN LATERAL (
        SELECT position, not_before FROM drain_candidate
        WHERE session_run_id = %(session_run)s::bigint AND status = 'waiting'
          AND id <> %(candidate)s::bigint
        ORDER BY position LIMIT 1
    ) head ON true
    WHERE s.id = %(session_run)s::bigint
)
SELECT attempt.id AS attempt, attempt.number, attempt.started_at FROM attempt
"""


@dataclass(frozen=True, slots=True)
class Start:
    """What an attempt starts with; `seen` is the phase's attempt count that the decision was made on."""

    phase: int
    expect: str
    seen: int
    session: int | None
    session_run: int | None
    candidate: int | None
    lease: UUID
    lease_seconds: float
    worker: str
    timeout: float


def start_attempt(start: Start) -> Row | None:
    """FAILED (or QUEUED) → EXECUTING with a new open attempt; None if a guard refused.

    The caller holds locks on the session run and the run (engine.attempts.claim), which keeps the run's
    parallelism exact. Returns attempt (id), number and started_at.
    """
    return row(_START, values_of(start))


# `a` is the attempt that ends; empty when the lease is gone, and with it everything that follows. Attempt and phase are
# found by key: `finished_at IS NULL` and `lease_owner = …` would offer the small partial indexes of what is open, which
# are then read whole, with all that ended since the oldest snapshot.
_FINISH = """
WITH a AS (
    UPDATE drain_attempt SET outcome = %(outcome)s, finished_at = clock_timestamp(),
        exit_code = %(exit_code)s, signal = %(signal)s, error = %(error)s,
        fingerprint = %(fingerprint)s, fine = %(fine)s, failure_category = %(category)s,
        telemetry_count = %(telemetry)s, zero_yield_reason = %(zero_yield)s,
        reached_limit_boundary = %(boundary)s, bad_report_lines = %(bad_lines)s,
        command = %(command)s, tail = '', log_bytes = %(log_bytes)s,
        log_inline = %(log_inline)s, log_name = %(log_name)s
    WHERE id = %(attempt)s AND outcome IS NULL AND lease = %(lease)s::uuid
    RETURNING *, outcome AS o,
        extract(epoch FROM finished_at - started_at)::float8 AS seconds
), was AS (
    SELECT p.id, p.state, p.category FROM drain_phase p JOIN a ON p.id = a.phase_id
    WHERE p.lease_owner IS NOT DISTINCT FROM %(lease)s::uuid FOR NO KEY UPDATE OF p
), phase AS (
    UPDATE drain_phase p SET state = %(to)s::text, state_changed_at = now(), lease_owner = NULL,
        lease_expires_at = NULL,
        last_failure_reason = CASE WHEN %(files_failure)s::bool THEN a.error
                                   WHEN %(to)s::text = 'COMPLETE' THEN ''
                                   ELSE p.last_failure_reason END,
        last_fingerprint = CASE WHEN %(files_failure)s::bool THEN a.fingerprint
                                ELSE p.last_fingerprint END,
        failure_category = CASE WHEN %(files_failure)s::bool THEN a.failure_category
                                ELSE p.failure_category END
    FROM was, a WHERE p.id = was.id RETURNING p.id, p.run_id, p.attempts
), slot AS (
    UPDATE drain_run r SET open_attempts = greatest(r.open_attempts - 1, 0) FROM a
    WHERE r.id = a.run_id
), said AS (
    INSERT INTO drain_transition
        (subject, subject_pk, run_pk, session_pk, attempt_pk, from_state, to_state, verb, actor, reason)
    SELECT 'phase', was.id, a.run_id, a.session_id, a.id, was.state, %(to)s::text,
        %(verb)s::text, %(actor)s::text, %(said)s::text FROM was, a
), delta AS (
    INSERT INTO drain_attemptdelta
        (finished_at, run_pk, category, outcome, fingerprint, seconds, telemetry_events)
    SELECT a.finished_at, a.run_id, coalesce(was.category, ''), o,
        a.fingerprint, a.seconds, a.telemetry_count
    FROM a LEFT JOIN was ON true
), candidate AS (
    UPDATE drain_candidate c SET outcome = o, status = %(status)s,
        seen_attempts = coalesce((SELECT attempts FROM phase), c.seen_attempts),
        attempts = c.attempts - %(uncounted)s::int,
        reason = %(excluded)s::text, detail = %(detail)s::text,
        position = CASE WHEN %(to_tail)s::bool
            THEN 1000000000 + floor(extract(epoch FROM clock_timestamp() - s.created_at) * 100)::int
            ELSE c.position END,
        not_before = now() + make_interval(secs => %(delay)s::float8)
    FROM a, drain_drainsession s
    WHERE c.session_id = a.session_id AND c.phase_id = a.phase_id AND s.id = a.session_id
    RETURNING c.id, c.session_run_id, c.sample, c.position, c.not_before, c.status = 'waiting' AS again
), books AS (
    UPDATE drain_sessionrun r SET
        waiting = r.waiting + again::int,
        head_position = CASE WHEN NOT again THEN r.head_position
            WHEN r.waiting = 0 THEN candidate.position ELSE least(r.head_position, candidate.position) END,
        not_before = CASE WHEN NOT again THEN r.not_before
            WHEN r.waiting = 0 OR candidate.position < r.head_position THEN candidate.not_before
            ELSE r.not_before END,
        complete = r.complete + (o = 'complete')::int,
        failed = r.failed + (o IN ('failed', 'timeout'))::int,
        timeouts = r.timeouts + (o = 'timeout')::int,
        retryable = r.retryable + (o = 'retryable')::int,
        skipped = r.skipped + (o = 'skipped')::int,
        lost = r.lost + (o = 'lost')::int,
        cancelled = r.cancelled + (o = 'cancelled')::int,
        interrupted = r.interrupted + (o = 'interrupted')::int,
        diverted = r.diverted + (o = 'diverted')::int,
        telemetry_events = r.telemetry_events + a.telemetry_count,
        attempt_seconds = r.attempt_seconds + a.seconds
    FROM candidate, a WHERE r.id = candidate.session_run_id
    RETURNING r.id, r.run_id, r.tier, r.timeouts, r.stop
)
SELECT a.id AS attempt, a.seconds, a.finished_at, books.id AS session_run, books.run_id AS run,
    books.tier, books.timeouts, books.stop, candidate.sample, candidate.id AS candidate,
    (SELECT count(*) FROM phase) = 1 AS phase_moved
FROM a LEFT JOIN candidate ON true LEFT JOIN books ON true
"""


@dataclass(frozen=True, slots=True)
class Finish:
    """How an attempt ended and what follows for its phase and its candidate."""

    attempt: int
    lease: UUID
    outcome: str
    to: str
    """State of the phase afterwards."""
    actor: str
    verb: str = "finish"
    said: str = ""
    """Reason on the transition."""
    files_failure: bool = False
    """Whether error, fingerprint and category become the phase's own."""
    exit_code: int | None = None
    signal: int | None = None
    error: str = ""
    fingerprint: str = ""
    fine: str = ""
    category: str = ""
    telemetry: int = 0
    zero_yield: str = ""
    boundary: bool = False
    bad_lines: int = 0
    command: Any = "[]"
    log_bytes: int = 0
    log_inline: bytes | None = None
    log_name: str = ""
    status: str = "done"
    """Of the candidate: done, waiting (offered again) or excluded."""
    excluded: str = ""
    detail: str = ""
    uncounted: int = 0
    """1 if the attempt does not count against the phase's limit."""
    to_tail: bool = False
    delay: float = 0.0
    """Seconds until the candidate may be offered again."""


def finish_attempt(finish: Finish) -> Row | None:
    """End an open attempt and move its phase on; None if the lease is gone, and then nothing changed.

    Returns the books after the change: attempt, seconds, finished_at, session_run, run, tier, timeouts,
    stop, sample, candidate, phase_moved.
    """
    return row(_FINISH, values_of(finish))
