"""Tallies: the memory of a session between attempts, by which it stops exactly where it must.

Tallies are values: counting an attempt gives a new one. The engine keeps them in the locked row of
the session (`SessionTally`) and of the run in it (`RunTally`) and counts in the finish, so that
parallel loops see one order. Nothing from before the session is ever in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Self, TypeVar

from drain.policy.pace import Ramp
from drain.policy.states import FAILURES, UNCOUNTED, Outcome
from drain.policy.stopping.limits import Limits


@dataclass(frozen=True, slots=True)
class Ended:
    """One attempt that ended."""

    outcome: Outcome
    repeat_key: str = ""
    """Its failure at the session's key level; empty if it has none."""
    kin: tuple[str, ...] = ()
    """Keys of other failures that may be this one: the same headline, and not of both is the place known."""
    telemetry: int = 0
    """Events it brought."""
    position: int = 0
    """Of its phase in the plan, from 1; 0 outside a plan."""
    attempt: int = 1
    """Number within the session, from 1, counting only attempts that count."""
    run_id: str = ""
    phase_id: str = ""
    started_at: datetime | None = None
    """Given where the past is replayed; None when a drain counts, so no rule may stop by it."""
    finished_at: datetime | None = None
    """As `started_at`."""

    def seen(self, repeats: Mapping[str, int]) -> int:
        """Return the times that `repeats` counts its failure, or its like;
        0 when the repeat limits skip this end.
        """
        return sum(repeats.get(key, 0) for key in (self.repeats, *self.kin)) if self.repeats else 0

    @property
    def counts(self) -> bool:
        """True if it says anything about the phase."""
        return self.outcome not in UNCOUNTED

    @property
    def repeats(self) -> str:
        """The key that the repeat limits count; empty when they do not count this end.

        A timeout has a limit of its own, so one event never counts against two limits.
        """
        return self.repeat_key if self.outcome in (Outcome.FAILED, Outcome.LOST) else ""


@dataclass(frozen=True, slots=True)
class RunTally:
    """Failures and timeouts of one run in one session."""

    repeats: Mapping[str, int] = field(default_factory=dict)
    timeouts: int = 0

    def after(self, ended: Ended) -> Self:
        """The tally with one more attempt in it."""
        return replace(
            self,
            repeats=_one_more(self.repeats, ended.repeats),
            timeouts=self.timeouts + (ended.outcome is Outcome.TIMEOUT),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by field name."""
        return {"repeats": dict(self.repeats), "timeouts": self.timeouts}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the tally that `to_json` wrote; an empty object is an empty tally."""
        return cls(**stored)


@dataclass(frozen=True, slots=True)
class SessionTally:
    """The tally of a whole session."""

    repeats: Mapping[str, int] = field(default_factory=dict)
    """Failures by key over all runs: for the session's limit and for sample verdicts."""
    zero_yields: int = 0
    """Attempts without telemetry since the last one with some, in finish order."""
    recent: str = ""
    """Latest outcomes for the failure rate, oldest first: `f` failed, `c` complete."""
    sample_ended: int = 0
    sample_passed: int = 0
    ramp: int = 1
    """The number that may run at once, while the session has a ramp."""
    ramp_ended: int = 0
    ramp_failed: int = 0

    def after(self, limits: Limits, ended: Ended) -> Self:
        """The tally with one more attempt in it."""
        if not ended.counts:
            return self._sample_after(limits, ended)
        return replace(
            self._sample_after(limits, ended),
            **_ramped(self, limits, ended),
            repeats=_one_more(self.repeats, ended.repeats),
            zero_yields=0 if ended.telemetry > 0 else self.zero_yields + 1,
            recent=(self.recent + _mark(ended.outcome))[-limits.breaker_window :],
        )

    def sample_dropped(self) -> Self:
        """The tally when a phase of the sample could not be started at all: it cannot pass."""
        return replace(self, sample_ended=self.sample_ended + 1)

    def _sample_after(self, limits: Limits, ended: Ended) -> Self:
        # A diverted phase ends its turn in the sample; an interrupted or cancelled one gets it
        # back when the session goes on. A retry is not a second turn.
        waits = ended.outcome in (Outcome.INTERRUPTED, Outcome.CANCELLED)
        if waits or ended.attempt > 1 or not in_sample(limits, ended.position):
            return self
        passed = self.sample_passed + (ended.outcome is Outcome.COMPLETE)
        return replace(self, sample_ended=self.sample_ended + 1, sample_passed=passed)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values by field name."""
        return {**asdict(self), "repeats": dict(self.repeats)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the tally that `to_json` wrote; an empty object is an empty tally."""
        return cls(**stored)


T = TypeVar("T", RunTally, SessionTally)


def with_repeats(tally: T, repeats: Mapping[str, int]) -> T:
    """The tally with these counts of failures; itself where it has them, as with most that end well."""
    return tally if tally.repeats == repeats else replace(tally, repeats=repeats)


def in_sample(limits: Limits, position: int) -> bool:
    """Return whether the phase at this position belongs to the sample of the session."""
    return limits.sample is not None and 1 <= position <= limits.sample


def _ramped(tally: SessionTally, limits: Limits, ended: Ended) -> dict[str, int]:
    # What was skipped or asks to be run again says nothing about how well it goes.
    if limits.ramp is None or not _mark(ended.outcome):
        return {}
    step = Ramp(tally.ramp, tally.ramp_ended, tally.ramp_failed)
    step = step.after(ended.outcome in FAILURES, limits.ramp, limits.parallel)
    return {"ramp": step.size, "ramp_ended": step.ended, "ramp_failed": step.failed}


def _one_more(counts: Mapping[str, int], key: str) -> Mapping[str, int]:
    return {**counts, key: counts.get(key, 0) + 1} if key else counts


def _mark(outcome: Outcome) -> str:
    if outcome in FAILURES:
        return "f"
    return "c" if outcome is Outcome.COMPLETE else ""
