"""A fix with failed phases of its fingerprint, and drains that end as a test says, without processes."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from drain.engine.autopilot.rollouts import OnFix, advance, drain_on_fix
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import Attempt, Candidate, DrainSession, FixMarker, Phase, Rollout, Run
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from tests.factories import NOON, ExecutorFactory, FingerprintFactory

ANN = Person("ann", Origin.BROWSER)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Heals = Callable[[int], bool]
"""Tells whether the attempt of that number completes."""


def attempts(
    ends: Sequence[tuple[Phase, bool]], at: datetime, number: int = 1, **more: object
) -> None:
    """An attempt of each phase that started at that time: complete, or failed by `cause`."""
    Attempt.objects.bulk_create(
        Attempt(
            phase=phase, run_id=phase.run_id, number=number, started_at=at, finished_at=at + MINUTE,
            outcome="complete" if done else "failed", fingerprint="" if done else "cause", **more,
        )
        for phase, done in ends
    )  # fmt: skip


class Story:
    """A fingerprint `cause`, phases that failed by it, and a marker at noon."""

    def __init__(
        self, phases: int, tried_before: int, *, healed_before: Heals = lambda _: False
    ) -> None:
        ExecutorFactory()
        self.cause = FingerprintFactory(key="cause")
        names = [f"run-{number}" for number in range(phases + tried_before)]
        runs = Run.objects.bulk_create(Run(run_id=name) for name in names)
        found = Phase.objects.bulk_create(
            Phase(
                run=run, phase_id="phase-0", phase_index=0, last_fingerprint="cause",
                state="FAILED" if number < phases else "COMPLETE", state_changed_at=NOON, source_changed_at=NOON,
            )
            for number, run in enumerate(runs)
        )  # fmt: skip
        self.runs, self.phases = runs[:phases], found[:phases]
        past = found[phases:]
        attempts([(phase, False) for phase in past], NOON - 2 * HOUR)
        attempts(
            [(phase, healed_before(number)) for number, phase in enumerate(past)], NOON - HOUR, 2
        )
        self.now = NOON
        self.ended = 0

    def mark(self, **wanted: object) -> Rollout:
        """The fix goes in and is to be drained."""
        return drain_on_fix(self.marker(), OnFix(**wanted), ANN, self.now)  # type: ignore[arg-type]

    def marker(self) -> FixMarker:
        by = By(ANN.name, ANN.origin, self.now)
        marker = add_marker("Pinned the library", by, keys=["cause"])
        FixMarker.objects.filter(pk=marker.pk).update(created_at=self.now)
        marker.refresh_from_db()
        self.now += MINUTE
        return marker

    def live(self) -> DrainSession:
        return DrainSession.objects.get(ended_at=None)

    def play(self, heals: Heals) -> int:
        """Every phase of the live drain is tried, and the drain ends; returns how many that were."""
        drain = self.live()
        waiting = Candidate.objects.filter(session=drain, status="waiting").order_by("position")
        found = list(waiting.select_related("phase"))
        ends = []
        for candidate in found:
            self.ended += 1
            ends.append((candidate.phase, heals(self.ended)))
        attempts(ends, self.now, 7, session=drain)
        healed = [phase.pk for phase, done in ends if done]
        Phase.objects.filter(pk__in=healed).update(state="COMPLETE")
        waiting.update(status="done")
        self.now += 5 * MINUTE
        DrainSession.objects.filter(pk=drain.pk).update(state="finished", ended_at=self.now)
        return len(found)

    def to_the_end(self, heals: Heals) -> list[int]:
        """Round by round until it is over; returns the sizes of its drains."""
        sizes = []
        while advance(self.now) and DrainSession.objects.filter(ended_at=None).exists():
            sizes.append(self.play(heals))
        return sizes


@pytest.fixture
def story(db: None) -> Callable[..., Story]:
    return Story


def chance(share: float, seed: int) -> Heals:
    """Completes at random."""
    rng = random.Random(seed)
    return lambda _: rng.random() < share


def tried(now: datetime) -> int:
    """Phases tried since noon."""
    return (
        Attempt.objects.filter(started_at__gt=NOON, started_at__lte=now)
        .values("phase")
        .distinct()
        .count()
    )
