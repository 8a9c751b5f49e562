"""Other reasons than a fix for the end of failures:
an outage, a swing, another fix, another mix, no work done. Pure.

Each of them leaves the same shares before and after as a fix, so the shares alone would say that it works.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from operator import attrgetter

from drain.evidence.fixes.composition import elsewhere, given_up, hollow, reworded, side_by_side
from drain.evidence.fixes.contrast import (
    FEWEST,
    OUTAGES,
    Contrast,
    each_by_itself,
    failed,
    grouped,
    of,
)
from drain.evidence.fixes.trials import Trial

OUTAGE = timedelta(hours=24)
"""Failures of such a kind that lie closer together may all be of one outage."""
NEAR = 4
"""Hours of the clock within which two trials were at about the same time of day."""


def doubt(sides: Contrast) -> str:
    """Return another reason for the end of the failures than the fix, as the end of a sentence;
    "" for none known.

    It is asked where surely fewer fail so since the fix: each doubt takes a part of what shows that away.
    """
    return (
        _outage(sides)
        or _by_day(sides)
        or _swing(sides)
        or _gone_before(sides)
        or _earlier(sides)
        or given_up(sides)
        or elsewhere(sides, attrgetter("place"), "sources and executors")
        or elsewhere(sides, attrgetter("category"), "categories")
        or side_by_side(sides)
        or reworded(sides)
        or hollow(sides)
    )


def _outage(sides: Contrast) -> str:
    """Failures of a kind that passes, all within the time that an outage takes,
    but for too few to tell it otherwise.
    """
    if sides.category not in OUTAGES:
        return ""
    inside = _in_one_outage([trial for trial in sides.before if trial.failed_so])
    outside = [trial for trial in sides.before if trial not in inside]
    if sides.shown_by(outside):
        return ""
    moments = [moment for trial in inside for moment in _moments(trial)]
    rest = f"; the other {len(outside)} tried before it tell too little" if outside else ""
    return (
        f"it cannot be told from an outage that ended: failures of this kind ({sides.category}) pass by themselves, and "
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


def _by_day(sides: Contrast) -> str:
    """Return the doubt of a kind that may come every night:
    trials of the same hours before the fix show nothing.
    """
    if sides.category not in OUTAGES:
        return ""
    since = {trial.at.hour for trial in sides.after}
    hours = {(hour + off) % 24 for hour in since for off in range(-NEAR, NEAR + 1)}
    near = [trial for trial in sides.before if trial.at.hour in hours]
    if sides.shown_by(near):
        return ""
    return (
        f"it cannot be told from the time of day: failures of this kind ({sides.category}) pass by themselves, and of those "
        f"tried before the fix {len(near)} were at about the hours of those since, which tell too little"
    )


def _swing(sides: Contrast) -> str:
    """Return the doubt of a swing: surely fewer failed in one drain before the fix than in another."""
    drains = [
        each_by_itself(tries)
        for tries in grouped(sides.before, attrgetter("session")).values()
        if len(tries) >= FEWEST
    ]
    if not drains:
        return ""
    fewest, most = min(drains, key=attrgetter("high")), max(drains, key=attrgetter("low"))
    if fewest.high >= most.low:
        return ""
    return (
        f"it cannot be told from a swing: without the fix too {of(fewest)} failed this way in one drain "
        f"and {of(most)} in another"
    )


def _gone_before(sides: Contrast) -> str:
    """Return the doubt that it ended before the fix:
    of those tried last before surely fewer failed than of the first.
    """
    ordered = sorted(sides.before, key=attrgetter("at"))
    share = failed(ordered) / len(ordered)
    excess = list(accumulate(trial.failed_so - share for trial in ordered))
    parts = [
        n for n in range(FEWEST, len(ordered) - FEWEST + 1) if ordered[n - 1].at < ordered[n].at
    ]
    if not parts:
        return ""
    # Where the first part failed most beyond the share of all; that one place is asked, not every one.
    part = max(parts, key=lambda n: excess[n - 1])
    first, last = ordered[:part], ordered[part:]
    # A run ends alike here because something changed in between, so its phases count for themselves.
    if each_by_itself(last).high >= each_by_itself(first).low:
        return ""
    return (
        f"it cannot be told from what came before it: of the last {len(last)} tried before the marker "
        f"{failed(last)} failed this way, of the {len(first)} before them {failed(first)}"
    )


def _earlier(sides: Contrast) -> str:
    """Return the doubt of an earlier fix of the same, where trials between the two do not show this one."""
    fix = sides.earlier
    if fix is None:
        return ""
    place = "" if fix.source is None else f"{fix.source}/"
    between = [
        trial for trial in sides.before if trial.at > fix.at or not trial.place.startswith(place)
    ]
    if sides.shown_by(between):
        return ""
    tried = f"only {len(between)}" if between else "none"
    return (
        f"it cannot be told from FM-{fix.number}, a fix of the same before it: of the phases that failed this way "
        f"{tried} had been tried again between the two"
    )


def _span(time: timedelta) -> str:
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"
