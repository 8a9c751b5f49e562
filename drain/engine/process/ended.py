"""The end of a child, and the messages between it and the engine while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drain.engine.process.output.events import Event, Report
from drain.engine.process.output.log import LogSummary


class Command(StrEnum):
    """The engine's answer to a tick."""

    CONTINUE = "continue"
    CANCEL = "cancel"
    """A person cancelled: SIGTERM, grace, SIGKILL."""
    INTERRUPT = "interrupt"
    """The worker is asked to stop: SIGTERM, grace, SIGKILL."""
    LOST = "lost"
    """The lease is gone or cannot be renewed: SIGKILL at once, another worker may be about to start."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """The progress of a running child, for the heartbeat."""

    elapsed: float
    """Seconds since the start."""
    total_bytes: int
    """Bytes printed so far."""
    events: tuple[Event, ...]
    """Events reported since the last tick, oldest first."""
    tail_lines: Callable[[int], list[str]]
    """The last n lines printed, safe to store and to show."""
    accepted: bool = False
    """The service that runs it elsewhere has taken it."""
    note: str = ""
    """The fault of that service."""


Tick = Callable[[Pulse], Command]
"""Called about once a second while a child runs, first after one second; must come back within a second or
so, for nothing else watches the deadline meanwhile. An exception kills the child and passes through.
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """A child that is gone, with every process it started that could be found."""

    exit_code: int | None
    """None when a signal ended it."""
    signal: int | None
    timed_out: bool
    """True if the deadline passed while it ran, whatever it did then."""
    command: Command | None
    """CANCEL, INTERRUPT or LOST if the engine ended it, else None."""
    duration: float
    """Seconds from start to exit."""
    log: LogSummary
    report: Report
