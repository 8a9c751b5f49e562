"""An attempt that stands in the books as open, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from drain.engine.process.outcome import Decision
from drain.engine.process.profile import Profile
from drain.models import TelemetryEvent
from drain.models.vocabulary import PhaseState
from drain.policy.reasons import ExclusionReason
from drain.policy.states import Outcome


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The stored state of an attempt that another loop had submitted to a service."""

    accepted: bool
    """The service was known to have it."""
    elapsed: float
    """Seconds since its start."""
    states: int
    """Changes of state that it reported."""


@dataclass(frozen=True, slots=True)
class StartedAttempt:
    """An attempt that this worker has started in the books and has to run."""

    attempt: int
    number: int
    started_at: datetime
    lease: UUID
    timeout: float
    profile: Profile
    phase: int
    phase_id: str
    phase_index: int
    params: Any
    """The JSON that was imported, of any kind; only an object holds parameters."""
    run: int
    run_id: str
    source: int | None
    """Set if its source has a truth of its own to be asked and told."""
    session: int | None
    session_run: int | None
    was: str
    """State of the phase before this attempt: FAILED, or QUEUED where asked for by name or offered again."""
    ignores_queued: bool
    """True if phases queued before it in its source do not matter."""
    cause: str
    """The fingerprint that its phase was known by when the plan was made."""
    position: int
    """Of its candidate in the plan, from 1."""
    sequential: bool
    """Its run goes on with its phases in order, so one that is offered again is still the next."""
    tries: int
    """Attempts of this phase in this session, this one included."""
    lost_claim: str = ""
    """Cookie of the attempt before, if that was lost: what it may have left here is ended first."""
    taken_over: TakenOver | None = None
    """Set if another loop began it."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """Everything known about an attempt whose child is gone."""

    decision: Decision
    exit_code: int | None = None
    signal: int | None = None
    argv: tuple[str, ...] = ()
    log_bytes: int = 0
    log_inline: bytes | None = None
    log_name: str = ""
    bad_lines: int = 0
    states: tuple[str, ...] = ()
    """Working states that it reported and that are not in the books yet, in order."""
    telemetry: tuple[TelemetryEvent, ...] = ()
    """Rows to keep, without phase and attempt."""
    detail: str = ""
    """The detail of the exclusion, for an attempt that was diverted."""
    state: PhaseState | None = None
    """Of the phase in its source, which has the last word; None leaves it to the outcome."""
    excluded: ExclusionReason | None = None
    """The reason on its candidate, for an attempt that was diverted."""
    executor: str = ""
    """The executor that reported the fingerprint, if one did."""
    never_ran: bool = False
    """True if the reason kept the phase from being run: it is no fingerprint then."""

    def without_states(self, entered: int) -> Self:
        """Return the result without the first states, which are in the books."""
        return replace(self, states=self.states[entered:]) if entered else self


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """A started attempt with its result."""

    started: StartedAttempt
    result: AttemptResult


def not_run(sentence: str, outcome: Outcome) -> AttemptResult:
    """The result of an attempt whose phase never ran, for this reason."""
    return AttemptResult(
        Decision(
            outcome=outcome,
            reason=sentence,
            fingerprint_input=sentence if outcome is not Outcome.LOST else "",
            telemetry_count=0,
            zero_yield_reason="unknown" if outcome is Outcome.LOST else "failed_before_llm",
            reached_limit_boundary=False,
        ),
        never_ran=outcome is not Outcome.FAILED,
    )
