"""Start a drain for an autopilot or a drain on fix, through the verbs that people use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from drain.engine.errors import EngineError, InputError
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.verbs import start_session
from drain.evidence.fixes.contrast import FEWEST
from drain.evidence.fixes.rollout import SAMPLE
from drain.models import DrainSession
from drain.policy.selection.graph import CycleError
from drain.policy.stopping.limits import LimitError

MOST_SAMPLE = 10_000
REFUSALS = (EngineError, LimitError, CycleError)
"""Errors of the verbs where nothing can be started: one sentence."""


def begin(asked: DrainRequest, now: datetime, **belongs_to: Any) -> DrainSession:
    """Plan and start a drain that belongs to an autopilot, a rollout and a step of it.

    Call it in a transaction that is rolled back on EngineError, which an empty plan raises, too: a drain of
    nothing every hour would only hide the others. PostgreSQL refuses a second one of the same autopilot, or
    of the same step.
    """
    session = create_session(asked, now)
    if not session.selected:
        parts = [f"{count:,} {reason}" for reason, count in session.ledger.items() if count]
        raise EngineError(f"Nothing was selected ({', '.join(parts) or 'nothing is failed'}).")
    DrainSession.objects.filter(pk=session.pk).update(**belongs_to)
    start_session(session)
    return session


def require_sample(sample: int) -> None:
    """Raise InputError for a sample by which no fix could be judged."""
    if not FEWEST <= sample <= MOST_SAMPLE:
        raise InputError(
            f"A sample of {sample:,} makes no sense: give {FEWEST} to {MOST_SAMPLE:,}. A fix can be said to work "
            f"from {SAMPLE} phases on."
        )
