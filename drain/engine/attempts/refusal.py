"""Refusals of candidates that must not start after all, by changes since the plan, and their consequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from drain.db.prepared import rows
from drain.engine.attempts.books import SessionBooks, refresh_runs
from drain.engine.attempts.context import SessionContext
from drain.engine.attempts.judge import drop_sample
from drain.models.transitions.attempts import BEHIND_ALL
from drain.policy.reasons import ExclusionReason
from drain.policy.selection.exclusion import lifetime_used
from drain.policy.states import WORKING

DEPENDENCY_RETRY_SECONDS = 1.0
_LEAVE = f"""
UPDATE drain_candidate c SET status = CASE WHEN g.reason = '' THEN 'waiting' ELSE 'excluded' END,
    reason = g.reason, detail = g.detail,
    not_before = clock_timestamp() + make_interval(secs => %(delay)s::float8),
    position = CASE WHEN g.reason = ''
        THEN {BEHIND_ALL}
        ELSE c.position END
FROM unnest(%(candidate)s::bigint[], %(reason)s::text[], %(detail)s::text[]) AS g (candidate, reason, detail),
    drain_drainsession s
WHERE c.id = g.candidate AND s.id = c.session_id
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reason why a candidate does not start now: excluded, or put back for a moment (`reason` empty)."""

    reason: str
    detail: str


def refusal(facts: dict[str, Any], context: SessionContext) -> Refusal | None:
    """Return what changed since the plan so that the candidate must not start; None if it may."""
    return _state_refusal(facts, context) or _wait_refusal(facts)


def _state_refusal(facts: dict[str, Any], context: SessionContext) -> Refusal | None:
    state = facts["state"]
    if facts["leased"]:
        return Refusal(ExclusionReason.LEASED, f"is {state} by now, started by somebody else")
    # Autopack's own retry leaves a phase QUEUED; what our attempt left so is still ours to offer again.
    ours = facts["used_attempts"] > 0 and facts["moved_verb"] == "finish"
    if state != "FAILED" and not (state == "QUEUED" and (context.allow_queued or ours)):
        by = f" ({facts['moved_verb']}, {facts['moved_by']})" if facts["moved_by"] else ""
        return Refusal(ExclusionReason.NO_LONGER_FAILED, f"is {state} by now{by}")
    if facts["attempts"] != facts["seen_attempts"]:
        return Refusal(
            ExclusionReason.LEASED, "was tried by another drain since this plan was made"
        )
    used = lifetime_used(context.limits, facts["attempts"], facts["source_attempts"])
    if used and not context.scope.force:
        return Refusal(ExclusionReason.LIFETIME_EXHAUSTED, used)
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
        return Refusal("", f"waits for {name}, which this drain still has to run")
    if state == "QUEUED" or state in WORKING:
        return Refusal(ExclusionReason.WAITS_FOR_QUEUED, f"waits for {name} ({state})")
    return Refusal(ExclusionReason.WAITS_FOR_DEPENDENCY, f"waits for {name} ({state})")


def leave(
    books: SessionBooks,
    context: SessionContext,
    refused: Sequence[tuple[dict[str, Any], Refusal]],
) -> None:
    """Take candidates out of the plan for their reasons, or put them back behind the others."""
    if not refused:
        return
    values = {
        "candidate": [facts["candidate"] for facts, _ in refused],
        "reason": [str(why.reason) for _, why in refused],
        "detail": [why.detail for _, why in refused],
    }
    rows(_LEAVE, {**values, "delay": DEPENDENCY_RETRY_SECONDS})
    gone: Counter[int] = Counter()
    for facts, why in refused:
        gone[facts["session_run"]] += bool(why.reason)
    refresh_runs(dict(gone))
    drop_sample(books, context, (facts["position"] for facts, why in refused if why.reason))
