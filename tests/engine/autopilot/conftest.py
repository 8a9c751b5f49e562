"""A fix with failed phases of its fingerprint, and drains that end as a test says, without processes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from drain.engine.autopilot.rollouts import OnFix, advance, drain_on_fix
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import Attempt, Candidate, DrainSession, FixMarker, Phase, Rollout
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
)

ANN = Person("ann", Origin.BROWSER)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
Heals = Callable[[int], bool]
"""Whether the attempt of that number completes."""


class Story:
    """A fingerprint `cause`, phases that failed by it, and a marker at noon."""

    def __init__(
        self, phases: int, tried_before: int, *, healed_before: Heals = lambda _: False
    ) -> None:
        ExecutorFactory()
        self.cause = FingerprintFactory(key="cause")
        self.runs = [RunFactory() for _ in range(phases)]
        self.phases = [PhaseFactory(run=run, last_fingerprint="cause") for run in self.runs]
        for number in range(tried_before):
            done = healed_before(number)
            phase = PhaseFactory(state="COMPLETE", last_fingerprint="cause")
            AttemptFactory(phase=phase, fingerprint="cause", started_at=NOON - 2 * HOUR)
            AttemptFactory(
                phase=phase, outcome="complete" if done else "failed",
                fingerprint="" if done else "cause", started_at=NOON - HOUR,
            )  # fmt: skip
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
        for candidate in found:
            self.ended += 1
            done = heals(self.ended)
            AttemptFactory(
                phase=candidate.phase, session=drain, outcome="complete" if done else "failed",
                fingerprint="" if done else "cause", started_at=self.now,
            )  # fmt: skip
            Phase.objects.filter(pk=candidate.phase_id).update(
                state="COMPLETE" if done else "FAILED"
            )
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
