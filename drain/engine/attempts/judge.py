"""What an ended attempt means for its run and its session: asks the policy, writes its answers.

Order of locks, everywhere: session row (only when a rule of the whole session is on), session run,
run, phase. The finish holds the session run's row, so the counts per run are exact under any
parallelism; counts per fingerprint are exact by their own rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from drain.db.prepared import Row, rows
from drain.engine.attempts.context import OUT_OF_REACH, LoopContext
from drain.models import DrainSession, SessionRun
from drain.models.transitions.phases import Why
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import RunTier, SessionState
from drain.policy.reasons import RunStop, SampleVerdict
from drain.policy.states import Outcome
from drain.policy.stops import Judgement, StopCard, judge_attempt, judge_sample, sample_gate_open
from drain.policy.tallies import Ended, RunTally, SessionTally

_VERDICTS = (RunTier.PROMISING, RunTier.DEPRIORITISED)
_COUNT = """
INSERT INTO drain_sessionfingerprint AS f (session_id, run_pk, key, count)
VALUES (%(session)s::bigint, 0, %(key)s::text, 1), (%(session)s::bigint, %(run)s::bigint, %(key)s::text, 1)
ON CONFLICT (session_id, run_pk, key) DO UPDATE SET count = f.count + 1
RETURNING run_pk, count
"""
_STOP_RUN = """
WITH stopped AS (
    UPDATE drain_sessionrun SET stop = %(stop)s::text, stop_detail = %(detail)s::text, waiting = 0
    WHERE id = %(session_run)s::bigint AND stop = '' RETURNING id
)
UPDATE drain_candidate c SET status = 'excluded', reason = %(stop)s::text, detail = %(detail)s::text
FROM stopped WHERE c.session_run_id = stopped.id AND c.status = 'waiting'
"""
# A failure that came too often: nothing tells which waiting phases would meet it but the cause they are known
# by. Where what was tried of that cause met it and nothing of it completed, the rest is left alone.
_STOP_CAUSE = """
UPDATE drain_candidate c SET status = 'excluded', reason = 'fingerprint_stopped', detail = %(detail)s::text
FROM drain_candidate met WHERE met.id = %(candidate)s::bigint
  AND c.session_id = met.session_id AND c.status = 'waiting' AND c.fingerprint = met.fingerprint
  AND NOT EXISTS (SELECT FROM drain_candidate done WHERE done.session_id = met.session_id
        AND done.status = 'done' AND done.outcome = 'complete' AND done.fingerprint = met.fingerprint)
RETURNING c.session_run_id
"""
_RECOUNT = """
UPDATE drain_sessionrun r SET waiting = coalesce(rest.waiting, 0),
    head_position = coalesce(rest.position, r.head_position), not_before = coalesce(rest.not_before, r.not_before)
FROM drain_sessionrun same LEFT JOIN LATERAL (
    SELECT count(*) OVER () AS waiting, c.position, c.not_before FROM drain_candidate c
    WHERE c.session_run_id = same.id AND c.status = 'waiting' ORDER BY c.position LIMIT 1
) rest ON true
WHERE same.id = ANY(%(session_runs)s::bigint[]) AND r.id = same.id
"""


@dataclass(frozen=True, slots=True)
class SessionBooks:
    """The session's own tally, locked for the rest of the transaction."""

    tally: SessionTally
    selected: int


def lock_session(context: LoopContext) -> SessionBooks | None:
    """Lock the session row if one of its limits looks at all attempts; None if none does."""
    limits = context.limits
    watched = (
        *(limits.max_consecutive_zero_yield, limits.max_failure_rate, limits.sample),
        limits.max_session_fingerprint_repeats,
    )
    if all(limit is None for limit in watched):
        return None
    found = (
        DrainSession.objects.select_for_update(no_key=True)
        .values("zero_yield_streak", "recent_outcomes", "sample_ended", "sample_passed", "selected")
        .get(pk=context.session)
    )
    tally = SessionTally(
        zero_yields=found["zero_yield_streak"],
        recent=found["recent_outcomes"],
        sample_ended=found["sample_ended"],
        sample_passed=found["sample_passed"],
    )
    return SessionBooks(tally, found["selected"])


def sample_gate(context: LoopContext) -> int:
    """The last position that may start now."""
    if context.limits.sample is None:
        return OUT_OF_REACH
    books = lock_session(context)
    if books is None or sample_gate_open(context.limits, books.tally, books.selected):
        return OUT_OF_REACH
    return context.limits.sample


def sample_dropped(context: LoopContext) -> None:
    """A phase of the sample left the plan without an attempt: it cannot pass any more."""
    books = lock_session(context)
    if books is None:
        return
    after = books.tally.sample_dropped()
    _write_tally(context.session, after)
    card = judge_sample(context.limits, after, books.selected)
    if card is not None:
        stop_session(context.session, card, attempt=None)


def judge_finish(
    context: LoopContext, ended: Ended, finished: Row, books: SessionBooks | None
) -> None:
    """Write what follows from an attempt that was just finished in this transaction."""
    if books is None and ended.outcome is Outcome.COMPLETE and finished["tier"] in _VERDICTS:
        # What completes after its run's sample changes no verdict and trips no rule of its run.
        return
    run_tally, session_tally = _tallies_before(context, ended, finished, books)
    judgement = judge_attempt(
        context.limits,
        run_tally,
        session_tally,
        ended,
        run_has_verdict=finished["tier"] in _VERDICTS,
        plan_size=books.selected if books else 0,
    )
    _write_run(finished, judgement)
    if judgement.fingerprint_stop is not None and not context.scope.force:
        stop_cause(finished["candidate"], judgement.fingerprint_stop)
    if books is not None:
        _write_tally(context.session, judgement.session)
        if judgement.session_stop is not None:
            stop_session(context.session, judgement.session_stop, attempt=finished["attempt"])


def _tallies_before(
    context: LoopContext, ended: Ended, finished: Row, books: SessionBooks | None
) -> tuple[RunTally, SessionTally]:
    """The tallies as they were before this attempt; of the failures only the one it can raise."""
    session = books.tally if books else SessionTally()
    timed_out = ended.outcome == "timeout"
    run = RunTally(timeouts=(finished["timeouts"] or 0) - timed_out)
    if not ended.repeats:
        return run, session
    found = rows(_COUNT, {"session": context.session, "run": finished["run"], "key": ended.repeats})
    counts = {item["run_pk"]: item["count"] - 1 for item in found}
    return (
        replace(run, repeats={ended.repeats: counts[finished["run"]]}),
        replace(session, repeats={ended.repeats: counts[0]}),
    )


def _write_run(finished: Row, judgement: Judgement) -> None:
    if judgement.run_stop is not None and not finished["stop"]:
        rows(
            _STOP_RUN,
            {
                "session_run": finished["session_run"],
                "stop": RunStop(judgement.run_stop.rule).exclusion.value,
                "detail": judgement.run_stop.sentence,
            },
        )
    if judgement.verdict is not None:
        promising = judgement.verdict is SampleVerdict.PROMISING
        SessionRun.objects.filter(pk=finished["session_run"]).update(
            tier=RunTier.PROMISING if promising else RunTier.DEPRIORITISED,
            verdict_detail=judgement.verdict.value,
        )
    elif finished["tier"] == RunTier.SAMPLING:
        # The attempt said nothing: the run's next phase is its sample.
        SessionRun.objects.filter(pk=finished["session_run"]).update(tier=RunTier.UNSAMPLED)


def stop_cause(candidate: int, card: StopCard) -> None:
    """Leave alone what waits of the cause that this candidate is known by: it met a failure too often."""
    values = {"candidate": candidate, "detail": f"fingerprint {card.key}"}
    left = rows(_STOP_CAUSE, values)
    if left:
        rows(_RECOUNT, {"session_runs": sorted({each["session_run_id"] for each in left})})


def _write_tally(session: int, tally: SessionTally) -> None:
    DrainSession.objects.filter(pk=session).update(
        zero_yield_streak=tally.zero_yields,
        recent_outcomes=tally.recent,
        sample_ended=tally.sample_ended,
        sample_passed=tally.sample_passed,
    )


def stop_session(session: int, card: StopCard, *, attempt: int | None) -> bool:
    """A rule tripped: nothing starts any more, what runs may end. False if it was ending already."""
    changes: dict[str, Any] = {
        "stop_reason": card.rule.value,
        "stop_card": card.to_json(),
        "stop_attempt_id": attempt,
    }
    return move_session(
        session,
        expect=[SessionState.RUNNING, SessionState.PAUSED],
        to=SessionState.STOPPING,
        why=Why("stop", "engine", card.sentence, session=session, attempt=attempt),
        **changes,
    )


def judgement_key(level: str, key: str, coarse: str, fine: str) -> str:
    """The key at the session's level, which the repeat limits count."""
    return {"key": key, "coarse": coarse, "fine": fine}[level]
