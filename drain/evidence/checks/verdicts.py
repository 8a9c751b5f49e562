"""From counts to a verdict: pure, one function for each sort of claim.

A claim that a cause stays away is about what comes: it needs enough that could have failed so (the rule of
three, Hanley and Lippman-Hand, JAMA 249:1743, 1983: none in thirty leaves at most 10 % at 95 %). A claim
about what was recorded (states, logs, unknown errors) is counted in full, and one is enough to look at.
Whatever is said of what comes holds at every look, since checks are judged again while a drain runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from drain.evidence.checks.matching import Again, Found
from drain.evidence.comparison.compare import Difference
from drain.evidence.comparison.figures import Rate, Yield
from drain.evidence.fixes.judgement import FixVerdict
from drain.evidence.statistics.intervals import Interval
from drain.evidence.statistics.sequence import DECIDES, SURELY, Spread, at_most, enough_for_share
from drain.evidence.statistics.yields import FEWEST_RUNS, enough_attempts
from drain.models.vocabulary import CheckVerdict
from drain.policy.words import agrees, counted

NO_GAIN = 0.05
"""A gain that can be ruled out beyond this many points is no gain."""
FEWEST, SHARE, MOST = 3, 0.1, 30


@dataclass(frozen=True, slots=True)
class Verdict:
    """A check's result, with the numbers and the attempts it stands on."""

    verdict: CheckVerdict
    sentence: str
    observed: dict[str, Any] = field(default_factory=dict)
    """n, the value, its interval, and `attempts` or `phases`: ids of at most 50 that speak against it."""


def stayed_away(
    what: str, found: Found, again: Again | None, doubt: Callable[[], str] = lambda: ""
) -> Verdict:
    """A claim that no attempt fails in a way.

    Enough phases that had failed so (`again`) must have completed when they were tried again: one that fails by
    something else may do so before this could come. Where none had, nothing could have shown it. A claim about any
    attempt (`again` None) takes thirty that completed. `doubt` gives what lets the work seem undone, if anything.
    """
    observed = _counted(found)
    if found.matching:
        said = f"{found.matching} of {counted(found.n, 'attempt')} {what}."
        return Verdict(CheckVerdict.FAIL, said, observed)
    # Others could not have shown it, so they say nothing of how often it may still come.
    worth = again.worth if again else found.worth
    observed |= {"low": 0.0, "high": at_most(worth)} if worth else {}
    had = again.had if again else 0
    had_so = counted(had, "phase")
    enough, tried = (enough_tried(had), again.tried) if again else (MOST, found.n)
    completed = again.completed if again else found.completed
    some = f", {completed} of them completed" if completed < tried else ""
    tries = {"had": had, "again": again.tried if again else None, "completed": completed}
    observed |= tries | _enough(enough)
    said = f"None of {counted(found.n, 'attempt')} {what}"
    if completed >= enough:
        if doubted := doubt():
            return _doubted(f"{said}, but {doubted}", observed)
        again_too = (
            f"; {tried} of {had_so} that had failed this way before {_were(tried)} tried again"
        )
        rest = f"{again_too if had else ''}{some}"
        return Verdict(CheckVerdict.PASS, f"{said} ({_at_most(observed)}){rest}.", observed)
    if had:
        said = f"{tried} of {had_so} that {what} before {_were(tried)} tried again{some}"
    elif again:
        sentence = f"No phase had {what} before: nothing could have shown it."
        return Verdict(CheckVerdict.NOT_ENOUGH_DATA, sentence, observed)
    else:
        said = f"{said}{some}" if found.n else "No attempt ended"
    return _short(said, enough, observed)


def enough_tried(had: int) -> int:
    """Return how many of the phases that had failed so must have completed:
    all of three, else a tenth to thirty.
    """
    return min(had, MOST, max(FEWEST, math.ceil(had * SHARE))) or 1


def none_of(what: str, found: Found, nothing: str) -> Verdict:
    """A claim about what was recorded of each attempt; `nothing` is said where there is none to look at."""
    observed = _counted(found)
    if found.matching:
        return Verdict(CheckVerdict.FAIL, f"{found.matching} of {found.n} {what}.", observed)
    if not found.n:
        return _short(nothing, 1, observed)
    return Verdict(CheckVerdict.PASS, f"None of {found.n} {what}: each was looked at.", observed)


def rate_at_least(rate: Rate, spread: Spread, threshold: float) -> Verdict:
    """A claim that the completion rate is at least `threshold`; `spread` is how its attempts fall into runs."""
    observed = {"n": rate.n, "complete": rate.complete, "threshold": threshold}
    bounds = spread.decides()
    observed |= _interval(bounds)
    # "All of them" is proved by the first one that is all there is.
    known = bounds.value if bounds else None
    enough = 1 if known is None and threshold >= 1 else enough_for_share(spread, known, threshold)
    if bounds is None:
        return _undecided("No attempt counts towards the rate", enough, observed)
    said = (
        f"{rate.complete} of {rate.n} completed: {_percent(bounds.value)} "
        f"({_percent(bounds.low)} to {_percent(bounds.high)} at {SURELY}), asked for {_percent(threshold)}"
    )
    if bounds.low >= threshold or (threshold >= 1 and rate.complete == rate.n):
        return Verdict(CheckVerdict.PASS, f"{said}.", observed)
    if bounds.high < threshold or threshold >= 1:
        return Verdict(CheckVerdict.FAIL, f"{said}.", observed)
    return _undecided(said, enough, observed)


def fix_works(fix: FixVerdict) -> Verdict:
    """A claim about a fix: the one verdict on it."""
    n = sum(cause.after.n for cause in fix.causes)
    return Verdict(fix.check, fix.short, {"n": n, "ruling": fix.ruling.value})


def better_than_before(change: Difference, doubt: Callable[[], str] = lambda: "") -> Verdict:
    """A claim that the completion rate rose; of phases that had all failed nobody can say so. `doubt` as above."""
    observed = {"n_before": change.n_before, "n": change.n_after, "paired": change.is_paired}
    observed |= _interval(change.interval)
    if change.interval is None:
        observed |= _enough(change.enough)
        return Verdict(CheckVerdict.NOT_ENOUGH_DATA, change.sentence, observed)
    if change.verdict == "better":
        if doubted := doubt():
            return _doubted(f"{change.sentence.rstrip('.')}, but {doubted}", observed)
        return Verdict(CheckVerdict.PASS, change.sentence, observed)
    if change.interval.high < NO_GAIN:
        said = f"{change.sentence} A gain of {NO_GAIN * 100:.0f} points or more can be ruled out."
        return Verdict(CheckVerdict.FAIL, said, observed)
    observed |= _enough(None if change.selected else change.enough)
    return Verdict(CheckVerdict.NOT_ENOUGH_DATA, change.sentence, observed)


def yield_at_least(telemetry: Yield, threshold: float) -> Verdict:
    """A claim that attempts bring at least `threshold` events a minute."""
    rate, bounds = telemetry.per_minute, telemetry.flow.bounds(DECIDES)
    observed = {
        "n": telemetry.attempts,
        "events": telemetry.events,
        "minutes": round(telemetry.minutes, 3),
        "runs": telemetry.flow.runs,
        "threshold": threshold,
    } | _interval(bounds)
    if rate is None:
        return _undecided("No attempt ended", FEWEST_RUNS, observed)
    observed["value"] = rate
    span = f" ({bounds.low:.2f} to {bounds.high:.2f} at {SURELY})" if bounds else ""
    said = (
        f"{counted(telemetry.events, 'event')} in {telemetry.minutes:.1f} attempt-minutes of {counted(telemetry.attempts, 'attempt')}"
        f": {rate:.2f} a minute{span}, asked for {threshold:g}"
    )
    if bounds and bounds.low >= threshold:
        return Verdict(CheckVerdict.PASS, f"{said}.", observed)
    if bounds and bounds.high < threshold:
        return Verdict(CheckVerdict.FAIL, f"{said}.", observed)
    enough = enough_attempts(telemetry.flow, telemetry.attempts, threshold)
    return _undecided(said, enough, observed)


def none_in_state(state: str, total: int, phases: list[int], found: int) -> Verdict:
    """A claim that no phase of the drained runs is left in a state."""
    observed = {"n": total, "found": found, "phases": phases}
    if found:
        said = f"{found} of {counted(total, 'phase')} {agrees(found)} {state}."
        return Verdict(CheckVerdict.FAIL, said, observed)
    if not total:
        return _short("There is no phase to look at yet", 1, observed)
    said = f"None of {counted(total, 'phase')} is {state} now."
    return Verdict(CheckVerdict.PASS, said, observed)


def _counted(found: Found) -> dict[str, Any]:
    share = found.matching / found.n if found.n else None
    return {
        "n": found.n, "found": found.matching, "attempts": list(found.attempts), "value": share,
        "low": None, "high": None,
    }  # fmt: skip


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _at_most(observed: dict[str, Any]) -> str:
    high = observed["high"]
    # Rounded to nothing it would promise too much.
    return f"at most {_percent(high) if high >= 0.001 else f'{high * 100:.1g} %'} at 95 %"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _doubted(said: str, observed: dict[str, Any]) -> Verdict:
    """Return the verdict for attempts no number of which would decide it."""
    return Verdict(CheckVerdict.NOT_ENOUGH_DATA, f"{said}.", observed | _enough(None))


def _short(said: str, enough: int, observed: dict[str, Any]) -> Verdict:
    sentence = f"{said}: not enough data, {enough} would be enough."
    return Verdict(CheckVerdict.NOT_ENOUGH_DATA, sentence, observed | _enough(enough))


def _undecided(said: str, enough: int | None, observed: dict[str, Any]) -> Verdict:
    need = (
        "no number of attempts would decide it"
        if enough is None
        else f"about {enough} would be enough"
    )
    sentence = f"{said}: not enough data, {need}."
    return Verdict(CheckVerdict.NOT_ENOUGH_DATA, sentence, observed | _enough(enough))


def _enough(number: int | None) -> dict[str, Any]:
    return {"enough": number}


def _interval(interval: Interval | None) -> dict[str, Any]:
    if interval is None:
        return {"value": None, "low": None, "high": None}
    return {"value": interval.value, "low": interval.low, "high": interval.high}
