"""The interface between a loop and an attempt that runs, wherever it runs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from drain.engine.attempts.started import AttemptResult, StartedAttempt
from drain.engine.process.ended import Command, Pulse


class Execution(Protocol):
    """One running attempt. No call takes longer than some 50 ms: what may is done in the loop's pool."""

    started: StartedAttempt

    def start(self) -> None:
        """Begin; what goes wrong is a result, never an exception."""

    def waits_on(self) -> list[int]:
        """Return the file descriptors whose readiness `poll` wants to hear of."""

    def due_at(self) -> float:
        """Return when `poll` must be called although nothing is ready (time.monotonic); inf for never."""

    def poll(self, ready: Collection[int]) -> None:
        """Go on as far as is possible now."""

    def stop(self, command: Command) -> None:
        """End it: a person cancelled, the worker stops, or the lease is lost."""

    def pulse(self) -> Pulse | None:
        """Return what it did since the last time; None while there is nothing to tell."""

    def result(self) -> AttemptResult | None:
        """Return how it ended; None while it runs."""

    @property
    def goes_on(self) -> bool:
        """True if it goes on without this worker, which is done with it: another loop takes it over."""

    @property
    def holds_slot(self) -> bool:
        """True if it still takes a slot of its worker: reading a source back does not."""
