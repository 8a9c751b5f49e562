"""Backlogs in which ended attempts alone, or shares alone, look like a fix:
what was left out of them is the truth.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bench.known_truth.backlogs import CAUSE, MARKER, OTHER, Backlog
from drain.evidence.fixes.contrast import Done
from drain.evidence.fixes.trials import Tried
from drain.fingerprints.model import Category

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _one_drain(b: Backlog, at: datetime, chances: list[float], category: str = "") -> None:
    """A drain whose phases fail by the cause with these chances, in this order,
    a second apart and two of a run.
    """
    first, drain = len(b.tried), len(b.tried)
    for place, chance in enumerate(chances):
        start = at + timedelta(seconds=place)
        failed = b.rng.random() < chance
        b.tried.append(Tried(
            first + place, (first + place) // 2, drain, start, start + timedelta(seconds=30),
            "failed" if failed else "complete", CAUSE if failed else "", CAUSE,
            category=category,
        ))  # fmt: skip


def reworded(b: Backlog) -> None:
    """Nothing was mended; since the marker the same failure has another text."""
    p = b.rng.uniform(0.2, 0.9)
    b.group(40, p, after=False)
    first = len(b.tried)
    b.group(100, p, after=True)
    b.tried[first:] = [
        tried._replace(key=OTHER) if tried.outcome == "failed" else tried
        for tried in b.tried[first:]
    ]


def hanging(b: Backlog) -> None:
    """Change the ends of phases that would have failed:
    they hang, are lost, are put off or are stopped by somebody.
    """
    p = b.rng.uniform(0.4, 0.9)
    end = b.rng.choice((None, "lost", "retryable", "cancelled", "interrupted"))
    b.group(30, p, after=False)
    first = len(b.tried)
    b.group(150, p, after=True)
    b.tried[first:] = [
        tried._replace(outcome=end, key="", finished_at=tried.finished_at if end else None)
        if tried.outcome == "failed"
        else tried
        for tried in b.tried[first:]
    ]


def other_category(b: Backlog) -> None:
    """It fails for big ones and seldom for small ones; mostly the other sort was tried since."""
    some = b.rng.choice((0, 6))
    _one_drain(b, MARKER - 9 * HOUR, [0.95] * 30, category="big")
    _one_drain(b, MARKER - 8 * HOUR, [0.1] * some, category="small")
    _one_drain(b, MARKER + HOUR, [0.95] * some, category="big")
    _one_drain(b, MARKER + 2 * HOUR, [0.1] * b.rng.randint(30, 100), category="small")


def gone_before(b: Backlog) -> None:
    """It ended in the middle of a drain, and the marker was set when somebody saw that."""
    _one_drain(b, MARKER - HOUR, [0.95] * b.rng.randint(20, 40) + [0.05] * b.rng.randint(12, 30))
    _one_drain(b, MARKER + HOUR, [0.05] * b.rng.randint(30, 100))


def nightly(b: Backlog) -> None:
    """It fails every night and not by day."""
    b.category = Category.DATABASE
    for night in range(1, b.rng.randint(3, 6)):
        _one_drain(b, MARKER - night * DAY + b.rng.uniform(0, 2) * HOUR, [0.95] * 10)
    _one_drain(b, MARKER + b.rng.uniform(9, 16) * HOUR, [0.05] * b.rng.randint(30, 100))


def given_up(b: Backlog) -> None:
    """Half of them never complete and were given up; the other half was flaky before and since."""
    p = b.rng.uniform(0.05, 0.2)
    chances = [1.0, p] * 40
    _one_drain(b, MARKER - HOUR, chances)
    b.tried = [
        tried._replace(given_up=True) if chances[place] == 1.0 else tried
        for place, tried in enumerate(b.tried)
    ]
    _one_drain(b, MARKER + HOUR, [p] * b.rng.randint(30, 100))


def fewer_side_by_side(b: Backlog) -> None:
    """Memory runs out where a dozen run side by side; since the marker there were two or three."""
    b.category = Category.OUT_OF_MEMORY
    b.drain(1, MARKER - 2 * DAY, 40, 0.95, seconds=12)
    b.drain(2, MARKER + HOUR, b.rng.randint(30, 100), 0.02, seconds=b.rng.uniform(1.5, 3))


def hollow_events(b: Backlog) -> None:
    """Since the marker each phase says once that it ran, and does nothing else."""
    b.drain(1, MARKER - 9 * HOUR, 30, 0.95)
    b.done = [Done(1000 + n // 4, b.rng.randint(5, 40), b.rng.uniform(20, 60)) for n in range(40)]
    b.drain(9, MARKER + HOUR, 60, 0.0, b.rng.uniform(20, 60), events=1)


def real_with_lost(b: Backlog) -> None:
    """A fix, and a tenth of the attempts lost on either side."""
    b.group(24, 0.95, after=False, lost=0.1)
    b.group(b.rng.randint(45, 80), 0.07, after=True, lost=0.07)


def real_in_categories(b: Backlog) -> None:
    """A fix of what fails in several categories, in another order since it."""
    sorts = ["a", "b", "c", "d"][: b.rng.randint(2, 4)]
    for number, sort in enumerate(sorts):
        _one_drain(b, MARKER - (9 - number) * HOUR, [0.95] * b.rng.randint(8, 16), category=sort)
    for number, sort in enumerate(reversed(sorts)):
        _one_drain(b, MARKER + (1 + number) * HOUR, [0.08] * b.rng.randint(20, 40), category=sort)
