"""Phases that had failed by a cause and were tried again around noon, when a fix went in."""

from __future__ import annotations

from datetime import datetime, timedelta

from drain.models import Phase, Run
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    many,
)

BEFORE, AFTER = NOON - timedelta(hours=1), NOON + timedelta(hours=1)


def phases_tried(
    count: int, at: datetime, outcome: str, key: str = "", *, had: str = "k", run: Run | None = None
) -> list[Phase]:
    """Phases that a plan knew to have failed by `had`, each in a run of its own, tried once in one drain."""
    session = SessionFactory(started_at=at, ended_at=at + timedelta(minutes=30))
    runs = [run] * count if run else many(RunFactory, [{}] * count)
    state = "COMPLETE" if outcome == "complete" else "FAILED"
    phases = many(
        PhaseFactory,
        [{"run": one, "state": state, "last_fingerprint": "elsewhere"} for one in runs],
    )
    theirs = [{"session": session, "phase": phase} for phase in phases]
    many(CandidateFactory, [{**each, "fingerprint": had} for each in theirs])
    tried = {"outcome": outcome, "fingerprint": key, "started_at": at}
    many(AttemptFactory, [{**each, **tried} for each in theirs])
    return phases
