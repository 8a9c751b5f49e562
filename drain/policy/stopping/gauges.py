"""Every limit beside what was observed so far, for a page that shows how near a stop is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drain.policy.stopping.limits import Limits
from drain.policy.stopping.stops import failure_rate, minutes_used
from drain.policy.stopping.tallies import RunTally, SessionTally

NEAR = 0.66
"""From this share of a limit on a gauge says that the stop is near."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One limit and where it stands; `limit` None means that it is off."""

    rule: str
    label: str
    observed: float
    limit: float | None
    evidence: str
    counts: bool = True
    """False while the limit cannot trip yet, whatever is observed."""

    @property
    def tripped(self) -> bool:
        """The limit is reached."""
        return self.counts and self.limit is not None and self.observed >= self.limit

    @property
    def near(self) -> bool:
        """True if it is not reached, but not far; or reached as soon as it counts."""
        if self.limit is None or self.tripped:
            return False
        return self.observed >= NEAR * self.limit


def gauges(
    limits: Limits,
    session: SessionTally,
    runs: Iterable[tuple[str, RunTally]],
    processed: int,
    started_at: datetime,
    now: datetime,
    paused: timedelta = timedelta(),
) -> list[Gauge]:
    """One gauge a limit, in the order of the command line; `runs` pairs run ids with tallies."""
    tallies = list(runs)
    used = minutes_used(started_at, now, paused)
    return [
        Gauge("batch_size", "Phases", processed, limits.batch_size, "ended in this drain"),
        Gauge(
            "max_total_minutes",
            "Minutes",
            used,
            limits.max_total_minutes,
            "since the start, pauses left out",
        ),
        _timeouts(limits, tallies),
        _run_repeats(limits, tallies),
        _session_repeats(limits, session),
        _zero_yields(limits, session),
        _failures(limits, session),
        *_until(limits, started_at, now),
        *_sample(limits, session),
    ]


def pace_gauges(limits: Limits, session: SessionTally, starts: int) -> list[Gauge]:
    """Gauges of a session that runs: `starts` within the last minute, and how far its ramp is."""
    found = []
    if limits.starts_per_minute is not None:
        rule, most = "starts_per_minute", limits.starts_per_minute
        found.append(Gauge(rule, "Starts in a minute", starts, most, "in the last 60 s", False))
    if limits.ramp is not None:
        evidence = (
            f"at once; {session.ramp_ended} of {session.ramp} ended, {session.ramp_failed} failed"
        )
        most = limits.parallel
        found.append(Gauge("ramp", "Ramp", min(session.ramp, most), most, evidence, False))
    return found


def _timeouts(limits: Limits, runs: list[tuple[str, RunTally]]) -> Gauge:
    worst = max(((tally.timeouts, run_id) for run_id, tally in runs), default=(0, ""))
    evidence = f"most in run {worst[1]}" if worst[0] else "none yet"
    most = limits.max_timeouts_per_run
    return Gauge("max_timeouts_per_run", "Timeouts in one run", worst[0], most, evidence)


def _run_repeats(limits: Limits, runs: list[tuple[str, RunTally]]) -> Gauge:
    found = ((n, key, run_id) for run_id, tally in runs for key, n in tally.repeats.items())
    worst = max(found, default=(0, "", ""))
    evidence = f"{worst[1]} in run {worst[2]}" if worst[0] else "none yet"
    most = limits.max_fingerprint_repeats
    return Gauge("max_fingerprint_repeats", "Same failure in one run", worst[0], most, evidence)


def _session_repeats(limits: Limits, session: SessionTally) -> Gauge:
    worst = max(((n, key) for key, n in session.repeats.items()), default=(0, ""))
    most = limits.max_session_fingerprint_repeats
    rule, label = "max_session_fingerprint_repeats", "Same failure in the drain"
    return Gauge(rule, label, worst[0], most, worst[1] or "none yet")


def _zero_yields(limits: Limits, session: SessionTally) -> Gauge:
    rule, most = "max_consecutive_zero_yield", limits.max_consecutive_zero_yield
    return Gauge(rule, "In a row without telemetry", session.zero_yields, most, "in finish order")


def _failures(limits: Limits, session: SessionTally) -> Gauge:
    seen, window = len(session.recent), limits.breaker_window
    failed = session.recent.count("f")
    evidence = f"{failed} failed of the last {seen}; counts from {window} on"
    observed, limit = failure_rate(session), limits.max_failure_rate
    return Gauge("max_failure_rate", "Failure rate", observed, limit, evidence, seen >= window)


def _until(limits: Limits, started_at: datetime, now: datetime) -> list[Gauge]:
    if limits.until is None:
        return []
    minute = timedelta(minutes=1)
    whole, used = (limits.until - started_at) / minute, (now - started_at) / minute
    return [Gauge("until", "Minutes to the set time", used, whole, limits.until.isoformat())]


def _sample(limits: Limits, session: SessionTally) -> list[Gauge]:
    if limits.sample is None:
        return []
    evidence = f"{session.sample_passed} passed, {limits.passes_needed} needed"
    return [Gauge("sample", "Sample", session.sample_ended, limits.sample, evidence)]
