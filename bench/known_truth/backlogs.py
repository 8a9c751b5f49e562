"""Attempts around a fix marker, drawn so that the truth is known."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from drain.evidence.fixes.contrast import Done
from drain.evidence.fixes.trials import Tried

LOOKS = (5, 10, 20, 30, 50, 75, 100, 150)
START = datetime(2026, 1, 1, tzinfo=UTC)
MARKER = START + timedelta(days=1)
CAUSE, PLACED, OTHER, CRASH = "cause", "cause in a place", "other", "crash"
OLD_HEALED = 4
"""Of phases that had all failed: √4 is more than 1.96, the score test of the same phases (McNemar)."""
FEW, SHARE, MANY = 3, 10, 30
"""Clean phases that ended a cause by the old rule: all of three, a tenth, at most thirty."""


@dataclass
class Backlog:
    """Attempts around a marker, as they would be read."""

    rng: random.Random
    tried: list[Tried] = field(default_factory=list)
    marker: datetime = MARKER
    category: str = ""
    done: list[Done] = field(default_factory=list)
    """The phases that completed before the fix."""

    def retry(
        self, phase: int, run: int, key: str, fails: str, *, after: bool, planned: str = CAUSE
    ) -> None:
        """One phase that had failed by `planned` tried once: fails by `key`, completes where that is ""."""
        number = len(self.tried)
        at = (MARKER if after else START) + timedelta(seconds=number + 1)
        self.tried.append(
            Tried(phase, run, number, at, at + timedelta(seconds=30), fails, key, planned)
        )

    def drain(
        self,
        number: int,
        at: datetime,
        count: int,
        chance: float,
        seconds: float = 30,
        events: int = 0,
        place: str = "",
    ) -> None:
        """A drain of `count` phases, four of a run, a second apart,
        each failing by the cause with its chance.
        """
        first = len(self.tried)
        for index in range(first, first + count):
            start = at + timedelta(seconds=index - first)
            failed = self.rng.random() < chance
            self.tried.append(Tried(
                index, index // 4, number, start, start + timedelta(seconds=seconds),
                "failed" if failed else "complete", CAUSE if failed else "", CAUSE, 0 if failed else events, place,
            ))  # fmt: skip

    def one(self, phase: int, run: int, chance: float, *, after: bool) -> bool:
        """One phase that fails by the cause with its chance; whether it did."""
        failed = self.rng.random() < chance
        self.retry(
            phase, run, CAUSE if failed else "", "failed" if failed else "complete", after=after
        )
        return failed

    def group(
        self, count: int, chance: float | Callable[[int], float], *,
        after: bool, key: str = CAUSE, planned: str = CAUSE, moved: str = "", each: int = 4,
        lost: float = 0.0,
    ) -> None:  # fmt: skip
        """`count` phases, `each` of a run, each failing by `key` with its chance; others end by `moved`."""
        first = len(self.tried)
        for index in range(count):
            run = first + index // each
            share = chance if isinstance(chance, float) else chance(run)
            failed = self.rng.random() < share
            if self.rng.random() < lost:
                self.retry(first + index, run, "worker lost", "lost", after=after, planned=planned)
                continue
            name = key if failed else moved
            self.retry(
                first + index,
                run,
                name,
                "failed" if name else "complete",
                after=after,
                planned=planned,
            )
