"""The interface to a service of jobs: its calls, their errors and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class JobState(StrEnum):
    """The state of a job, in the words of the contract."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"


OVER = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.STOPPED})


@dataclass(frozen=True, slots=True)
class Request:
    """A job to start."""

    job_id: str
    run_id: str
    phase_id: str
    phase_index: int
    attempt: int
    params: Mapping[str, object]
    timeout: float
    """Seconds that the attempt may take."""
    argv: tuple[str, ...]
    """The command; empty where the service knows by itself what to do."""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a job as its service tells it."""

    state: JobState
    exit_code: int | None = None
    message: str = ""
    """The reason of its failure, in the service's words."""


@dataclass(frozen=True, slots=True)
class LogPart:
    """A part of a job's log."""

    data: bytes
    more: bool
    """There is more after it by now."""


class ServiceError(Exception):
    """A service that did not do what it was asked; the sentence completes "The service at …: "."""


class UnreachableError(ServiceError):
    """Nobody answered, or not now: asking again may help."""

    def __init__(self, sentence: str, *, sent: bool = True) -> None:
        super().__init__(sentence)
        self.sent = sent
        """The request may have arrived."""


class RefusedError(ServiceError):
    """It will not start this job."""

    def __init__(self, sentence: str, *, broken: bool = False) -> None:
        super().__init__(sentence)
        self.broken = broken
        """It failed over it (HTTP 500 and the like) and may not the next time."""


class UnknownJobError(ServiceError):
    """It knows no such job."""

    def __init__(self, sentence: str, *, gone: bool = False) -> None:
        super().__init__(sentence)
        self.gone = gone
        """It says that it did know it once."""


class JobService(Protocol):
    """The one job of an attempt at its service. Calls take seconds; all raise ServiceError."""

    def start(self, request: Request) -> None:
        """Start the job; one that is known by its id is not started again."""

    def ask(self) -> Status:
        """Return how far it is."""

    def cancel(self) -> None:
        """Have it stopped; one that is over or unknown is."""

    def read_log(self, offset: int) -> LogPart:
        """Return some of its log from byte `offset` on."""

    def break_off(self) -> None:
        """End the call that another thread waits for."""
