"""The flows of failures: the Sankey of a comparison, and its rates by fingerprint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from drain.dashboard.http.links import cause_href
from drain.dashboard.ui import svg
from drain.dashboard.ui.charts import Chart, SankeyFlow, sankey_chart
from drain.dashboard.ui.states import look
from drain.evidence.comparison.compare import Comparison
from drain.evidence.comparison.figures import Rate
from drain.evidence.comparison.pairs import Move
from drain.evidence.fingerprints.aliases import FingerprintSummary
from drain.evidence.fixes.verdict import Others
from drain.evidence.statistics.intervals import Interval
from drain.evidence.statistics.sequence import correlation
from drain.policy.words import NOTHING

DRAWN = 6
"""Causes that have a node of their own; the others share one."""
LISTED = 60
"""Rows of the table beside the drawing."""
_LABEL = 34
SAME, OTHER = "Failed, same fingerprint", "Failed, another one"
MAY_BE = "Failed, may be the same"
RESULTS = ("Complete", SAME, MAY_BE, OTHER, "Timeout", "Lost")
COMPLETE_BEFORE = "Complete before"
_OTHERS = "Other fingerprints"


def flows_chart(moves: Sequence[Move]) -> Chart:
    """Draw the moves from the fingerprint before to the outcome after;
    the table names every move, most phases first.
    """
    names = _names(moves)
    totals: Counter[tuple[str, str, str, str]] = Counter()
    for move in moves:
        result, state = _result(move)
        totals[_name(move, names), result, state, _was(move)] += move.phases
    order = [*names.values(), _OTHERS, COMPLETE_BEFORE]
    flows = [
        SankeyFlow(cause, result, state, count, was)
        for (cause, result, state, was), count in sorted(
            totals.items(), key=lambda item: (order.index(item[0][0]), RESULTS.index(item[0][1]))
        )
    ]
    return replace(sankey_chart(flows, RESULTS), rows=_rows(moves))


def _names(moves: Iterable[Move]) -> dict[str, str]:
    """Labels of the causes that are drawn, by key, most phases first; each label once."""
    counts: Counter[str] = Counter()
    causes: dict[str, FingerprintSummary] = {}
    for move in moves:
        if move.was_cause is not None:
            counts[move.was_cause.key] += move.phases
            causes[move.was_cause.key] = move.was_cause
    names: dict[str, str] = {}
    for key, _ in counts.most_common(DRAWN):
        short = _short(causes[key].title)
        names[key] = f"{short} ({key[:4]})" if short in names.values() else short
    return names


def _short(title: str) -> str:
    # Braces are the drawing's own markup for labels.
    line = " ".join(title.split()).replace("{", "(").replace("}", ")")
    return line if len(line) <= _LABEL else f"{line[: _LABEL - 1]}…"


def _name(move: Move, names: dict[str, str]) -> str:
    if move.was == "complete":
        return COMPLETE_BEFORE
    key = move.was_cause.key if move.was_cause else ""
    return names.get(key) or _OTHERS


def _was(move: Move) -> str:
    return "complete" if move.was == "complete" else "failed"


def _result(move: Move) -> tuple[str, str]:
    if move.became != "failed":
        return look(move.became).word, move.became
    before = move.was_cause.key if move.was_cause else ""
    after = move.became_cause.key if move.became_cause else ""
    if move.may_be_same:
        return MAY_BE, "failed"
    return (SAME if before and before == after else OTHER), "failed"


def _rows(moves: Sequence[Move]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        (f"{_end(move.was, move.was_cause)} → {_end(move.became, move.became_cause)}", move.phases)
        for move in moves[:LISTED]
    ]
    rest = sum(move.phases for move in moves[LISTED:])
    return [*rows, (f"{len(moves) - LISTED} other moves", rest)] if rest else rows


def _end(outcome: str, cause: FingerprintSummary | None) -> str:
    return look(outcome).word if cause is None else f"{look(outcome).word}: {cause.title}"


@dataclass(frozen=True, slots=True)
class RateLine:
    """One line of the interval plot; a side that says nothing is None."""

    name: str
    n: str
    before: Rate | None
    after: Rate
    href: str = ""
    total: bool = False

    @property
    def drawn_before(self) -> svg.ShareInterval | None:
        """Dot and whisker of before."""
        return drawn(self.before.interval) if self.before else None

    @property
    def drawn_after(self) -> svg.ShareInterval | None:
        """Dot and whisker of after."""
        return drawn(self.after.interval)

    @property
    def bounds(self) -> str:
        """The interval after, in percent."""
        found = self.after.interval
        return f"{found.low * 100:.0f}–{found.high * 100:.0f}" if found else NOTHING


def drawn(interval: Interval | None) -> svg.ShareInterval | None:
    """An interval of the statistics as the drawings want it."""
    return svg.ShareInterval(interval.value, interval.low, interval.high) if interval else None


def rate_lines(found: Comparison) -> list[RateLine]:
    """Return the rates of all attempts, of the same phases, then of the fingerprints with most phases."""
    before, after = found.before.rate, found.after.rate
    lines = [RateLine("All attempts", f"n {before.n:,} and {after.n:,}", before, after, total=True)]
    if not found.pairs.n:
        return lines
    rho = correlation([found.before.spread, found.after.spread])
    effects = found.before.spread.effect(rho), found.after.spread.effect(rho)
    lines.append(_same_phases(found, *effects))
    return [*lines, *_of_causes(found.pairs.moves, effects[1])]


def control_line(others: Others) -> RateLine:
    """Phases of other fingerprints: what a general recovery, or a second try alone, did to them."""
    before, after = Rate.not_failed(others.before), Rate.not_failed(others.after)
    n = f"n {others.before.n:,} and {others.after.n:,}"
    return RateLine("Other fingerprints, the control", n, before, after)


def _same_phases(found: Comparison, before: float, after: float) -> RateLine:
    pairs = found.pairs
    was, now = (pairs.n - failed for failed in pairs.failed())
    rates = Rate.counted(was, pairs.n, before), Rate.counted(now, pairs.n, after)
    return RateLine("The same phases", f"n {pairs.n:,}", *rates, total=True)


def _after(name: str, rate: Rate, href: str = "") -> RateLine:
    return RateLine(name, f"n {rate.n:,}", None, rate, href)


def _of_causes(moves: Sequence[Move], effect: float) -> list[RateLine]:
    names = _names(moves)
    counts: dict[str, list[int]] = {}
    for move in moves:
        if move.was != "complete":
            key = move.was_cause.key if move.was_cause else ""
            sums = counts.setdefault(key if key in names else "", [0, 0])
            sums[0] += move.phases if move.became == "complete" else 0
            sums[1] += move.phases
    rates = {key: Rate.counted(done, n, effect) for key, (done, n) in counts.items()}
    lines = [_after(name, rates[key], cause_href(key)) for key, name in names.items()]
    return [*lines, _after(_OTHERS, rates[""])] if "" in counts else lines
