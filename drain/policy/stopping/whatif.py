"""Replay a past drain under other limits: what would not have run, and what that saves or loses.

Honest about its reach: attempts keep the times and outcomes they had, a freed worker does not start
sooner, and phases that the session never tried stay unknown.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from drain.policy.reasons import SampleVerdict
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.stops import (
    StopCard,
    judge_attempt,
    judge_fingerprint,
    judge_time,
    sample_gate_open,
)
from drain.policy.stopping.tallies import Ended, RunTally, SessionTally, in_sample


@dataclass(frozen=True, slots=True)
class Past:
    """One attempt of the session, as it was; `ended` needs both times, run, phase and position."""

    run: int
    phase: int
    ended: Ended
    started_at: datetime
    finished_at: datetime
    number: int = 0
    """Its place in the order in which attempts of the session ended; 0 if that was not written."""
    cause: str = ""
    """The cause of its phase when the plan was made:
    the source, the executor and the fingerprint as one text.
    """
    known: Ended | None = None
    """The failure that its phase had before the session, as one of its ends; None means unknown."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The difference that the other limits make; times in minutes of attempts or of the clock."""

    kept: int
    skipped: int
    completes_lost: int
    telemetry_lost: int
    attempt_minutes_saved: float
    clock_minutes_saved: float
    timeouts_added: int
    """Attempts that a shorter phase timeout would have cut; their minutes are counted as saved."""
    stop: StopCard | None
    run_stops: list[tuple[int, StopCard]]
    never_tried: int
    """Planned phases without an attempt: what more generous limits do to them is unknown."""


@dataclass(slots=True)
class _Replay:
    limits: Limits
    plan_size: int
    started_at: datetime
    session: SessionTally = field(default_factory=SessionTally)
    runs: dict[int, RunTally] = field(default_factory=dict)
    verdicts: dict[int, SampleVerdict] = field(default_factory=dict)
    run_stops: dict[int, StopCard] = field(default_factory=dict)
    stopped_causes: set[str] = field(default_factory=set)
    cured_causes: set[str] = field(default_factory=set)
    attempts: dict[int, int] = field(default_factory=dict)
    last: dict[int, Ended] = field(default_factory=dict)
    """Phase → how it last ended in the replay."""
    stop: StopCard | None = None

    def may_start(self, past: Past) -> bool:
        """Return whether the rules so far let this attempt start at its time."""
        self.stop = self.stop or judge_time(self.limits, self.started_at, past.started_at)
        if self.stop is not None or past.run in self.run_stops:
            return False
        gated = not in_sample(self.limits, past.ended.position)
        if gated and not sample_gate_open(self.limits, self.session, self.plan_size):
            return False
        return self._phase_may_start(past)

    def _phase_may_start(self, past: Past) -> bool:
        phase, used = past.phase, self.attempts.get(past.phase, 0)
        if not used and past.cause in self.stopped_causes:
            return False
        if used >= self.limits.max_attempts_per_phase or self._failure_stopped(past):
            return False
        if not used and len(self.attempts) >= self.limits.batch_size:
            return False
        self.attempts[phase] = used + 1
        return True

    def _failure_stopped(self, past: Past) -> bool:
        """Return whether the phase's last failure, or its like, has come too often in the session."""
        last = self.last.get(past.phase, past.known)
        return last is not None and bool(judge_fingerprint(self.limits, self.session, last))

    def finish(self, past: Past) -> None:
        """Count the end of an attempt that was kept."""
        found = judge_attempt(
            self.limits,
            self.runs.get(past.run, RunTally()),
            self.session,
            past.ended,
            run_has_verdict=past.run in self.verdicts,
            plan_size=self.plan_size,
        )
        self.runs[past.run], self.session = found.run, found.session
        self.last[past.phase] = past.ended
        if found.verdict is not None:
            self.verdicts[past.run] = found.verdict
        if found.run_stop is not None:
            self.run_stops.setdefault(past.run, found.run_stop)
        if past.ended.outcome is Outcome.COMPLETE:
            self.cured_causes.add(past.cause)
        if found.fingerprint_stop is not None and past.cause not in self.cured_causes:
            self.stopped_causes.add(past.cause)
        self.stop = self.stop or found.session_stop


def what_if(attempts: Iterable[Past], limits: Limits, planned: int, started_at: datetime) -> WhatIf:
    """Replay `attempts` under `limits`; `planned` is the number of phases the session selected."""
    past = sorted(attempts, key=_start)
    replay = _Replay(limits, min(planned, limits.batch_size), started_at)
    running: list[tuple[datetime, int, int, Past]] = []
    kept: list[tuple[Past, Past]] = []
    skipped: list[Past] = []
    for number, original in enumerate(past):
        while running and running[0][0] <= original.started_at:
            replay.finish(heapq.heappop(running)[3])
        if not replay.may_start(original):
            skipped.append(original)
            continue
        changed = _under(limits, original)
        kept.append((original, changed))
        heapq.heappush(running, (changed.finished_at, changed.number, number, changed))
    while running:
        replay.finish(heapq.heappop(running)[3])
    return _difference(replay, kept, skipped, planned - len({item.phase for item in past}))


def _difference(
    replay: _Replay, kept: list[tuple[Past, Past]], skipped: list[Past], never_tried: int
) -> WhatIf:
    cut = [(old, new) for old, new in kept if new is not old]
    lost = skipped + [old for old, _ in cut]
    before = [old.finished_at for old, _ in kept] + [old.finished_at for old in skipped]
    after = [new.finished_at for _, new in kept]
    saved = sum(map(_minutes, skipped)) + sum(_minutes(old) - _minutes(new) for old, new in cut)
    end = max(before, default=replay.started_at) - max(after, default=replay.started_at)
    return WhatIf(
        kept=len(kept),
        skipped=len(skipped),
        completes_lost=sum(old.ended.outcome is Outcome.COMPLETE for old in lost),
        telemetry_lost=sum(old.ended.telemetry for old in skipped),
        attempt_minutes_saved=saved,
        clock_minutes_saved=end / timedelta(minutes=1),
        timeouts_added=len(cut),
        stop=replay.stop,
        run_stops=list(replay.run_stops.items()),
        never_tried=max(0, never_tried),
    )


def _under(limits: Limits, past: Past) -> Past:
    """The attempt as a shorter phase timeout would have ended it; the same object if it would not."""
    longest = limits.phase_timeout_seconds
    took = past.finished_at - past.started_at
    if longest is None or took <= timedelta(seconds=longest) or not past.ended.counts:
        return past
    if past.ended.outcome is Outcome.TIMEOUT and took <= timedelta(seconds=longest + _GRACE):
        return past
    finished = past.started_at + timedelta(seconds=longest)
    return replace(
        past,
        finished_at=finished,
        ended=replace(past.ended, outcome=Outcome.TIMEOUT, repeat_key=""),
    )


_GRACE = 15
"""Seconds a timed-out child may take to end: such an attempt ran into the same limit already."""


def _start(past: Past) -> tuple[datetime, int]:
    return past.started_at, past.ended.position


def _minutes(past: Past) -> float:
    return (past.finished_at - past.started_at) / timedelta(minutes=1)
