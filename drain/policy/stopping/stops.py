"""The rules that end a run's turn, a fingerprint's turn or a whole session.

All of them stop when the observed value *reaches* the limit. They are asked in the finish, under
the lock that orders attempts, so what starts afterwards sees what tripped.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from drain.policy.reasons import ExclusionReason, RunStop, SampleVerdict, StopReason
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.tallies import Ended, RunTally, SessionTally
from drain.policy.stopping.verdict import sample_verdict
from drain.policy.words import counted

StopRule = StopReason | RunStop | ExclusionReason


@dataclass(frozen=True, slots=True)
class StopCard:
    """A tripped rule, in numbers and in one sentence."""

    rule: StopRule
    limit: float | str
    observed: float | str
    sentence: str
    key: str = ""
    """The failure that repeated, if one did."""

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by field name."""
        return {**asdict(self), "rule": self.rule.value}


@dataclass(frozen=True, slots=True)
class Judgement:
    """New tallies after one attempt, and everything that it trips."""

    run: RunTally
    session: SessionTally
    verdict: SampleVerdict | None
    """Set only if the attempt was its run's sample and says something."""
    run_stop: StopCard | None
    fingerprint_stop: StopCard | None
    session_stop: StopCard | None


def judge_attempt(
    limits: Limits,
    run: RunTally,
    session: SessionTally,
    ended: Ended,
    *,
    run_has_verdict: bool,
    plan_size: int,
) -> Judgement:
    """Count one ended attempt and say what follows; `plan_size` is the number selected."""
    new_run, new_session = run.after(ended), session.after(limits, ended)
    return Judgement(
        run=new_run,
        session=new_session,
        verdict=None if run_has_verdict else sample_verdict(ended, session),
        run_stop=judge_run(limits, new_run, ended),
        fingerprint_stop=judge_fingerprint(limits, new_session, ended),
        session_stop=judge_session(limits, new_session, ended, plan_size),
    )


def judge_run(limits: Limits, after: RunTally, ended: Ended) -> StopCard | None:
    """Return the card if the run gets no more starts, by the tally after the attempt."""
    if after.timeouts >= limits.max_timeouts_per_run:
        most = limits.max_timeouts_per_run
        words = f"{_named(ended)} had {counted(after.timeouts, 'timeout')}; the limit is {most}."
        return StopCard(RunStop.TIMEOUTS, most, after.timeouts, words)
    seen, most = ended.seen(after.repeats), limits.max_fingerprint_repeats
    if seen < most:
        return None
    words = f"{_named(ended)} failed the same way {counted(seen, 'time')}; the limit is {most}."
    return StopCard(RunStop.FINGERPRINT_REPEATS, most, seen, words, ended.repeats)


def judge_fingerprint(limits: Limits, after: SessionTally, ended: Ended) -> StopCard | None:
    """Return the card if phases with this failure get no more starts in the session."""
    most = limits.max_session_fingerprint_repeats
    seen = ended.seen(after.repeats)
    if most is None or seen < most:
        return None
    words = f"The drain met the same failure {counted(seen, 'time')}; the limit is {most}."
    return StopCard(ExclusionReason.FINGERPRINT_STOPPED, most, seen, words, ended.repeats)


def judge_session(
    limits: Limits, after: SessionTally, ended: Ended, plan_size: int
) -> StopCard | None:
    """Return the card if the session starts nothing more, by the tally after the attempt."""
    sample = judge_sample(limits, after, plan_size)
    if sample is not None or not ended.counts:
        return sample
    return _zero_yield(limits, after) or _failure_rate(limits, after)


def judge_sample(limits: Limits, after: SessionTally, plan_size: int) -> StopCard | None:
    """Return the card if the sample has ended with too few passes; ask after `sample_dropped` as well."""
    if limits.sample is None or after.sample_ended < min(limits.sample, plan_size):
        return None
    most, passed = limits.passes_needed, after.sample_passed
    if passed >= most:
        return None
    words = f"{passed} of the {counted(after.sample_ended, 'phase')} of the sample passed; {most} were needed."
    return StopCard(StopReason.SAMPLE_FAILED, most, passed, words)


def sample_gate_open(limits: Limits, tally: SessionTally, plan_size: int) -> bool:
    """Return whether phases after the sample may start."""
    if limits.sample is None or plan_size <= limits.sample:
        return True
    return tally.sample_ended >= limits.sample and tally.sample_passed >= limits.passes_needed


def judge_time(
    limits: Limits, started_at: datetime, now: datetime, paused: timedelta = timedelta()
) -> StopCard | None:
    """Return the card if time is up; asked before every start. Paused time is not counted as minutes."""
    if limits.until is not None and now >= limits.until:
        words = f"It was to stop at {limits.until.isoformat()}."
        return StopCard(StopReason.UNTIL, limits.until.isoformat(), now.isoformat(), words)
    most, used = limits.max_total_minutes, minutes_used(started_at, now, paused)
    if most is None or used < most:
        return None
    words = f"The drain has run for {used:.1f} minutes; the limit is {most:g}."
    return StopCard(StopReason.MAX_TOTAL_MINUTES, most, round(used, 2), words)


def minutes_used(started_at: datetime, now: datetime, paused: timedelta = timedelta()) -> float:
    """Minutes since the start without pauses, never negative."""
    return max(0.0, (now - started_at - paused).total_seconds() / 60)


def failure_rate(tally: SessionTally) -> float:
    """Share of the recent outcomes that failed; 0 when there are none."""
    return tally.recent.count("f") / len(tally.recent) if tally.recent else 0.0


def _zero_yield(limits: Limits, after: SessionTally) -> StopCard | None:
    most, seen = limits.max_consecutive_zero_yield, after.zero_yields
    if most is None or seen < most:
        return None
    words = f"{counted(seen, 'attempt')} in a row brought no telemetry; the limit is {most}."
    return StopCard(StopReason.MAX_CONSECUTIVE_ZERO_YIELD, most, seen, words)


def _failure_rate(limits: Limits, after: SessionTally) -> StopCard | None:
    most, window = limits.max_failure_rate, limits.breaker_window
    if most is None or len(after.recent) < window or failure_rate(after) < most:
        return None
    failed = after.recent.count("f")
    words = f"{failed} of the last {counted(window, 'attempt')} failed; the limit is {most:.0%}."
    return StopCard(StopReason.FAILURE_RATE, most, failed / window, words)


def _named(ended: Ended) -> str:
    return f"Run {ended.run_id}" if ended.run_id else "The run"
