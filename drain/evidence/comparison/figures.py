"""Figures of one side's attempts: rate, telemetry, reasons and fingerprints, from the read rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drain.evidence.comparison.query import LikeEnds, SideRead, read_side
from drain.evidence.comparison.sides import FAILURES, UNCOUNTED, Side
from drain.evidence.fingerprints.aliases import FingerprintSummary, causes
from drain.evidence.statistics.intervals import Interval, quantile
from drain.evidence.statistics.sequence import Bounds, Spread, fixed_bounds
from drain.evidence.statistics.work import CompletedWork
from drain.evidence.statistics.yields import Flow
from drain.models.vocabulary import Outcome


@dataclass(frozen=True, slots=True)
class Rate:
    """A completion rate with the n it stands on and bounds that hold at every look (None when n is 0)."""

    complete: int
    n: int
    interval: Interval | None

    @classmethod
    def of(cls, spread: Spread) -> Rate:
        """Return the rate of attempts by their spread over runs."""
        return cls(spread.n - spread.failed, spread.n, spread.completed())

    @classmethod
    def not_failed(cls, side: Bounds) -> Rate:
        """Return the rate of phases whose failures were bounded."""
        bounds = Interval(1 - side.share, 1 - side.high, 1 - side.low) if side.n else None
        return cls(round(side.n - side.failed), side.n, bounds)

    @classmethod
    def counted(cls, complete: int, n: int, effect: float) -> Rate:
        """Return the rate of n attempts or phases, worth n / `effect` independent ones (design effect)."""
        if not n:
            return cls(0, 0, None)
        low, high = fixed_bounds(complete / effect, n / effect)
        return cls(complete, n, Interval(complete / n, low, high))


@dataclass(frozen=True, slots=True)
class Yield:
    """Telemetry: events per attempt-minute, per attempt the median and p90."""

    events: int
    minutes: float
    attempts: int
    with_events: int
    per_minute: float | None
    bounds: Interval | None
    """Of events per minute, at every look; None where too little came to know them."""
    median: float | None
    p90: float | None
    flow: Flow
    """The spread of events and minutes over runs."""


@dataclass(frozen=True, slots=True)
class CauseCount:
    """Failed attempts of one cause."""

    key: str
    title: str
    status: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one side's attempts."""

    label: str
    attempts: int
    phases: int
    outcomes: dict[str, int]
    rate: Rate
    spread: Spread
    """The spread of the rated attempts over runs."""
    telemetry: Yield
    work: CompletedWork
    zero_yield: dict[str, int]
    """Counted attempts without an event, by reason; "unknown" when none was found."""
    causes: tuple[CauseCount, ...]
    """Most frequent first."""


def figures(side: Side) -> Figures:
    """Counts of one side; cancelled, interrupted and diverted attempts are listed but count nowhere."""
    found = read_side(side)
    return figures_of(side.label, found, causes(ending.key for ending in found.endings))


def figures_of(label: str, found: SideRead, known: Mapping[str, FingerprintSummary]) -> Figures:
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
        rate=Rate.of(found.spread),
        spread=found.spread,
        telemetry=_yield(counted, found.flow),
        work=CompletedWork.of(
            (ending.events, ending.attempts, ending.microseconds / 1e6)
            for ending in counted
            if ending.outcome == Outcome.COMPLETE
        ),
        zero_yield=_zero_yield(counted),
        causes=_causes(found, known),
    )


def _yield(counted: Sequence[LikeEnds], flow: Flow) -> Yield:
    totals = Counter[int]()
    for ending in counted:
        totals[ending.events] += ending.attempts
    counts = [(float(value), n) for value, n in sorted(totals.items())]
    return Yield(
        events=sum(value * n for value, n in totals.items()),
        minutes=flow.minutes,
        attempts=totals.total(),
        with_events=totals.total() - totals[0],
        per_minute=flow.rate,
        bounds=flow.bounds(),
        median=quantile(counts, 0.5),
        p90=quantile(counts, 0.9),
        flow=flow,
    )


def _zero_yield(counted: Sequence[LikeEnds]) -> dict[str, int]:
    """Return the counts by reason, most frequent first."""
    reasons = Counter[str]()
    for ending in counted:
        if not ending.events:
            reasons[ending.reason or "unknown"] += ending.attempts
    return dict(sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])))


def _causes(found: SideRead, known: Mapping[str, FingerprintSummary]) -> tuple[CauseCount, ...]:
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
