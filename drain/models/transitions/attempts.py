"""Start and finish of attempts: one statement for a set of them, each attempt guarded by its lease."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from drain.db.prepared import Row, records_of, rows

# The place of what is put back behind all that wait, in the order in which it was: hundredths of a second
# since the drain `s` was made. After four months all of it has the last place that a claim looks at.
BEHIND_ALL = "1000000000 + least(floor(extract(epoch FROM clock_timestamp() - s.created_at) * 100), 999999999)::int"
# Phase, slot of its run, attempt, transition, candidate and the books of its run in the session move together
# or not at all: every later part reads from `phase`, which lacks what a guard refuses. A run's sample has
# started with its first.
_START = """
WITH g AS (
    SELECT * FROM json_to_recordset(%(records)s::json) AS g (
        phase bigint, expect text, seen int, session bigint, session_run bigint, candidate bigint,
        lease uuid, timeout float8, remote text)
), phase AS (
    UPDATE drain_phase p SET state = 'EXECUTING', state_changed_at = clock_timestamp(), attempts = p.attempts + 1,
        lease_owner = g.lease
    FROM g WHERE p.id = g.phase AND p.state = g.expect AND p.attempts = g.seen
    RETURNING p.id, p.run_id, p.attempts, g.*
), slot AS (
    UPDATE drain_run r SET open_attempts = r.open_attempts + n.n
    FROM (SELECT run_id, count(*) AS n FROM phase GROUP BY run_id) n WHERE r.id = n.run_id
), attempt AS (
    INSERT INTO drain_attempt (phase_id, run_id, session_id, number, worker, lease, loop, remote, timeout_seconds,
        started_at, command, error, fingerprint, fine, failure_category, telemetry_count, zero_yield_reason,
        reached_limit_boundary, bad_report_lines, reported_state, progress_message, tail, log_bytes, log_name)
    SELECT phase.id, phase.run_id, phase.session,
        coalesce((SELECT max(number) FROM drain_attempt WHERE phase_id = phase.id), 0) + 1,
        %(worker)s::text, phase.lease, %(loop)s::uuid, phase.remote::jsonb, phase.timeout, clock_timestamp(), '[]'::jsonb,
        '', '', '', '', 0, '', false, 0, '', '', '', 0, ''
    FROM phase RETURNING id, phase_id, number, started_at
), said AS (
    INSERT INTO drain_transition
        (subject, subject_pk, run_pk, session_pk, attempt_pk, from_state, to_state, verb, actor, reason)
    SELECT 'phase', phase.id, phase.run_id, phase.session, attempt.id, phase.expect, 'EXECUTING', 'start',
        %(worker)s::text, ''
    FROM phase JOIN attempt ON attempt.phase_id = phase.id
), candidate AS (
    UPDATE drain_candidate c SET status = 'running', attempts = c.attempts + 1, seen_attempts = phase.attempts
    FROM phase WHERE c.id = phase.candidate
), books AS (
    UPDATE drain_sessionrun r SET waiting = greatest(r.waiting - n.n, 0),
        tier = CASE WHEN r.tier = '0' THEN '2' ELSE r.tier END,
        head_position = coalesce(head.position, r.head_position), not_before = coalesce(head.not_before, r.not_before)
    FROM (SELECT session_run, count(*)::int AS n, array_agg(candidate) AS begun FROM phase GROUP BY session_run) n
    LEFT JOIN LATERAL (
        SELECT c.position, c.not_before FROM drain_candidate c
        WHERE c.session_run_id = n.session_run AND c.status = 'waiting' AND c.id <> ALL (n.begun)
        ORDER BY c.position LIMIT 1
    ) head ON true
    WHERE r.id = n.session_run
)
SELECT id AS attempt, phase_id AS phase, number, started_at FROM attempt
"""


@dataclass(frozen=True, slots=True)
class Start:
    """The start of an attempt; `seen` is the phase's attempt count that the decision was made on."""

    phase: int
    expect: str
    seen: int
    session: int | None
    session_run: int | None
    candidate: int | None
    lease: UUID
    timeout: float
    remote: str | None = None
    """JSON of where it runs, if that is no host of ours."""


def start_attempts(starts: Sequence[Start], *, worker: str, loop: UUID) -> list[Row]:
    """FAILED (or QUEUED) → EXECUTING with a new open attempt each; what a guard refuses is not in the answer.

    The caller holds the locks of session, run and phase (engine.attempts.claim), which keeps the run's
    parallelism exact. Returns attempt (id), phase, number and started_at.
    """
    if not starts:
        return []
    return rows(_START, {"records": records_of(starts), "worker": worker, "loop": loop})


# `a` are the attempts that end; those whose lease is gone are not among them, and with them everything that
# follows. Attempts and phases are found by key: `finished_at IS NULL` and `lease_owner = …` would offer the
# small partial indexes of what is open, which are then read whole, with all that ended since the oldest
# snapshot.
_FINISH = f"""
WITH g AS (
    SELECT * FROM json_to_recordset(%(records)s::json) AS g (
        attempt bigint, lease uuid, outcome text, "to" text, said text, files_failure bool,
        exit_code int, signal int, error text, fingerprint text, fine text, category text,
        telemetry int, zero_yield text, boundary bool, bad_lines int, command text, log_bytes bigint,
        log_inline bytea, log_name text, status text, excluded text, detail text, uncounted int,
        to_tail bool, delay float8, number int)
), a AS (
    UPDATE drain_attempt t SET outcome = g.outcome, finished_at = statement_timestamp(),
        exit_code = g.exit_code, signal = g.signal, error = g.error, fingerprint = g.fingerprint, fine = g.fine,
        failure_category = g.category, telemetry_count = g.telemetry, zero_yield_reason = g.zero_yield,
        reached_limit_boundary = g.boundary, bad_report_lines = g.bad_lines, command = g.command::jsonb,
        tail = '', log_bytes = g.log_bytes, log_inline = g.log_inline, log_name = g.log_name,
        finish_number = g.number
    FROM g WHERE t.id = g.attempt AND t.outcome IS NULL AND t.lease = g.lease
    RETURNING g.*, t.phase_id, t.run_id, t.session_id, t.finished_at,
        extract(epoch FROM t.finished_at - t.started_at)::float8 AS seconds
), was AS (
    SELECT p.id, p.state, p.category, a.attempt FROM a JOIN drain_phase p ON p.id = a.phase_id
    WHERE p.lease_owner = a.lease FOR NO KEY UPDATE OF p
), phase AS (
    UPDATE drain_phase p SET state = a."to", state_changed_at = statement_timestamp(), lease_owner = NULL,
        last_failure_reason = CASE WHEN a.files_failure THEN a.error WHEN a."to" = 'COMPLETE' THEN ''
                                   ELSE p.last_failure_reason END,
        last_fingerprint = CASE WHEN a.files_failure THEN a.fingerprint ELSE p.last_fingerprint END,
        failure_category = CASE WHEN a.files_failure THEN a.category ELSE p.failure_category END
    FROM was JOIN a ON a.attempt = was.attempt WHERE p.id = was.id RETURNING p.id, p.attempts
), slot AS (
    UPDATE drain_run r SET open_attempts = greatest(r.open_attempts - n.n, 0)
    FROM (SELECT run_id, count(*)::int AS n FROM a GROUP BY run_id) n WHERE r.id = n.run_id
), said AS (
    INSERT INTO drain_transition
        (subject, subject_pk, run_pk, session_pk, attempt_pk, from_state, to_state, verb, actor, reason)
    SELECT 'phase', was.id, a.run_id, a.session_id, a.attempt, was.state, a."to", 'finish', %(actor)s::text, a.said
    FROM was JOIN a ON a.attempt = was.attempt
), delta AS (
    INSERT INTO drain_attemptdelta
        (finished_at, run_pk, category, outcome, fingerprint, seconds, telemetry_events)
    SELECT a.finished_at, a.run_id, coalesce(was.category, ''), a.outcome, a.fingerprint, a.seconds, a.telemetry
    FROM a LEFT JOIN was ON was.attempt = a.attempt
), candidate AS (
    UPDATE drain_candidate c SET outcome = a.outcome, status = a.status,
        seen_attempts = coalesce((SELECT attempts FROM phase WHERE phase.id = a.phase_id), c.seen_attempts),
        attempts = c.attempts - a.uncounted, reason = a.excluded, detail = a.detail,
        position = CASE WHEN a.to_tail THEN {BEHIND_ALL} ELSE c.position END,
        not_before = statement_timestamp() + make_interval(secs => a.delay)
    FROM a JOIN drain_drainsession s ON s.id = a.session_id
    WHERE c.session_id = a.session_id AND c.phase_id = a.phase_id
    RETURNING c.id, c.session_run_id, c.status = 'waiting' AS again, a.*
), books AS (
    UPDATE drain_sessionrun r SET waiting = r.waiting + n.again, complete = r.complete + n.complete,
        failed = r.failed + n.failed, timeouts = r.timeouts + n.timeouts, retryable = r.retryable + n.retryable,
        skipped = r.skipped + n.skipped, lost = r.lost + n.lost, cancelled = r.cancelled + n.cancelled,
        interrupted = r.interrupted + n.interrupted, diverted = r.diverted + n.diverted,
        telemetry_events = r.telemetry_events + n.telemetry, attempt_seconds = r.attempt_seconds + n.seconds
    FROM (
        SELECT session_run_id, count(*) FILTER (WHERE again) AS again,
            count(*) FILTER (WHERE outcome = 'complete') AS complete,
            count(*) FILTER (WHERE outcome IN ('failed', 'timeout')) AS failed,
            count(*) FILTER (WHERE outcome = 'timeout') AS timeouts,
            count(*) FILTER (WHERE outcome = 'retryable') AS retryable,
            count(*) FILTER (WHERE outcome = 'skipped') AS skipped,
            count(*) FILTER (WHERE outcome = 'lost') AS lost,
            count(*) FILTER (WHERE outcome = 'cancelled') AS cancelled,
            count(*) FILTER (WHERE outcome = 'interrupted') AS interrupted,
            count(*) FILTER (WHERE outcome = 'diverted') AS diverted,
            sum(telemetry) AS telemetry, sum(seconds) AS seconds
        FROM candidate GROUP BY session_run_id
    ) n WHERE r.id = n.session_run_id
    RETURNING r.id, r.run_id, r.tier, r.timeouts, r.stop
)
SELECT a.attempt, a.finished_at, candidate.id AS candidate, books.id AS session_run, candidate.again,
    books.run_id AS run, books.tier, books.timeouts, books.stop
FROM a LEFT JOIN candidate ON candidate.attempt = a.attempt LEFT JOIN books ON books.id = candidate.session_run_id
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of an attempt and its consequences for its phase and its candidate."""

    attempt: int
    lease: UUID
    outcome: str
    to: str
    """State of the phase afterwards."""
    number: int | None = None
    """Its place in the order in which attempts of its session ended."""
    said: str = ""
    """Reason on the transition."""
    files_failure: bool = False
    """True if error, fingerprint and category become the phase's own."""
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
    command: str = "[]"
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


def finish_attempts(ends: Sequence[Finish], *, actor: str) -> list[Row]:
    """End open attempts and move their phases on; those whose lease is gone stay as they are.

    Returns, of each that ended: attempt, finished_at, candidate, again, and of its run in the session after
    all of them: session_run, run, tier, timeouts, stop.
    """
    return rows(_FINISH, {"records": records_of(ends), "actor": actor}) if ends else []
