"""Which candidate is next, and whether it may still start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from drain.db.prepared import rows
from drain.models.vocabulary import SessionState
from drain.policy.reasons import ExclusionReason
from drain.policy.states import WORKING

# Runs are looked through in the order of tier and of their first waiting candidate, which is the plan's order
# with the verdicts so far. Both rows are locked or passed over: a pick never waits for another loop.
# A sequential run has one open attempt, across all sessions, whatever its parallelism says.
_FREE = """CASE WHEN r."order" = 'sequential' THEN 1 ELSE r.max_parallel END - r.open_attempts"""
_PICK = f"""
WITH slot AS (
    SELECT sr.id AS session_run, sr.run_id, sr.tier, {_FREE} AS free, r.run_id AS run_name, r.executor_id, r.source_id,
        r."order" = 'sequential' AS sequential
    FROM drain_sessionrun sr JOIN drain_run r ON r.id = sr.run_id
    WHERE sr.session_id = %(session)s::bigint AND sr.waiting > 0 AND sr.stop = ''
      AND sr.not_before <= clock_timestamp() AND {_FREE} > 0
      AND sr.head_position <= %(gate)s::int
      AND (%(run)s::bigint IS NULL OR sr.run_id = %(run)s::bigint)
      AND coalesce(r.executor_id, %(default_executor)s::bigint) = ANY(%(executors)s::bigint[])
      AND (%(force)s::bool OR NOT EXISTS (SELECT FROM drain_hold h WHERE h.released_at IS NULL
            AND (h.until IS NULL OR h.until > now())
            AND (h.kind = 'run' AND h.value = r.run_id
                 OR h.kind = 'prefix' AND starts_with(r.run_id, h.value))))
    ORDER BY sr.tier, sr.head_position LIMIT 1
    FOR NO KEY UPDATE OF sr, r SKIP LOCKED
), candidate AS (
    SELECT c.id, c.phase_id, c.seen_attempts, c.attempts, c.sample, c.position
    FROM slot JOIN LATERAL (
        SELECT * FROM drain_candidate
        WHERE session_run_id = slot.session_run AND status = 'waiting'
        ORDER BY position LIMIT least(%(count)s::int, slot.free)
    ) c ON true
)
SELECT s.state AS session_state, slot.*, candidate.id AS candidate, candidate.seen_attempts,
    candidate.attempts AS used_attempts, candidate.sample, candidate.position,
    p.id AS phase, p.phase_id AS phase_name, p.phase_index, p.params, p.state, p.attempts,
    p.lease_owner IS NOT NULL AS leased, moved.verb AS moved_verb, moved.actor AS moved_by,
    p.last_fingerprint AS fingerprint, p.failure_category AS category,
    need.state AS need_state, need.phase_id AS need_name, need.in_session AS need_in_session,
    ahead.phase_id AS queued_ahead, stopped.key AS stopped_key
FROM drain_drainsession s
LEFT JOIN slot ON true
LEFT JOIN candidate ON true
LEFT JOIN drain_phase p ON p.id = candidate.phase_id
LEFT JOIN LATERAL (
    SELECT t.verb, t.actor, t.to_state FROM drain_transition t
    WHERE t.subject = 'phase' AND t.subject_pk = p.id ORDER BY t.id DESC LIMIT 1
) moved ON p.state <> 'FAILED' AND moved.to_state = p.state
LEFT JOIN LATERAL (
    SELECT q.state, q.phase_id, EXISTS (
        SELECT FROM drain_candidate x WHERE x.session_id = s.id AND x.phase_id = q.id
            AND x.status IN ('waiting', 'running')) AS in_session
    FROM drain_dependency d JOIN drain_phase q ON q.id = d.prerequisite_id
    WHERE d.phase_id = p.id AND q.state NOT IN ('COMPLETE', 'SKIPPED')
      AND NOT (%(ignore_queued)s::bool AND q.state = 'QUEUED')
    ORDER BY in_session LIMIT 1
) need ON NOT %(force)s::bool
LEFT JOIN LATERAL (
    SELECT q.phase_id FROM drain_phase q JOIN drain_source o ON o.id = slot.source_id
    WHERE q.run_id = slot.run_id AND q.state = 'QUEUED' AND q.place < p.place
      AND o.kind = 'autopack' AND NOT %(ignore_queued)s::bool
    ORDER BY q.place LIMIT 1
) ahead ON NOT %(force)s::bool
LEFT JOIN drain_sessionfingerprint stopped ON NOT %(force)s::bool AND stopped.session_id = s.id AND stopped.run_pk = 0
    AND stopped.count >= %(session_repeats)s::int AND p.last_fingerprint <> ''
    AND stopped.key = CASE %(key_level)s::text WHEN 'key' THEN p.last_fingerprint
        WHEN 'coarse' THEN (SELECT f.coarse FROM drain_fingerprint f WHERE f.key = p.last_fingerprint)
        ELSE (SELECT a.fine FROM drain_attempt a WHERE a.phase_id = p.id
              AND a.fingerprint = p.last_fingerprint ORDER BY a.number DESC LIMIT 1) END
WHERE s.id = %(session)s::bigint
ORDER BY candidate.position
"""  # noqa: S608 - constants only

_LEAVE = """
WITH left_out AS (
    UPDATE drain_candidate c SET status = %(status)s::text, reason = %(reason)s::text,
        detail = %(detail)s::text, not_before = clock_timestamp() + make_interval(secs => %(delay)s::float8),
        position = CASE WHEN %(status)s::text = 'waiting'
            THEN 1000000000 + floor(extract(epoch FROM clock_timestamp() - s.created_at) * 100)::int
            ELSE c.position END
    FROM drain_drainsession s WHERE c.id = %(candidate)s::bigint AND s.id = c.session_id
    RETURNING c.id, c.session_run_id, c.position, c.not_before
)
UPDATE drain_sessionrun r SET waiting = r.waiting - (%(status)s::text <> 'waiting')::int,
    head_position = coalesce(head.position, left_out.position),
    not_before = coalesce(head.not_before, left_out.not_before)
FROM left_out LEFT JOIN LATERAL (
    SELECT c.position, c.not_before FROM drain_candidate c
    WHERE c.session_run_id = left_out.session_run_id AND c.status = 'waiting' AND c.id <> left_out.id
    ORDER BY c.position LIMIT 1
) head ON true
WHERE r.id = left_out.session_run_id
"""

DEPENDENCY_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class PickRules:
    """What a loop's picks have in common."""

    session: int
    default_executor: int | None
    executors: tuple[int, ...]
    """Profiles that this host can run."""
    ignore_queued: bool
    force: bool
    allow_queued: bool
    session_repeats: int
    """From how many failures on a fingerprint is stopped; a number out of reach when the rule is off."""
    key_level: str
    """What counts as the same failure: a value of `KeyLevel`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a candidate does not start now: excluded, or put back for a moment (`reason` empty)."""

    reason: str
    detail: str


def pick(
    rules: PickRules, gate: int, run: int | None = None, count: int = 1
) -> list[dict[str, Any]]:
    """Lock the run that is next and return the facts of its first candidates; empty if there is none now.

    No run whose next candidate stands behind position `gate` is offered: that is how a sample goes first.
    `run` narrows the pick to one run: the rest of a chunk stays with the run it began with. `count` is the
    most that is returned; a run with fewer free slots gives fewer.
    """
    found = rows(
        _PICK,
        {
            "session": rules.session,
            "gate": gate,
            "run": run,
            "count": count,
            "default_executor": rules.default_executor,
            "executors": list(rules.executors),
            "ignore_queued": rules.ignore_queued,
            "force": rules.force,
            "session_repeats": rules.session_repeats,
            "key_level": rules.key_level,
        },
    )
    return [
        facts
        for facts in found
        if facts["candidate"] is not None and facts["session_state"] == SessionState.RUNNING
    ]


def refusal(facts: dict[str, Any], rules: PickRules) -> Refusal | None:
    """What changed since the plan so that the picked candidate must not start; None if it may."""
    return _state_refusal(facts, rules) or _wait_refusal(facts)


def _state_refusal(facts: dict[str, Any], rules: PickRules) -> Refusal | None:
    state = facts["state"]
    if facts["leased"]:
        return Refusal(ExclusionReason.LEASED, f"is {state} by now, started by somebody else")
    # Autopack's own retry leaves a phase QUEUED; what our attempt left so is still ours to offer again.
    ours = facts["used_attempts"] > 0 and facts["moved_verb"] == "finish"
    if state != "FAILED" and not (state == "QUEUED" and (rules.allow_queued or ours)):
        by = f" ({facts['moved_verb']}, {facts['moved_by']})" if facts["moved_by"] else ""
        return Refusal(ExclusionReason.NO_LONGER_FAILED, f"is {state} by now{by}")
    if facts["attempts"] != facts["seen_attempts"]:
        return Refusal(
            ExclusionReason.LEASED, "was tried by another session since this plan was made"
        )
    if facts["stopped_key"]:
        return Refusal(ExclusionReason.FINGERPRINT_STOPPED, f"fingerprint {facts['stopped_key']}")
    return None


def _wait_refusal(facts: dict[str, Any]) -> Refusal | None:
    if facts["queued_ahead"]:
        return Refusal(
            ExclusionReason.WAITS_FOR_QUEUED,
            f"Autopack would run the queued {facts['queued_ahead']} first",
        )
    if facts["need_state"] is None:
        return None
    name, state = facts["need_name"], facts["need_state"]
    if facts["need_in_session"]:
        return Refusal("", f"waits for {name}, which this session still drains")
    if state == "QUEUED" or state in WORKING:
        return Refusal(ExclusionReason.WAITS_FOR_QUEUED, f"waits for {name} ({state})")
    return Refusal(ExclusionReason.WAITS_FOR_DEPENDENCY, f"waits for {name} ({state})")


def leave(candidate: int, refused: Refusal) -> None:
    """Take a picked candidate out of the plan for its reason, or put it back behind the others."""
    rows(
        _LEAVE,
        {
            "candidate": candidate,
            "status": "excluded" if refused.reason else "waiting",
            "reason": refused.reason,
            "detail": refused.detail,
            "delay": DEPENDENCY_RETRY_SECONDS,
        },
    )
