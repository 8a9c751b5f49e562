"""The words for what a phase is doing and how one execution of it ended."""

from __future__ import annotations

from enum import StrEnum


class PhaseState(StrEnum):
    """The state of a phase in its pipeline."""

    QUEUED = "QUEUED"
    """The pipeline means to run it; a drain leaves it alone."""
    EXECUTING = "EXECUTING"
    """A worker runs it now."""
    GATE = "GATE"
    """It ran and waits for its quality gate."""
    CI_RUNNING = "CI_RUNNING"
    """It ran and waits for continuous integration."""
    COMPLETE = "COMPLETE"
    """It succeeded; an end."""
    FAILED = "FAILED"
    """It failed; the only state a drain starts from."""
    SKIPPED = "SKIPPED"
    """Somebody decided that it need not run; an end."""


WORKING = frozenset({PhaseState.EXECUTING, PhaseState.GATE, PhaseState.CI_RUNNING})
"""Somebody holds the phase: what depends on it waits for news."""

SATISFIED = frozenset({PhaseState.COMPLETE, PhaseState.SKIPPED})
"""The states of a phase whose dependents may run."""


class Outcome(StrEnum):
    """The outcome of one attempt."""

    COMPLETE = "complete"
    """The phase succeeded."""
    FAILED = "failed"
    """The phase failed."""
    TIMEOUT = "timeout"
    """The phase ran longer than its limit and was ended; counted within failed."""
    RETRYABLE = "retryable"
    """The phase asks to be run again (exit 75): no failure for the repeat limits."""
    SKIPPED = "skipped"
    """The phase says that it need not run."""
    LOST = "lost"
    """The worker died; counts as an attempt."""
    CANCELLED = "cancelled"
    """A person cancelled the session while it ran; does not count."""
    INTERRUPTED = "interrupted"
    """The worker was asked to stop while it ran; does not count."""
    DIVERTED = "diverted"
    """The pipeline ran another phase than the one asked for; does not count."""


UNCOUNTED = frozenset({Outcome.CANCELLED, Outcome.INTERRUPTED, Outcome.DIVERTED})
"""Outcomes that say nothing about the phase: no limit counts them."""

FAILURES = frozenset({Outcome.FAILED, Outcome.TIMEOUT, Outcome.LOST})
"""Outcomes that lower the completion rate."""
