"""A comparison as its page shows it: big numbers, tables and charts; nothing here asks the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from drain.dashboard.evidence.flows import RateLine, control_line, drawn, flows_chart, rate_lines
from drain.dashboard.ui import svg
from drain.dashboard.ui.charts import Chart
from drain.dashboard.ui.formats import rate as rate_text
from drain.evidence.comparison.compare import Comparison, Difference
from drain.evidence.comparison.figures import CauseCount, Rate, Yield
from drain.evidence.comparison.question import ComparisonRequest
from drain.evidence.comparison.sides import Side
from drain.evidence.fixes.verdict import Others
from drain.evidence.statistics.intervals import Interval
from drain.policy.words import NOTHING, counted

LISTED = 12
"""Causes shown of each group."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """A big number with what it rests on."""

    label: str
    value: str
    note: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """The status of a fingerprint, with its failed attempts on both sides."""

    became: str
    word: str
    cause: CauseCount
    before: int
    tried: int
    """Phases that had failed with it last and were tried after."""
    completed: int
    """Of those; without one it is not known to be gone."""
    after: int
    fixed: bool

    @property
    def look(self) -> str:
        """The state that it is drawn as."""
        return _LOOKS.get(self.became, self.became)


@dataclass(frozen=True, slots=True)
class ComparisonView:
    """Everything that evidence/_comparison.html and _details.html draw."""

    result: Comparison
    kpis: tuple[Kpi, ...]
    telemetry: bool
    """True if any attempt of either side brought an event."""
    chart: Chart | None
    lines: list[RateLine]
    change: svg.ShareInterval | None
    causes: list[CauseLine]
    more_causes: int
    facts: list[tuple[str, str, str]]
    silent: list[tuple[str, str, str]]
    outcomes: list[tuple[str, int, int]]
    sides: tuple[tuple[str, Side], ...]
    at: datetime
    """The moment of the reading."""
    notes: tuple[str, ...]


def comparison_view(
    found: ComparisonRequest, result: Comparison, at: datetime, others: Others | None = None
) -> ComparisonView:
    """The page of a comparison; `others` are the control of a fix."""
    causes = list(_causes(result, {cause.key for cause in result.fixed}))
    shown = _shown(causes)
    # Most pipelines know no telemetry: to them a yield of nothing would be a fault.
    told = any(side.telemetry.events for side in (result.before, result.after))
    kpis = (_rate_kpi(result), _change_kpi(result.difference), _yield_kpi(result), _gone(causes))
    return ComparisonView(
        result=result,
        kpis=kpis if told else (*kpis[:2], kpis[3]),
        telemetry=told,
        chart=flows_chart(result.pairs.moves) if result.pairs.n else None,
        lines=[*rate_lines(result), *([control_line(others)] if others else [])],
        change=None if result.difference.selected else drawn(result.difference.interval),
        causes=shown,
        more_causes=len(causes) - len(shown),
        facts=_facts(result) if told else _facts(result)[:1],
        silent=_silent(result) if told else [],
        outcomes=_outcomes(result),
        sides=(("Before", found.before.side), ("After", found.after.side)),
        at=at,
        notes=(*result.notes, *_disagreement(result), *found.notes),
    )


def _rate_kpi(result: Comparison) -> Kpi:
    after = result.after.rate
    value = f"{after.interval.value:.1%}".replace("%", " %") if after.interval else ""
    note = _n(after)
    if not result.difference.selected:
        note += f"; before {_share(result.before.rate)}"
    return Kpi("Completion rate, after", value, note)


def _change_kpi(change: Difference) -> Kpi:
    css = {"better": "s-complete", "worse": "s-failed"}.get(change.verdict, "")
    sizes = (
        f"{counted(change.n_after, 'phase')} on both sides"
        if change.is_paired
        else f"n {change.n_before:,} and {change.n_after:,}"
    )
    if change.interval is None:
        return Kpi("Change, points", "", f"{sizes}; at least {change.enough} on each side needed")
    if change.selected:
        note = "that had failed before: a second try alone may do that"
        return Kpi("Completed now", f"{change.gained:,} of {change.n_after:,}", note)
    low, high = points(change.interval.low), points(change.interval.high)
    enough = ""
    if change.verdict == "not_enough_data" and change.enough:
        enough = f"; about {change.enough:,} would be enough"
    note = f"95 % interval {low} to {high}; {sizes}{enough}"
    return Kpi("Change, points", points(change.interval.value), note, css)


def _yield_kpi(result: Comparison) -> Kpi:
    after, before = result.after.telemetry, result.before.telemetry
    value = "" if after.per_minute is None else f"{after.per_minute:.2f}"
    was = "no attempt" if before.per_minute is None else f"{before.per_minute:.2f}"
    bounds = f", {_bounds(after.bounds)}" if after.bounds else ""
    note = f"n {counted(after.attempts, 'attempt')}{bounds}; before {was}, n {before.attempts:,}"
    return Kpi("Yield, events per minute", value, note)


def _gone(causes: Collection[CauseLine]) -> Kpi:
    counts = {name: sum(line.became == name for line in causes) for name in _WORDS}
    earlier = sum(counts[name] for name in ("gone", "still", "may_be", *_UNKNOWN))
    earlier += sum(line.became == "regressed" and line.before > 0 for line in causes)
    rest = ", ".join(
        f"{counts[name]} {_WORDS[name].lower()}"
        for name in ("still", "new", "regressed", "may_be", *_UNKNOWN)
        if counts[name] or name not in ("may_be", *_UNKNOWN)
    )
    unknown = sum(counts[name] for name in _UNKNOWN)
    value = "" if earlier and earlier == unknown else f"{counts['gone']} of {earlier}"
    return Kpi(
        "Fingerprints not seen again", value, rest, "s-failed" if counts["regressed"] else ""
    )


_WORDS = {
    "regressed": "Regressed",
    "still": "Still there",
    "new": "New",
    "may_be": "May be still there",
    "gone": "Not seen again",
    "replaced": "Replaced by another failure",
    "untried": "Not tried again",
}
_UNKNOWN = ("replaced", "untried")
"""Nobody can say of them whether they would still come."""
_LOOKS = {
    "gone": "skipped", "still": "ongoing", "may_be": "ongoing", "replaced": "not_enough_data",
    "untried": "not_enough_data",
}  # fmt: skip


def _causes(result: Comparison, fixed: set[str]) -> Iterable[CauseLine]:
    """Regressed, still there, new, gone, replaced, not tried again; each by its attempts."""
    tried, completed = result.pairs.tried(), result.pairs.completed()
    earlier = {cause.key: cause.attempts for cause in result.before.causes}
    later = {cause.key: cause.attempts for cause in result.after.causes}
    for name, word in _WORDS.items():
        for cause in getattr(result.causes, name):
            before = cause.attempts if name in ("gone", *_UNKNOWN) else earlier.get(cause.key, 0)
            sizes = (
                before, tried.get(cause.key, 0), completed.get(cause.key, 0), later.get(cause.key, 0)
            )  # fmt: skip
            yield CauseLine(name, word, cause, *sizes, cause.key in fixed)


def _shown(causes: Collection[CauseLine]) -> list[CauseLine]:
    """Return at most LISTED of each group, the fix's own first."""
    found: list[CauseLine] = []
    for name in _WORDS:
        group = sorted(
            (line for line in causes if line.became == name), key=lambda line: not line.fixed
        )
        found += group[:LISTED]
    return found


def _facts(result: Comparison) -> list[tuple[str, str, str]]:
    """Name, before, after; every rate with its n."""
    sides = _told(result.before.telemetry), _told(result.after.telemetry)
    return list(zip(_TOLD, *sides, strict=True))


_TOLD = (
    "Attempts",
    "With an event",
    "Events",
    "Events per minute",
    "Median per attempt",
    "p90 per attempt",
)


def _told(side: Yield) -> tuple[str, ...]:
    return (
        f"{side.attempts:,}",
        f"{side.with_events:,} of {side.attempts:,}",
        f"{side.events:,}",
        _estimate(side.per_minute, 2, side.bounds),
        _estimate(side.median, 1),
        _estimate(side.p90, 1),
    )


def _silent(result: Comparison) -> list[tuple[str, str, str]]:
    """Codes of reasons why attempts brought no event, each out of all attempts of the side."""
    before, after = result.before, result.after
    names = sorted(
        {*before.zero_yield, *after.zero_yield}, key=lambda name: -after.zero_yield.get(name, 0)
    )
    return [
        (
            name,
            _of(before.zero_yield.get(name, 0), before.telemetry),
            _of(after.zero_yield.get(name, 0), after.telemetry),
        )
        for name in names
    ]


def _of(count: int, telemetry: Yield) -> str:
    return f"{count:,} of {telemetry.attempts:,}"


def _outcomes(result: Comparison) -> list[tuple[str, int, int]]:
    before, after = result.before.outcomes, result.after.outcomes
    names = sorted({*before, *after}, key=lambda name: -(before.get(name, 0) + after.get(name, 0)))
    return [(name, before.get(name, 0), after.get(name, 0)) for name in names]


def _disagreement(result: Comparison) -> tuple[str, ...]:
    """Return the doubt of a rate that falls while the same phases rise: other phases were tried after."""
    before, after = result.before.rate.interval, result.after.rate.interval
    change = result.difference
    if before is None or after is None or change.interval is None or not change.is_paired:
        return ()
    if (after.value - before.value) * change.interval.value >= 0:
        return ()
    return (_DISAGREE,)


_DISAGREE = (
    "All attempts and the same phases point in different ways: other phases were tried after than "
    "before, so only the same phases can be compared."
)


def _n(rate: Rate) -> str:
    return f"n {rate.n:,}, {_bounds(rate.interval, 100)} %" if rate.interval else f"n {rate.n:,}"


def _share(rate: Rate) -> str:
    found = rate.interval
    if found is None:
        return rate_text(None, rate.n)
    return rate_text(found.value, rate.n, found.low, found.high)


def _bounds(interval: Interval | None, scale: float = 1) -> str:
    if interval is None:
        return NOTHING
    return f"{interval.low * scale:.1f}–{interval.high * scale:.1f}"


def _estimate(value: float | None, digits: int, bounds: Interval | None = None) -> str:
    if value is None:
        return NOTHING
    shown = f"{value:.{digits}f}"
    return f"{shown} ({bounds.low:.{digits}f}–{bounds.high:.{digits}f})" if bounds else shown


def points(share: float) -> str:
    """A difference of shares in percentage points, with its sign: +80.7 or −3.1."""
    return f"{share * 100:+.1f}".replace("-", "−")
