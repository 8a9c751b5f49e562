"""End attempts: from how their children ended to the books, a set at a time, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.utils import timezone

from drain.db.prepared import Row
from drain.engine.attempts.books import SessionBooks, lock_phases, lock_runs, refresh_runs
from drain.engine.attempts.context import SessionContext
from drain.engine.attempts.identify import AttemptFingerprint, identify
from drain.engine.attempts.judge import CountedFailure, Finished, judge, judgement_key
from drain.engine.attempts.pace import count_ends
from drain.engine.attempts.pulse import enter_states
from drain.engine.attempts.started import AttemptResult, EndedAttempt, StartedAttempt
from drain.engine.source.telling import Untold, tell_later
from drain.fingerprints import Fingerprint
from drain.models import TelemetryEvent
from drain.models.fingerprints.reported import note_given_way
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from drain.models.transitions.attempts import Finish, finish_attempts
from drain.models.transitions.late import keep_late, replace_lost
from drain.models.vocabulary import PhaseState
from drain.policy.reasons import ExclusionReason
from drain.policy.states import FAILURES, UNCOUNTED, Outcome
from drain.policy.stopping.limits import KeyLevel, Limits
from drain.policy.stopping.retry import back_off, offered_again
from drain.policy.stopping.tallies import Ended

ERROR_LIMIT = 8000
_ENDED_STATES = {Outcome.COMPLETE: PhaseState.COMPLETE, Outcome.SKIPPED: PhaseState.SKIPPED}


def finish(
    ends: Sequence[EndedAttempt],
    books: Mapping[int, SessionBooks],
    contexts: Mapping[int, SessionContext],
    worker: str,
) -> set[int]:
    """Write ended attempts in this order and what follows from them.

    Those whose lease is gone stay as they are. One that counts as lost by now gets its outcome if nothing has
    happened to its phase since, else it says how it had ended. Call in a transaction that has locked their
    sessions (`books`). Returns the attempts that were written.
    """
    if not ends:
        return set()
    lock_runs(each.started.run for each in ends)
    lock_phases(each.started.phase for each in ends)
    for each in ends:
        enter_states(each.started, each.result.states, worker)
    causes = identify(ends)
    entries = [
        _entry(each, cause, _session_of(each, books), contexts)
        for each, cause in zip(ends, causes, strict=True)
    ]
    found = {row["attempt"]: row for row in finish_attempts(entries, actor=worker)}
    replaced = _late([entry for entry in entries if entry.attempt not in found], worker)
    written = found.keys() | replaced
    kept = [pair for pair in zip(ends, causes, strict=True) if pair[0].started.attempt in written]
    _record_causes(kept)
    _keep_telemetry([each for each, _ in kept])
    tell_later(
        Untold(each.started.phase, each.started.was, entry.error)
        for each, entry in zip(ends, entries, strict=True)
        if entry.attempt in written and (entry.files_failure or entry.to != each.started.was)
    )
    refresh_runs({row["session_run"]: 0 for row in found.values() if row["again"]})
    in_time = [pair for pair in kept if pair[0].started.attempt in found]
    judge(_counted(in_time, found, books, contexts), dict(books), dict(contexts))
    count_ends([each for each, _ in in_time])
    return written


def _late(entries: Sequence[Finish], worker: str) -> set[int]:
    """Ends that come too late replace a loss, or are noted on it; returns the attempts that have them now."""
    if not entries:
        return set()
    replaced = replace_lost(entries, actor=worker)
    refresh_runs({row["session_run"]: 0 for row in replaced if row["session_run"] is not None})
    done = {row["attempt"] for row in replaced}
    keep_late([entry for entry in entries if entry.attempt not in done])
    return done


def _session_of(each: EndedAttempt, books: Mapping[int, SessionBooks]) -> SessionBooks | None:
    session = each.started.session
    return None if session is None else books.get(session)


def _entry(
    each: EndedAttempt,
    cause: AttemptFingerprint | None,
    books: SessionBooks | None,
    contexts: Mapping[int, SessionContext],
) -> Finish:
    started, result, decision = each.started, each.result, each.result.decision
    outcome = decision.outcome
    entry = Finish(
        attempt=started.attempt,
        lease=started.lease,
        outcome=outcome.value,
        to=(result.state or _ENDED_STATES.get(outcome, PhaseState.FAILED)).value,
        number=books.next_number() if books else None,
        said=_why(result),
        files_failure=outcome in FAILURES
        or (outcome is Outcome.RETRYABLE and not result.never_ran),
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
        made = cause.print
        entry = replace(entry, fingerprint=made.key, fine=made.fine, category=str(made.category))
    limits = contexts[books.session].limits if books else None
    return _with_place(entry, each, limits)


def _why(result: AttemptResult) -> str:
    """The sentence in the history of the phase: why the attempt ended so, and what its source adds."""
    reason, more = result.decision.reason, result.detail
    return (f"{reason[:300]}; {more}" if more not in ("", reason) else reason)[:500]


def _with_place(entry: Finish, each: EndedAttempt, limits: Limits | None) -> Finish:
    """Return the finish with the candidate's next place: done, offered again, or out of the plan."""
    outcome, started = each.result.decision.outcome, each.started
    if outcome is Outcome.INTERRUPTED:
        return replace(entry, status="waiting", uncounted=1)
    if outcome is Outcome.DIVERTED:
        why = (each.result.excluded or ExclusionReason.WAITS_FOR_QUEUED).value
        detail = each.result.detail
        return replace(entry, status="excluded", excluded=why, detail=detail, uncounted=1)
    entry = replace(entry, detail=each.result.detail)
    if outcome in UNCOUNTED:
        return replace(entry, uncounted=1)
    if limits is None or not offered_again(limits, outcome, started.tries):
        return entry
    delay = back_off(started.tries)
    return replace(entry, status="waiting", to_tail=not started.sequential, delay=delay)


def _counted(
    ends: Sequence[tuple[EndedAttempt, AttemptFingerprint | None]],
    found: Mapping[int, Row],
    books: Mapping[int, SessionBooks],
    contexts: Mapping[int, SessionContext],
) -> list[Finished]:
    """Count the ends in their sessions; returns those that their runs and sessions are judged by."""
    finished = []
    for each, cause in ends:
        session = _session_of(each, books)
        if session is None:
            continue
        session.count(-1)
        if found[each.started.attempt]["session_run"] is not None:
            finished.append(_finished(each, cause, contexts[session.session], found))
    return finished


def _finished(
    each: EndedAttempt,
    cause: AttemptFingerprint | None,
    context: SessionContext,
    found: Mapping[int, Row],
) -> Finished:
    started, decision = each.started, each.result.decision
    failure = None if cause is None else _failure(cause.print, context.limits.key_level)
    ended = Ended(
        outcome=decision.outcome,
        repeat_key=failure.key if failure else "",
        telemetry=decision.telemetry_count,
        position=started.position,
        attempt=started.tries,
        run_id=started.run_id,
        phase_id=started.phase_id,
    )
    return Finished(
        attempt=started.attempt,
        session=context.session,
        session_run=found[started.attempt]["session_run"],
        row=found[started.attempt],
        cause=started.cause,
        ended=ended,
        failure=failure if ended.repeats else None,
    )


def _failure(made: Fingerprint, level: KeyLevel) -> CountedFailure:
    """Return the failure at a level; one that looks at no place takes none for another."""
    key = judgement_key(level.value, made.key, made.coarse, made.fine)
    return CountedFailure(key, "" if level is KeyLevel.COARSE else made.headline, made.place_known)


def _record_causes(kept: Sequence[tuple[EndedAttempt, AttemptFingerprint | None]]) -> None:
    now = timezone.now()
    seen: dict[str, SeenFingerprint] = {}
    for each, cause in kept:
        if cause is not None:
            key, text = cause.print.key, each.result.decision.fingerprint_input
            first = min(each.started.started_at, seen[key].first if key in seen else now)
            seen[key] = SeenFingerprint(cause.print, text, first, now, cause.executor, cause.parts)
    record_fingerprints(seen.values())
    note_given_way(
        {cause.print.key: cause.gave_way for _, cause in kept if cause and cause.gave_way}
    )


def _keep_telemetry(ends: Sequence[EndedAttempt]) -> None:
    events = [_owned(event, each.started) for each in ends for event in each.result.telemetry]
    if events:
        TelemetryEvent.objects.bulk_create(events, ignore_conflicts=True, batch_size=1000)


def _owned(event: TelemetryEvent, started: StartedAttempt) -> TelemetryEvent:
    event.phase_id, event.attempt_id = started.phase, started.attempt
    return event
