"""DRAIN_REPORT: the JSON-lines file in which a phase tells what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StateEvent:
    """The phase reached a working state: executing, gate or ci_running."""

    state: str


@dataclass(frozen=True, slots=True)
class TelemetryEvent:
    """One unit of yield."""

    kind: str
    fields: Mapping[str, object]
    """Free fields, bounded and safe for jsonb."""


@dataclass(frozen=True, slots=True)
class FailureEvent:
    """Why the phase fails, in its own words."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """How far it is."""

    percent: float | None
    """0 to 100."""
    message: str


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """What the phase thinks of itself: complete, failed, retryable or skipped."""

    outcome: str


Event = StateEvent | TelemetryEvent | FailureEvent | ProgressEvent | OutcomeEvent


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a phase reported, bounded."""

    telemetry: tuple[TelemetryEvent, ...] = ()
    telemetry_count: int = 0
    """All telemetry lines that were read, kept in `telemetry` or not."""
    state: str | None = None
    """Last state reported."""
    failure: str | None = None
    """Last reason reported."""
    outcome: str | None = None
    """Last outcome reported."""
    progress: ProgressEvent | None = None
    bad_lines: tuple[str, ...] = ()
    """The first bad lines, each "line N: what is wrong"; never what the line said."""
    bad_count: int = 0
    problem: str | None = None
    """Why the file was not read, or not to its end: a sentence."""
