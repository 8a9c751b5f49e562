"""What the attempts of one side came to: rate, telemetry, reasons and causes, from what was read of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drain.evidence.comparison.query import Ending, SideRead, read_side
from drain.evidence.comparison.sides import FAILURES, RATED, UNCOUNTED, Side
from drain.evidence.fingerprints.aliases import Cause, causes
from drain.evidence.statistics.intervals import (
    Interval,
    dispersion,
    poisson_rate,
    quantile,
    wilson,
)
from drain.evidence.statistics.sequence import Spread


@dataclass(frozen=True, slots=True)
class Rate:
    """A completion rate with the n it stands on and Wilson's interval (None when n is 0)."""

    complete: int
    n: int
    interval: Interval | None

    @classmethod
    def of(cls, complete: int, n: int) -> Rate:
        """From counts."""
        return cls(complete, n, wilson(complete, n))


@dataclass(frozen=True, slots=True)
class Yield:
    """Telemetry: events per attempt-minute (Garwood, over events that come at once), per attempt the median and p90."""

    events: int
    minutes: float
    attempts: int
    with_events: int
    per_minute: Interval | None
    median: Interval | None
    p90: Interval | None


@dataclass(frozen=True, slots=True)
class CauseCount:
    """Failed attempts of one cause."""

    key: str
    title: str
    status: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Figures:
    """What the attempts of one side came to."""

    label: str
    attempts: int
    phases: int
    outcomes: dict[str, int]
    rate: Rate
    spread: Spread
    """How the attempts of the rate fall into runs."""
    telemetry: Yield
    zero_yield: dict[str, int]
    """Counted attempts without an event, by reason; "unknown" when none was found."""
    causes: tuple[CauseCount, ...]
    """Most frequent first."""


def figures(side: Side) -> Figures:
    """Counts of one side; cancelled, interrupted and diverted attempts are listed but count nowhere."""
    found = read_side(side)
    return figures_of(side.label, found, causes(ending.key for ending in found.endings))


def figures_of(label: str, found: SideRead, known: Mapping[str, Cause]) -> Figures:
    """The same from what was read; `known` has the cause that stands for each of its keys."""
    outcomes = Counter[str]()
    for ending in found.endings:
        outcomes[ending.outcome] += ending.attempts
    counted = [ending for ending in found.endings if ending.outcome not in UNCOUNTED]
    return Figures(
        label=label,
        attempts=sum(ending.attempts for ending in counted),
        phases=found.phases,
        outcomes=dict(sorted(outcomes.items())),
        rate=Rate.of(outcomes["complete"], sum(outcomes[name] for name in RATED)),
        spread=found.spread,
        telemetry=_yield(counted),
        zero_yield=_zero_yield(counted),
        causes=_causes(found, known),
    )


def _yield(counted: Sequence[Ending]) -> Yield:
    totals = Counter[int]()
    for ending in counted:
        totals[ending.events] += ending.attempts
    counts = [(float(value), n) for value, n in sorted(totals.items())]
    events = sum(value * n for value, n in totals.items())
    minutes = sum(ending.microseconds for ending in counted) / 60e6
    at_once = dispersion(counts)
    return Yield(
        events=events,
        minutes=minutes,
        attempts=totals.total(),
        with_events=totals.total() - totals[0],
        per_minute=poisson_rate(events / at_once, minutes / at_once),
        median=quantile(counts, 0.5),
        p90=quantile(counts, 0.9),
    )


def _zero_yield(counted: Sequence[Ending]) -> dict[str, int]:
    """Most frequent first."""
    reasons = Counter[str]()
    for ending in counted:
        if not ending.events:
            reasons[ending.reason or "unknown"] += ending.attempts
    return dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))


def _causes(found: SideRead, known: Mapping[str, Cause]) -> tuple[CauseCount, ...]:
    totals = Counter[str]()
    causes_by_key = {cause.key: cause for cause in known.values()}
    for ending in found.endings:
        if ending.outcome in FAILURES:
            totals[known[ending.key].key if ending.key else ""] += ending.attempts
    return tuple(
        CauseCount(key, causes_by_key[key].title, causes_by_key[key].status, n)
        if key
        else CauseCount("", "no fingerprint", "new", n)
        for key, n in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    )
