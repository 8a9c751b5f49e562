"""What an attempt came to: pure decisions over how the child ended and what it reported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from drain.engine.child.ended import Ended


class Outcome(StrEnum):
    """How an attempt ended; the same words as everywhere."""

    COMPLETE = "complete"
    FAILED = "failed"
    TIMEOUT = "timeout"
    RETRYABLE = "retryable"
    SKIPPED = "skipped"
    LOST = "lost"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    DIVERTED = "diverted"


@dataclass(frozen=True, slots=True)
class Source:
    """What the phase's source says after the attempt (Autopack); for other phases there is none."""

    reason: str = ""
    outcome: Outcome | None = None
    """COMPLETE, FAILED, SKIPPED, RETRYABLE (unsettled) or DIVERTED; None says nothing."""
    telemetry_count: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one attempt."""

    outcome: Outcome
    reason: str
    """Why it did not complete, for people, bounded; "" when complete."""
    fingerprint_input: str
    """Text to fingerprint; "" when there is no failure to file."""
    telemetry_count: int
    zero_yield_reason: str
    """One of ZERO_YIELD_REASONS, "" when there was yield."""
    reached_limit_boundary: bool


def decide(ended: Ended, source: Source | None = None) -> Decision:
    """Return the verdict. Later duties (phase state, counters) are the engine's."""
    raise NotImplementedError
