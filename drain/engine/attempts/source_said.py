"""The source's word on a phase after an attempt,
and the refusal to start a phase that its source had move on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from drain.engine.process.outcome import Decision
from drain.engine.process.outcome import SourceOutcome as SourceSays
from drain.models import TelemetryEvent
from drain.models.vocabulary import WORKING_STATES, PhaseState
from drain.policy.reasons import ExclusionReason
from drain.policy.states import Outcome
from drain.sources.autopack.rows import SourceRow


class SourceMovedError(Exception):
    """The source says before the start that the phase is not ours to run; the sentence says why."""

    def __init__(self, reason: ExclusionReason, detail: str, state: PhaseState) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.state = state


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """The source's word after an attempt."""

    source: SourceSays | None = None
    telemetry: list[TelemetryEvent] = field(default_factory=list)
    detail: str = ""
    state: PhaseState | None = None
    """Of the phase in its source; None leaves it to the outcome."""
    excluded: ExclusionReason | None = None
    """The reason for leaving the phase out of the plan, if it was not run."""


class SourceReadBack(Protocol):
    """A source that is being read back after an attempt, one look at a time."""

    def look(self) -> SourceAnswer | None:
        """Look once; None if it is to be looked at again in a second."""

    def hurry(self) -> None:
        """Let the next look be the last."""


def moved_on(moved: SourceMovedError) -> tuple[Decision, SourceAnswer]:
    """The end of an attempt whose child never started, because the source had the phase moved on."""
    decision = Decision(
        outcome=Outcome.DIVERTED,
        reason=moved.detail,
        fingerprint_input="",
        telemetry_count=0,
        zero_yield_reason="",
        reached_limit_boundary=False,
    )
    return decision, left_alone(moved)


def left_alone(moved: SourceMovedError, outcome: Outcome | None = None) -> SourceAnswer:
    says = SourceSays(moved.detail, outcome) if outcome else None
    return SourceAnswer(says, detail=moved.detail, state=moved.state, excluded=moved.reason)


def not_ours(row: SourceRow, source: str) -> SourceMovedError:
    if row.state in WORKING_STATES:
        detail = f"is {row.state} in {source}, started by somebody else"
        return SourceMovedError(ExclusionReason.LEASED, detail, row.state)
    detail = f"is {row.state} in {source} by now"
    return SourceMovedError(ExclusionReason.NO_LONGER_FAILED, detail, row.state)
