"""The course of a drain on fix: a sample, then ramps that double,
while the verdict on the fix says that it works. Pure.

It has no rule of its own about fixes: each step asks the one verdict (`verdict.judge`),
which holds at every look.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from drain.evidence.fixes.verdict import FEWEST_TO_WORK, CauseVerdict, Ruling

SAMPLE = FEWEST_TO_WORK
"""With fewer no fix can be said to work."""
MOST_SAMPLES = 4
"""A sample that leaves it open is added to, up to so many times its size in all."""


class RolloutEnd(StrEnum):
    """The reason why a drain on fix is over."""

    DRAINED = "drained"
    """Everything that the fix is about was tried."""
    NOTHING_FAILED = "nothing_failed"
    """There was nothing to try."""
    DOES_NOT_WORK = "does_not_work"
    PARTLY = "partly"
    CANNOT_BE_TOLD = "cannot_be_told"
    UNDECIDED = "undecided"
    """The largest sample left it open."""
    DRAIN_STOPPED = "drain_stopped"
    """One of its drains ended before its plan did."""
    NOTHING_SELECTED = "nothing_selected"
    """The rest is held, waits or has no executor."""
    BUDGET = "budget"
    PERSON = "person"

    @property
    def sentence(self) -> str:
        """One sentence for people."""
        return _SENTENCES[self]

    @property
    def advice(self) -> str:
        """The next safe step."""
        return _ADVICE.get(self, "")


_SENTENCES = {
    RolloutEnd.DRAINED: "Everything that the fix is about has been tried.",
    RolloutEnd.NOTHING_FAILED: "No phase is failed by what the fix is about and was not tried since it.",
    RolloutEnd.DOES_NOT_WORK: "Phases still fail this way: the rest was not drained.",
    RolloutEnd.PARTLY: "The fix helps only in part: the rest was not drained.",
    RolloutEnd.CANNOT_BE_TOLD: "The fix cannot be told from what happens without one: the rest was not drained.",
    RolloutEnd.UNDECIDED: "The largest sample leaves open whether it works: the rest was not drained.",
    RolloutEnd.DRAIN_STOPPED: "One of its drains ended before its plan did: the rest was not drained.",
    RolloutEnd.NOTHING_SELECTED: "Nothing of what is left can be drained now.",
    RolloutEnd.BUDGET: "The budget of the autopilot is used up.",
    RolloutEnd.PERSON: "Somebody stopped it.",
}
_ADVICE = {
    RolloutEnd.DOES_NOT_WORK: "Mend it again and add a marker for that fix.",
    RolloutEnd.PARTLY: "See on the page of the fix which fingerprints it helped, and drain those.",
    RolloutEnd.CANNOT_BE_TOLD: (
        "Look at the sample, and drain the rest by hand if it convinces. Next time drain 12 phases before the "
        "fix goes in."
    ),
    RolloutEnd.UNDECIDED: "Look at the sample, and drain the rest by hand if it convinces.",
    RolloutEnd.DRAIN_STOPPED: "See the stop card of that drain.",
    RolloutEnd.NOTHING_SELECTED: "See the ledger of a drain of its fingerprints.",
    RolloutEnd.BUDGET: "Drain the rest by hand, or add the marker again tomorrow.",
}


@dataclass(frozen=True, slots=True)
class Step:
    """The next step: a drain of so many phases, or the end."""

    size: int = 0
    end: RolloutEnd | None = None


class Course(NamedTuple):
    """The progress of a drain on fix."""

    sample: int
    tried: int = 0
    """Phases that had been tried since the fix when its latest drain began."""
    drained: int = 0
    """Drains of it that have ended."""
    ramps: int = 0
    """Those of them that were no sample."""


def next_step(
    course: Course, causes: Sequence[CauseVerdict], untried: dict[str, int]
) -> tuple[Step, bool]:
    """Return what comes next, and whether that is a ramp.

    `untried` counts the failed phases that were not tried since the fix, by cause; a cause of which nothing
    is left and nothing was tried has no say. Ramps go on while every other cause works.
    """
    left = sum(untried.values())
    if not left:
        end = RolloutEnd.DRAINED if course.drained else RolloutEnd.NOTHING_FAILED
        return Step(end=end), False
    if not course.drained:
        return Step(min(course.sample, left)), False
    said = [one for one in causes if one.after.n or untried.get(one.key)]
    tried = sum(one.after.n for one in causes)
    for ruling, end in _STOPS.items():
        if any(one.ruling is ruling for one in said):
            return Step(end=end), False
    open_ones = [one for one in said if one.ruling is Ruling.NOT_ENOUGH_DATA]
    if tried <= course.tried or any(one.enough is None for one in open_ones):
        return Step(end=RolloutEnd.UNDECIDED), False
    if not open_ones:
        return Step(min(course.sample * 2**course.ramps, left)), True
    missing = sum((one.enough or 0) - one.after.n for one in open_ones)
    size = min(missing, MOST_SAMPLES * course.sample - tried, left)
    return (Step(size) if size > 0 else Step(end=RolloutEnd.UNDECIDED)), False


_STOPS = {
    Ruling.DOES_NOT_WORK: RolloutEnd.DOES_NOT_WORK,
    Ruling.CANNOT_BE_TOLD: RolloutEnd.CANNOT_BE_TOLD,
    Ruling.PARTLY: RolloutEnd.PARTLY,
}


class Untried(NamedTuple):
    """A phase that can be drained."""

    phase: int
    run: int
    cause: str


def draw(phases: Iterable[Untried], size: int, seed: int) -> list[int]:
    """Choose by lot, in turn of each cause and within it of each run; the same phases for the same seed."""
    lots = sorted(phases, key=lambda one: hashlib.sha256(f"{seed}:{one.phase}".encode()).digest())
    of_run: dict[tuple[str, int], int] = defaultdict(int)
    of_cause: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for lot, one in enumerate(lots):
        of_cause[one.cause].append((of_run[one.cause, one.run], lot, one.phase))
        of_run[one.cause, one.run] += 1
    turns = sorted(
        (turn, lot, phase)
        for queue in of_cause.values()
        for turn, (_, lot, phase) in enumerate(sorted(queue))
    )
    return [phase for _, _, phase in turns[:size]]
