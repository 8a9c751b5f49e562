"""Phases that had failed by a cause and were tried again around noon, when a fix went in."""

from __future__ import annotations

from datetime import datetime, timedelta

from drain.models import Phase, Run
from tests.factories import NOON, AttemptFactory, CandidateFactory, PhaseFactory, SessionFactory

BEFORE, AFTER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


def phases_tried(
    count: int, at: datetime, outcome: str, key: str = "", *, had: str = "k", run: Run | None = None
) -> list[Phase]:
    """Phases that a plan knew to have failed by `had`, each in a run of its own, tried once in one drain."""
    session = SessionFactory(started_at=at, ended_at=at + timedelta(minutes=30))
    made = []
    for _ in range(count):
        phase = PhaseFactory(
            state="COMPLETE" if outcome == "complete" else "FAILED",
            last_fingerprint="elsewhere",
            **({"run": run} if run else {}),
        )
        CandidateFactory(session=session, phase=phase, fingerprint=had)
        AttemptFactory(
            session=session, phase=phase, outcome=outcome, fingerprint=key, started_at=at
        )
        made.append(phase)
    return made
