"""End attempts: from how a child ended to the books, in one transaction."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from django.utils import timezone

from drain.engine.attempts.context import LoopContext
from drain.engine.attempts.judge import judge_finish, judgement_key, lock_session
from drain.engine.attempts.start import Held
from drain.engine.process.outcome import Decision
from drain.fingerprints import Fingerprint, fingerprint
from drain.models import TelemetryEvent
from drain.models.fingerprint_rows import Seen, record_fingerprints
from drain.models.transitions.attempts import Finish, finish_attempt
from drain.models.vocabulary import PhaseState
from drain.policy.reasons import ExclusionReason
from drain.policy.retry import back_off, offered_again
from drain.policy.states import FAILURES, UNCOUNTED, Outcome
from drain.policy.tallies import Ended as Tallied

ERROR_LIMIT = 8000
_ENDED_STATES = {Outcome.COMPLETE: PhaseState.COMPLETE, Outcome.SKIPPED: PhaseState.SKIPPED}


@dataclass(frozen=True, slots=True)
class Result:
    """Everything known about an attempt whose child is gone."""

    decision: Decision
    exit_code: int | None = None
    signal: int | None = None
    argv: tuple[str, ...] = ()
    log_bytes: int = 0
    log_inline: bytes | None = None
    log_name: str = ""
    bad_lines: int = 0
    telemetry: tuple[TelemetryEvent, ...] = ()
    """Rows to keep, without phase and attempt."""
    detail: str = ""
    """Why it is out of the plan, for an attempt that was diverted."""
    state: PhaseState | None = None
    """Of the phase in its source, which has the last word; None leaves it to the outcome."""
    excluded: ExclusionReason | None = None
    """The reason on its candidate, for an attempt that was diverted."""


def finish(context: LoopContext, held: Held, result: Result) -> bool:
    """Write one ended attempt; False if its lease was gone, and then nothing was written.

    Call inside a transaction.
    """
    now = timezone.now()
    cause = _cause(result.decision)
    books = lock_session(context)
    finished = finish_attempt(_entry(context, held, result, cause))
    if finished is None:
        return False
    if cause is not None:
        text = result.decision.fingerprint_input
        record_fingerprints([Seen(cause, text, held.started_at, now)])
    _keep_telemetry(held, result)
    if finished["session_run"] is not None:
        judge_finish(context, _tallied(context, held, result.decision, cause), finished, books)
    return True


def _cause(decision: Decision) -> Fingerprint | None:
    return fingerprint(decision.fingerprint_input) if decision.fingerprint_input else None


def _entry(context: LoopContext, held: Held, result: Result, cause: Fingerprint | None) -> Finish:
    decision = result.decision
    outcome = decision.outcome
    entry = Finish(
        attempt=held.attempt,
        lease=held.lease,
        outcome=outcome.value,
        to=(result.state or _ENDED_STATES.get(outcome, PhaseState.FAILED)).value,
        actor=context.worker,
        said=decision.reason[:500],
        files_failure=outcome in FAILURES or outcome is Outcome.RETRYABLE,
        exit_code=result.exit_code,
        signal=result.signal,
        error=decision.reason[:ERROR_LIMIT],
        telemetry=decision.telemetry_count,
        zero_yield=decision.zero_yield_reason,
        boundary=decision.reached_limit_boundary,
        bad_lines=result.bad_lines,
        command=json.dumps(result.argv),
        log_bytes=result.log_bytes,
        log_inline=result.log_inline,
        log_name=result.log_name,
    )
    if cause is not None:
        entry = replace(entry, fingerprint=cause.key, fine=cause.fine, category=str(cause.category))
    return _with_place(context, held, entry, outcome, result)


def _with_place(
    context: LoopContext, held: Held, entry: Finish, outcome: Outcome, result: Result
) -> Finish:
    """What follows for the candidate: done, offered again, or out of the plan."""
    if outcome is Outcome.INTERRUPTED:
        return replace(entry, status="waiting", uncounted=1)
    if outcome is Outcome.DIVERTED:
        why = (result.excluded or ExclusionReason.WAITS_FOR_QUEUED).value
        return replace(entry, status="excluded", excluded=why, detail=result.detail, uncounted=1)
    if outcome in UNCOUNTED:
        return replace(entry, uncounted=1)
    if not offered_again(context.limits, outcome, held.tries):
        return entry
    return replace(entry, status="waiting", to_tail=not held.sequential, delay=back_off(held.tries))


def _tallied(
    context: LoopContext, held: Held, decision: Decision, cause: Fingerprint | None
) -> Tallied:
    key = ""
    if cause is not None:
        key = judgement_key(context.limits.key_level.value, cause.key, cause.coarse, cause.fine)
    return Tallied(
        outcome=decision.outcome,
        repeat_key=key,
        telemetry=decision.telemetry_count,
        position=held.position,
        attempt=held.tries,
        run_id=held.run_id,
        phase_id=held.phase_id,
    )


def _keep_telemetry(held: Held, result: Result) -> None:
    if not result.telemetry:
        return
    for event in result.telemetry:
        event.phase_id, event.attempt_id = held.phase, held.attempt
    TelemetryEvent.objects.bulk_create(result.telemetry, ignore_conflicts=True, batch_size=1000)
