"""Did a fix work: what phases did when they were tried again, before it and after it. Pure.

A phase that failed by a cause may complete when it is tried again for no reason at all, so what counts is
not how many no longer fail, but how many more than before the fix. The rule is in docs/evidence.md;
bench/truth.py measures how often it says what is not so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from drain.evidence.fixes.contrast import FEWEST, Contrast, Done, spread
from drain.evidence.fixes.doubts import doubt
from drain.evidence.fixes.trials import Earlier, Trial
from drain.evidence.statistics.sequence import (
    Bounds,
    both_bounds,
    fixed_bounds,
    smallest,
)

FEWEST_TO_WORK = 24
"""With fewer, half a fix is taken for a whole one more often than 4 times of 1,000."""


class Ruling(StrEnum):
    """The verdict on a fix, in one word."""

    WORKS = "works"
    PARTLY = "partly"
    DOES_NOT_WORK = "does_not_work"
    NOT_ENOUGH_DATA = "not_enough_data"
    CANNOT_BE_TOLD = "cannot_be_told"


@dataclass(frozen=True, slots=True)
class FixDemands:
    """The demands of a marker on its fix."""

    majority: float = 0.5
    """Works only below this share, does not work above it."""
    gain: float = 0.2
    """Works only if at most this share still fails; less of a gain than this is none."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of phases that had failed by one fingerprint, in the order in which they ended."""

    key: str
    title: str
    after: Sequence[Trial] = ()
    before: Sequence[Trial] = ()
    """Its own past: tried again before the fix."""
    category: str = ""
    """The category of the failure."""
    done: Sequence[Done] = ()
    """The phases that completed before the fix, of the same sources and sorts of phase."""
    at_source: int = 0
    """Phases that failed so in their source since the fix, and were not tried since."""
    unended: Sequence[Trial] = ()
    """Phases that were started since the fix and came to no end of their own, as if they had failed so."""
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True)
class Others:
    """Phases of causes that the fix does not touch, by their own cause; they tell a general recovery."""

    before: Bounds
    after: Bounds

    @classmethod
    def of(cls, before: Sequence[Trial], after: Sequence[Trial]) -> Others | None:
        """Return the others of both sides; None where one side has none.
        Few tell little, and their bounds say so.
        """
        if not before or not after:
            return None
        return cls(*_both(before, after))


@dataclass(frozen=True, slots=True)
class CauseVerdict:
    """The verdict on a fix and one fingerprint, with the facts it rests on."""

    key: str
    title: str
    ruling: Ruling
    after: Bounds
    before: Bounds
    others: Others | None = None
    moved: int = 0
    """Phases that failed after the fix by another cause."""
    enough: int | None = None
    """Phases after the fix with which it would be decided, were the shares to stay; None: none would."""
    doubt: str = ""
    """Another reason than the fix for the end of the failures; "" for none known."""
    at_source: int = 0
    """Phases that failed so in their source since the fix: no second tries, so named beside the share."""
    unended: int = 0
    """Phases started since the fix without an end of their own: lost, stopped, put off or running."""


def judge(
    evidence: Evidence, others: Others | None = None, limits: FixDemands | None = None
) -> CauseVerdict:
    """The verdict on one cause."""
    before, after = _both(evidence.before, evidence.after)
    limits = limits or FixDemands()
    moved = sum(trial.failed and not trial.failed_so for trial in evidence.after)
    ruling = _ruling(before, after, others, limits)
    failing = after.failed + moved + evidence.at_source
    if ruling is Ruling.WORKS and 2 * failing > after.n + evidence.at_source:
        ruling = (
            Ruling.PARTLY
        )  # no green over a failing majority, whatever and wherever it fails by now
    doubted = ""
    if ruling in (Ruling.WORKS, Ruling.PARTLY):
        doubted = doubt(
            Contrast(
                evidence.category, evidence.before, evidence.after, evidence.done, evidence.earlier
            )
        )
        ruling = Ruling.CANNOT_BE_TOLD if doubted else ruling
    # What hangs, is lost or is put off may be what would have failed:
    # the verdict has to stand if all of it did.
    unended = len(evidence.unended)
    if unended and ruling in (Ruling.WORKS, Ruling.PARTLY):
        worst = _both(evidence.before, [*evidence.after, *evidence.unended])
        if not _stands(ruling, _ruling(*worst, others, limits)):
            ruling = Ruling.NOT_ENOUGH_DATA
    enough = None
    if ruling is Ruling.NOT_ENOUGH_DATA:
        enough = _enough(before, after, others, limits, unended)
    return CauseVerdict(
        evidence.key, evidence.title, ruling, after, before, others, moved, enough, doubted,
        evidence.at_source, unended,
    )  # fmt: skip


def together(verdicts: Sequence[CauseVerdict]) -> Ruling:
    """Return the ruling on a fix of several fingerprints: partly, where it helped some of them."""
    rulings = {verdict.ruling for verdict in verdicts}
    if len(rulings) == 1:
        return rulings.pop()
    if rulings & {Ruling.WORKS, Ruling.PARTLY}:
        return Ruling.PARTLY
    for ruling in (Ruling.DOES_NOT_WORK, Ruling.CANNOT_BE_TOLD):
        if ruling in rulings:
            return ruling
    return Ruling.NOT_ENOUGH_DATA


def _both(before: Sequence[Trial], after: Sequence[Trial]) -> tuple[Bounds, Bounds]:
    return both_bounds(spread(before), spread(after))


def _ruling(before: Bounds, after: Bounds, others: Others | None, limits: FixDemands) -> Ruling:
    """The first line of the table that holds."""
    if after.n < FEWEST:
        return Ruling.NOT_ENOUGH_DATA
    if before.n < FEWEST:
        return _without_past(after, limits)
    if after.high < before.low:
        if others is not None and _beyond_others(before, after, others) <= 0:
            return Ruling.CANNOT_BE_TOLD
        if after.share > limits.gain:
            return Ruling.PARTLY
        works = after.high < limits.majority and after.n >= FEWEST_TO_WORK
        return Ruling.WORKS if works else Ruling.NOT_ENOUGH_DATA
    if after.low > limits.majority or before.high - after.low < limits.gain:
        return Ruling.DOES_NOT_WORK
    return Ruling.NOT_ENOUGH_DATA


def _without_past(after: Bounds, limits: FixDemands) -> Ruling:
    """Rule without trials before the fix: a majority that fails needs no comparison, the rest has none."""
    if after.low > limits.majority:
        return Ruling.DOES_NOT_WORK
    return Ruling.CANNOT_BE_TOLD if after.share <= limits.majority else Ruling.NOT_ENOUGH_DATA


def _beyond_others(before: Bounds, after: Bounds, others: Others) -> float:
    """Lower bound of the fix's gain less that of the causes it does not touch.

    The bounds of the four shares put together as Zou and Donner do (Statistics in Medicine 27:1693, 2008).
    """
    gain = before.share - after.share
    elsewhere = others.before.share - others.after.share
    return (gain - elsewhere) - math.hypot(
        before.share - before.low, after.high - after.share,
        others.before.high - others.before.share, others.after.share - others.after.low,
    )  # fmt: skip


def _stands(ruling: Ruling, worst: Ruling) -> bool:
    """Return whether a verdict is no worse where phases that have not ended count as failed."""
    return worst in (ruling, Ruling.WORKS)


def _enough(
    before: Bounds, after: Bounds, others: Others | None, limits: FixDemands, unended: int = 0
) -> int | None:
    """The fewest phases after the fix that would decide, were the shares and the runs' size to stay.

    Where none was tried since, as if all of them completed; what has not ended as if it failed so.
    """
    effect = after.n / after.effective if after.n else 1.0

    def ruling(failed: float, n: int) -> Ruling:
        low, high = fixed_bounds(failed / effect, n / effect)
        planned = after._replace(failed=failed, n=n, low=low, high=high)
        return _ruling(before, planned, others, limits)

    def decided(n: int) -> bool:
        failed = after.share * n
        found = ruling(failed, n)
        if found in (Ruling.WORKS, Ruling.PARTLY):
            return _stands(found, ruling(failed + unended, n + unended))
        return found is Ruling.DOES_NOT_WORK

    return smallest(decided, max(FEWEST, after.n + 1))
