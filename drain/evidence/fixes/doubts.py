"""What else than a fix may have ended failures: an outage, a swing, another place, work that was not done. Pure.

Each of them leaves the same shares before and after as a fix, so the shares alone would say that it works.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from statistics import median
from typing import NamedTuple

from drain.evidence.fixes.trials import Trial
from drain.evidence.statistics.sequence import Bounds, Observation, Spread, both_bounds, correlation
from drain.fingerprints.model import Category

OUTAGES = frozenset({Category.NETWORK, Category.RATE_LIMIT, Category.TIMEOUT, Category.DATABASE})
"""Kinds of failures that come and go by themselves."""
CONTENDED = OUTAGES | {Category.OUT_OF_MEMORY, Category.DISK, Category.KILLED}
"""Kinds that come where phases take something from one another."""
OUTAGE = timedelta(hours=24)
"""Failures of such a kind that lie closer together may all be of one outage."""
FEWEST = 5
SHORT = 10
"""Work that takes less than this part of what it took is hardly the same work."""
SECOND = 1.0
"""Below a second how long something takes says nothing."""


class Done(NamedTuple):
    """An attempt that completed before the fix, of the same sources and sort of phase."""

    run: int
    events: int
    seconds: float


def doubt(
    category: str, before: Sequence[Trial], after: Sequence[Trial], done: Sequence[Done]
) -> str:
    """What may have ended the failures instead of the fix, as the end of a sentence; "" for nothing known."""
    return (
        _outage(category, before, after)
        or _swing(before)
        or _elsewhere(before, after)
        or _one_at_a_time(category, before, after)
        or _hollow(after, done)
    )


def _outage(category: str, before: Sequence[Trial], after: Sequence[Trial]) -> str:
    """Failures of a kind that passes, all within the time that an outage takes, but for too few to tell it otherwise."""
    if category not in OUTAGES:
        return ""
    inside = _in_one_outage([trial for trial in before if trial.failed_so])
    outside = [trial for trial in before if trial not in inside]
    if not inside or _fewer_fail(outside, after, _rho(before, after)):
        return ""
    moments = [moment for trial in inside for moment in _moments(trial)]
    rest = f"; the other {len(outside)} tried before it tell too little" if outside else ""
    return (
        f"it cannot be told from an outage that ended: failures of this kind ({category}) pass by themselves, and "
        f"{len(inside)} before the fix lie within {_span(max(moments) - min(moments))}, less than {_span(OUTAGE)}{rest}"
    )


def _in_one_outage(failed: Sequence[Trial]) -> frozenset[Trial]:
    """The most trials of which every failure lies in one stretch of OUTAGE; it begins at one of them."""
    brief = [trial for trial in failed if max(_moments(trial)) - min(_moments(trial)) < OUTAGE]
    first, last = (sorted(pick(_moments(trial)) for trial in brief) for pick in (min, max))
    if not brief:
        return frozenset()
    begin = max(first, key=lambda at: bisect_left(last, at + OUTAGE) - bisect_left(first, at))
    return frozenset(
        trial
        for trial in brief
        if begin <= min(_moments(trial)) and max(_moments(trial)) < begin + OUTAGE
    )


def _moments(trial: Trial) -> list[datetime]:
    return [trial.at, trial.had_at] if trial.had_at else [trial.at]


def _fewer_fail(was: Sequence[Trial], now: Sequence[Trial], rho: float) -> bool:
    """Whether these alone show that fewer fail so since the fix."""
    if len(was) < FEWEST:
        return False
    return _spread(now).bounds(rho).high < _spread(was).bounds(rho).low


def _rho(before: Sequence[Trial], after: Sequence[Trial]) -> float:
    """How alike phases of a run end: of a part of the trials too few runs would say so."""
    return correlation([_spread(before), _spread(after)])


def _spread(trials: Sequence[Trial]) -> Spread:
    return Spread.of([Observation(trial.run, trial.failed_so) for trial in trials])


def _by_drain(trials: Sequence[Trial]) -> list[list[Trial]]:
    """Drains may have run at once, so the order of time does not part them."""
    found: dict[int | None, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.session, []).append(trial)
    return list(found.values())


def _swing(before: Sequence[Trial]) -> str:
    """In one of the drains before the fix surely fewer failed than in another, each phase counted for itself."""
    drains = [
        Spread.of([Observation(n, trial.failed_so) for n, trial in enumerate(tries)]).bounds(rho=0)
        for tries in _by_drain(before)
        if len(tries) >= FEWEST
    ]  # fmt: skip
    if not drains:
        return ""
    fewest, most = min(drains, key=attrgetter("high")), max(drains, key=attrgetter("low"))
    if fewest.high >= most.low:
        return ""
    return (
        f"it cannot be told from a swing: without the fix too {_of(fewest)} failed so in one drain "
        f"and {_of(most)} in another"
    )


def _elsewhere(before: Sequence[Trial], after: Sequence[Trial]) -> str:
    """Another mix of sources and executors since the fix, and those of one mix do not show it."""
    was, now = _of_one_mix(before, after)
    if _fewer_fail(was, now, _rho(before, after)):
        return ""
    return (
        "it cannot be told from where it was tried: of the same sources and executors, as many of each, there are "
        f"{len(was)} before the fix and {len(now)} since, which tell too little"
    )


def _of_one_mix(before: Sequence[Trial], after: Sequence[Trial]) -> tuple[list[Trial], list[Trial]]:
    """As many trials of both sides as there are with the same share of each place."""
    was, now = _by_place(before), _by_place(after)
    shared = sorted(was.keys() & now.keys())
    if not shared:
        return [], []
    ratio = sum(len(now[place]) for place in shared) / sum(len(was[place]) for place in shared)
    takes = {place: min(len(was[place]), len(now[place]) / ratio) for place in shared}
    return (
        [one for place in shared for one in _spread_out(was[place], round(takes[place]))],
        [one for place in shared for one in _spread_out(now[place], round(takes[place] * ratio))],
    )


def _by_place(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.place, []).append(trial)
    return found


def _spread_out(trials: Sequence[Trial], count: int) -> list[Trial]:
    """So many of them, from the first to the last: a drain takes promising ones first."""
    return [trials[index * len(trials) // count] for index in range(count)]


def _one_at_a_time(category: str, before: Sequence[Trial], after: Sequence[Trial]) -> str:
    """What runs short when phases run side by side failed then, and was tried one by one since."""
    if category not in CONTENDED:
        return ""
    alone, alone_since = _alone(before), _alone(after)
    if 2 * len(alone_since) <= len(after) or _fewer_fail(alone, after, _rho(before, after)):
        return ""
    return (
        f"it cannot be told from running one at a time: {len(alone_since)} of {len(after)} did since the fix, before it "
        f"{len(alone)} of {len(before)}, and failures of this kind ({category}) come where phases run side by side"
    )


def _alone(trials: Sequence[Trial]) -> list[Trial]:
    """Those beside which no other of them ran."""
    ordered = sorted(trials, key=attrgetter("at"))
    found = []
    ended = datetime.min.replace(tzinfo=UTC)
    for index, trial in enumerate(ordered):
        end = trial.at + timedelta(seconds=trial.seconds)
        following = ordered[index + 1].at if index + 1 < len(ordered) else end
        if ended <= trial.at and end <= following:
            found.append(trial)
        ended = max(ended, end)
    return found


def _hollow(after: Sequence[Trial], done: Sequence[Done]) -> str:
    """What completes since the fix does not do what completed work did before it."""
    completed = [trial for trial in after if not trial.failed]
    if min(len(completed), len(done)) < FEWEST:
        return ""
    was, now = both_bounds(
        Spread.of([Observation(one.run, one.events > 0) for one in done]),
        Spread.of([Observation(one.run, one.events > 0) for one in completed]),
    )
    if now.high < was.low and now.share < 0.5:
        return (
            f"the work may not have been done: of what completed {_of(now)} brought an event, before the fix "
            f"{_of(was)}"
        )
    usual = median(one.seconds for one in done)
    short = [one.seconds * SHORT < usual for one in completed]
    found, _ = both_bounds(
        Spread.of([Observation(one.run, less) for one, less in zip(completed, short, strict=True)]),
        Spread(0, 0, 0, 0.0, 0.0),
    )
    if usual >= SECOND and found.low > 0.5:
        return (
            f"the work may not have been done: {_of(found)} that completed took less than a tenth of the "
            f"{usual:.1f} s that it took before the fix"
        )
    return ""


def _of(found: Bounds) -> str:
    return f"{found.failed:.0f} of {found.n} phases"


def _span(time: timedelta) -> str:
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
