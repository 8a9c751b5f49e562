"""What phases did when they were tried again: one trial a phase before a fix, and one after it. Pure.

A phase had failed by what its last counted attempt failed by, or by what the plan of a drain knew of it.
Before the fix its first retry after failing so counts, after the fix its first attempt that started since.
What was lost, cancelled, interrupted, diverted or put off says nothing and is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from drain.evidence.comparison.sides import JUDGED

PAST = timedelta(days=30)
"""Retries before a fix count as far back."""


class Trial(NamedTuple):
    """One phase that had failed by a cause, tried again: once before a fix, once after it."""

    run: int
    failed_so: bool
    """By the same cause, or by one that may be it."""
    failed: bool
    """By whatever cause."""
    session: int | None = None
    """The drain that tried it."""
    at: datetime = datetime.min.replace(tzinfo=UTC)
    """When it started."""
    had_at: datetime | None = None
    """When the phase had failed so before; None where a plan alone knows that it had."""
    events: int = 0
    """Of telemetry."""
    seconds: float = 0.0
    """It took."""
    place: str = ""
    """Where it was tried: the source and the executor of its run."""


class Tried(NamedTuple):
    """An ended attempt, as far as a fix is judged by it."""

    phase: int
    run: int
    session: int | None
    started_at: datetime
    finished_at: datetime
    outcome: str
    key: str
    """What it failed by; "" where it did not fail."""
    planned: str
    """What the plan of its drain knew that the phase had failed by; "" without one."""
    events: int = 0
    """Of telemetry."""
    place: str = ""
    """Where it was tried: the source and the executor of its run."""


@dataclass(frozen=True, slots=True)
class Window:
    """The attempts that speak of a fix, by their start."""

    applied_at: datetime
    until: datetime | None = None
    """When the next fix of one of its causes went in."""

    @property
    def since(self) -> datetime:
        """The first moment of its past."""
        return self.applied_at - PAST


@dataclass(slots=True)
class Trials:
    """By cause, each side in the order in which attempts ended; "" are the causes that the fix does not touch."""

    before: dict[str, list[Trial]] = field(default_factory=dict)
    after: dict[str, list[Trial]] = field(default_factory=dict)


Touches = Callable[[str], str]
"""The cause of the fix that a key is or may be; "" for one that it does not touch."""
Same = Callable[[str, str], bool]
"""Whether the first key is, or may be, what a phase had failed by."""


def trials_of(attempts: Iterable[Tried], touches: Touches, same: Same, window: Window) -> Trials:
    """Read the trials from attempts, which come in the order of phase and start."""
    before: list[tuple[datetime, str, Trial]] = []
    after: list[tuple[datetime, str, Trial]] = []
    for _, tries in groupby(attempts, key=attrgetter("phase")):
        seen: set[str] = set()
        tried_since = False
        for had, had_at, tried in _retries(tries):
            cause = touches(had)
            failed = tried.outcome != "complete"
            so = same(tried.key, had)
            seconds = (tried.finished_at - tried.started_at).total_seconds()
            trial = Trial(
                tried.run,
                so,
                failed,
                tried.session,
                tried.started_at,
                had_at,
                tried.events,
                seconds,
                tried.place,
            )
            entry = tried.finished_at, cause, trial
            if tried.started_at <= window.applied_at:
                if tried.started_at >= window.since and cause not in seen:
                    before.append(entry)
                    seen.add(cause)
            elif not tried_since and (window.until is None or tried.started_at <= window.until):
                after.append(entry)
            tried_since = tried.started_at > window.applied_at
    return Trials(_by_cause(before), _by_cause(after))


def _retries(tries: Iterable[Tried]) -> Iterable[tuple[str, datetime | None, Tried]]:
    """Counted attempts of one phase with what it had failed by before each, and when, where that is known."""
    had, had_at, last = "", None, None
    for tried in tries:
        if tried.planned and not _known_by(last, tried):
            had_at = had_at if tried.planned == had else None
            had = tried.planned
        last = tried
        if tried.outcome in JUDGED:
            if had:
                yield had, had_at, tried
            had, had_at = tried.key, tried.started_at


def _known_by(last: Tried | None, tried: Tried) -> bool:
    """Whether the plan knows no more than the attempt before: it is of the same drain, or what that ended by is the plan's word."""
    return last is not None and (last.session == tried.session or last.key == tried.planned)


def _by_cause(entries: list[tuple[datetime, str, Trial]]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for _, cause, trial in sorted(entries, key=lambda entry: entry[0]):
        found.setdefault(cause, []).append(trial)
    return found
