"""The likeness of trials since a fix to those before it: the same sorts of phase, as many beside them,
and work that is done. Pure. Each answer is the end of a sentence, or "" where they are alike.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Sequence
from datetime import timedelta
from statistics import median

from drain.evidence.fixes.contrast import CONTENDED, FEWEST, Contrast, Done, failed, grouped, of
from drain.evidence.fixes.trials import Trial
from drain.evidence.statistics.sequence import Bounds, Observation, Spread, both_bounds, correlation
from drain.evidence.statistics.work import QUARTER, SECOND, SHORT
from drain.policy.words import counted


def given_up(sides: Contrast) -> str:
    """Return the doubt that the rest, without phases that were skipped or called complete by hand,
    is the easy part.
    """
    rest = [trial for trial in sides.before if not trial.given_up]
    if sides.shown_by(rest):
        return ""
    return (
        f"it cannot be told from who is left: {len(sides.before) - len(rest)} of {counted(failed(sides.before), 'phase')} that "
        "failed this way again before the fix were skipped or called complete by hand, and were not tried since"
    )


def elsewhere(sides: Contrast, pick: Callable[[Trial], Hashable], what: str) -> str:
    """Return the doubt of another mix of places or sorts of phase, where those of one mix show no fix."""
    was, now = _of_one_mix(sides, pick)
    if sides.fewer_fail(was, now):
        return ""
    return (
        f"it cannot be told from where it was tried: of the same {what}, as many of each, there are "
        f"{len(was)} before the fix and {len(now)} since, which tell too little"
    )


def _of_one_mix(
    sides: Contrast, pick: Callable[[Trial], Hashable]
) -> tuple[list[Trial], list[Trial]]:
    """Return as many trials of both sides as there are with the same share of each."""
    was, now = grouped(sides.before, pick), grouped(sides.after, pick)
    shared = [one for one in was if one in now]
    if not shared:
        return [], []
    ratio = sum(len(now[one]) for one in shared) / sum(len(was[one]) for one in shared)
    takes = {one: min(len(was[one]), len(now[one]) / ratio) for one in shared}
    return (
        [each for one in shared for each in _spread_out(was[one], round(takes[one]))],
        [each for one in shared for each in _spread_out(now[one], round(takes[one] * ratio))],
    )


def _spread_out(trials: Sequence[Trial], count: int) -> list[Trial]:
    """Return `count` of them, spread from the first to the last: a drain takes promising ones first."""
    return [trials[index * len(trials) // count] for index in range(count)]


def side_by_side(sides: Contrast) -> str:
    """Return the doubt that the failures came from phases side by side,
    with fewer of them side by side since.
    """
    if sides.category not in CONTENDED:
        return ""
    was, now = _beside(sides.before), _beside(sides.after)
    usual, usual_since = median(n for _, n in was), median(n for _, n in now)
    few = [trial for trial, n in was if n <= usual_since]
    if 2 * usual_since >= usual or sides.shown_by(few):
        return ""
    return (
        f"it cannot be told from fewer side by side: since the fix half of them ran beside at most {usual_since:g} "
        f"others, before it beside {usual:g}, and failures of this kind ({sides.category}) come where phases run side by side"
    )


def _beside(trials: Sequence[Trial]) -> list[tuple[Trial, int]]:
    """Pair each with the number of others running when it began or when it ended, whichever is more."""
    spans = [(trial.at, trial.at + timedelta(seconds=trial.seconds)) for trial in trials]
    began, ended = (sorted(side) for side in zip(*spans, strict=True))
    return [
        (
            trial,
            max(
                bisect_right(began, start) - bisect_right(ended, start) - 1,
                bisect_left(began, end) - bisect_left(ended, end) - 1,
            ),
        )
        for trial, (start, end) in zip(trials, spans, strict=True)
    ]


def reworded(sides: Contrast) -> str:
    """Return the doubt that no fewer fail, only by another text or by the next fault."""
    was, now = both_bounds(
        *(
            Spread.of([Observation(trial.run, trial.failed) for trial in trials])
            for trials in (sides.before, sides.after)
        )
    )
    if now.high < was.low:
        return ""
    return (
        f"it cannot be told from another text of the same failure: as many fail as before, {of(now)} since the fix "
        f"by whatever, before it {of(was)}"
    )


def hollow(sides: Contrast) -> str:
    """Return the doubt that phases which complete since the fix do less than completed ones did before it."""
    completed = [Done(one.run, one.events, one.seconds) for one in sides.after if not one.failed]
    return not_done(sides.done, completed, surely=True)


def not_done(done: Sequence[Done], completed: Sequence[Done], *, surely: bool = False) -> str:
    """Return the doubt that what completed does not do what work of the same sort did when it completed
    before (`done`).

    Not `surely` it is enough that most of it looks so: a guard that waits for more loses nothing.
    """
    if len(done) < FEWEST or len(completed) < (FEWEST if surely else 1):
        return ""

    def most(found: Bounds) -> bool:
        return (found.low if surely else found.share) > 0.5

    was, now = both_bounds(
        Spread.of([Observation(one.run, one.events > 0) for one in done]),
        Spread.of([Observation(one.run, one.events > 0) for one in completed]),
    )
    if now.share < 0.5 and (now.high < was.low if surely else most(was)):
        return (
            f"the work may not have been done: of what completed {of(now)} brought an event, of what completed "
            f"before {of(was)}"
        )
    events, usual = median(one.events for one in done), median(one.seconds for one in done)
    few = _share(completed, lambda one: QUARTER * one.events < events)
    if most(few):
        return (
            f"the work may not have been done: {of(few)} that completed brought less than a quarter of the "
            f"{events:g} events that such work brought before"
        )
    short = _share(completed, lambda one: SHORT * one.seconds < usual)
    if usual >= SECOND and most(short):
        return (
            f"the work may not have been done: {of(short)} that completed took less than a tenth of the "
            f"{usual:.1f} s that such work took before"
        )
    return ""


def _share(completed: Sequence[Done], holds: Callable[[Done], bool]) -> Bounds:
    """Return the share of what completed for which something holds, as bounds."""
    spread = Spread.of([Observation(one.run, holds(one)) for one in completed])
    return spread.bounds(correlation([spread]))
