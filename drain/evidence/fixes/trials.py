"""Trials: the attempts of phases that were tried again, one a phase before a fix, and one after it. Pure.

A phase had failed by what its last counted attempt failed by, or by what the plan of a drain knew of it.
Before the fix its first retry after failing so counts, after the fix its first attempt that started since.
What was lost, cancelled, interrupted, diverted or put off says nothing and is passed over, but for how many
phases came to no other end since the fix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from drain.evidence.comparison.sides import JUDGED
from drain.models.vocabulary import Outcome

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
    """The moment of its start."""
    had_at: datetime | None = None
    """The moment of the earlier failure; None where a plan alone knows of it."""
    events: int = 0
    """Of telemetry."""
    seconds: float = 0.0
    """It took."""
    place: str = ""
    """The place of the try: the source and the executor of its run."""
    category: str = ""
    """Of the phase."""
    given_up: bool = False
    """Its phase failed at last, was not tried since the fix, and was skipped or called complete."""


class Tried(NamedTuple):
    """An attempt, as far as a fix is judged by it; one that is still open has neither end nor outcome."""

    phase: int
    run: int
    session: int | None
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    key: str
    """The key of its failure; "" where it did not fail."""
    planned: str
    """The key of the phase's failure as the plan of its drain knew it; "" without one."""
    events: int = 0
    """Of telemetry."""
    place: str = ""
    """The place of the try: the source and the executor of its run."""
    category: str = ""
    """Of the phase."""
    given_up: bool = False
    """Somebody skipped the phase or called it complete, and not its source."""


class Earlier(NamedTuple):
    """The fix before this one that may have been what ended the same failures."""

    number: int
    at: datetime
    keys: frozenset[str] = frozenset()
    """Of its fingerprints; empty for one of a source as a whole."""
    source: int | None = None
    """The only source it was for; None for all."""


@dataclass(frozen=True, slots=True)
class FixWindow:
    """The attempts that speak of a fix, by their start."""

    applied_at: datetime
    until: datetime | None = None
    """The moment of the next fix of one of its fingerprints."""
    earlier: Earlier | None = None

    @property
    def since(self) -> datetime:
        """The first moment of its past."""
        return self.applied_at - PAST


@dataclass(slots=True)
class Trials:
    """By cause, each side in the order of its ends; "" are the causes that the fix does not touch."""

    before: dict[str, list[Trial]] = field(default_factory=dict)
    after: dict[str, list[Trial]] = field(default_factory=dict)
    unended: dict[str, list[Trial]] = field(default_factory=dict)
    """Phases that were started since the fix and came to no end of their own, as if they had failed so."""


Touches = Callable[[str], str]
"""The cause of the fix that a key is or may be; "" for one that it does not touch."""
Same = Callable[[str, str], bool]
"""Tells whether the first key is, or may be, the one that a phase had failed by."""


def trials_of(attempts: Iterable[Tried], touches: Touches, same: Same, window: FixWindow) -> Trials:
    """Read the trials from attempts, which come in the order of phase and start."""
    found = Trials()
    for _, tries in groupby(attempts, key=attrgetter("phase")):
        _add_phase(found, list(_retries(tries)), touches, same, window)
    for side in (found.before, found.after):
        for trials in side.values():
            trials.sort(key=lambda trial: trial.at + timedelta(seconds=trial.seconds))
    return found


def _add_phase(
    found: Trials, tries: list[Retry], touches: Touches, same: Same, window: FixWindow
) -> None:
    """Add the trials of one phase."""
    judged = [retry for retry in tries if retry.tried.outcome in JUDGED]
    first = next((each for each in judged if window.applied_at < each.tried.started_at), None)
    given_up = first is None and bool(judged) and _is_given_up(judged[-1].tried)
    seen: set[str] = set()
    for retry in judged:
        cause = touches(retry.had)
        if window.since <= retry.tried.started_at <= window.applied_at and cause not in seen:
            trial = _trial(retry, same)._replace(given_up=given_up)
            found.before.setdefault(cause, []).append(trial)
            seen.add(cause)
    if first is not None:
        if window.until is None or first.tried.started_at <= window.until:
            found.after.setdefault(touches(first.had), []).append(_trial(first, same))
        return
    ran = [
        retry
        for retry in tries
        if window.applied_at < retry.tried.started_at
        and (window.until is None or retry.tried.started_at <= window.until)
        and retry.tried.outcome != Outcome.DIVERTED
    ]
    if ran:
        trial = Trial(ran[0].tried.run, failed_so=True, failed=True)
        found.unended.setdefault(touches(ran[0].had), []).append(trial)


def _is_given_up(last: Tried) -> bool:
    return last.given_up and last.outcome != Outcome.COMPLETE


class Retry(NamedTuple):
    """An attempt at a phase that had failed."""

    had: str
    had_at: datetime | None
    """The moment of the failure by that, where it is known."""
    tried: Tried


def _trial(retry: Retry, same: Same) -> Trial:
    tried = retry.tried
    took = (tried.finished_at or tried.started_at) - tried.started_at
    return Trial(
        tried.run, same(tried.key, retry.had), tried.outcome != Outcome.COMPLETE, tried.session,
        tried.started_at, retry.had_at, tried.events, took.total_seconds(), tried.place, tried.category,
    )  # fmt: skip


def _retries(tries: Iterable[Tried]) -> Iterator[Retry]:
    """Attempts of a phase with what it had failed by before each; only those that say something change it."""
    had, had_at, last = "", None, None
    for tried in tries:
        if tried.planned and not _known_by(last, tried):
            had_at = had_at if tried.planned == had else None
            had = tried.planned
        last = tried
        if had:
            yield Retry(had, had_at, tried)
        if tried.outcome in JUDGED:
            had, had_at = tried.key, tried.started_at


def _known_by(last: Tried | None, tried: Tried) -> bool:
    """Return whether the plan knows no more than the attempt before:
    both of one drain, or that end is the plan's word.
    """
    return last is not None and (last.session == tried.session or last.key == tried.planned)
