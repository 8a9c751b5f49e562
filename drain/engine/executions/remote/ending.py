"""From what a service says of a job that is over to how its attempt ended."""

from __future__ import annotations

from dataclasses import dataclass

from drain.engine.executions.remote.service import JobState, Status
from drain.engine.process.ended import Command, Ended
from drain.engine.process.outcome import SourceOutcome
from drain.engine.process.output.events import Report
from drain.engine.process.output.log import LogSummary

_LAST_SIGNAL = 64


@dataclass(frozen=True, slots=True)
class StopOrder:
    """The reason for stopping a job: a person or the worker's end, else its time is over."""

    command: Command | None = None

    @property
    def is_time(self) -> bool:
        """True if its time is over."""
        return self.command is None


def ended_of(
    status: Status, order: StopOrder | None, seconds: float, log: LogSummary, report: Report
) -> Ended:
    """Return how the job ended. One that succeeded before it could be stopped has succeeded."""
    succeeded = status.state is JobState.SUCCEEDED
    code = (status.exit_code or 0) if succeeded else (status.exit_code or None)
    order = None if succeeded else order
    by_signal = code is not None and -_LAST_SIGNAL <= code < 0
    return Ended(
        exit_code=None if by_signal else code,
        signal=-code if by_signal and code is not None else None,
        timed_out=order is not None and order.is_time,
        command=order.command if order else None,
        duration=seconds,
        log=log,
        report=report,
    )


def said_of(status: Status, order: StopOrder | None, log: LogSummary) -> SourceOutcome:
    """Return why it failed, where the service knows more than the log."""
    if order is not None or status.state is JobState.SUCCEEDED:
        return SourceOutcome()
    if status.state is JobState.STOPPED:
        return SourceOutcome(reason="its job was stopped at the service, and not by this drain")
    if not status.message and status.exit_code is None and not log.total_bytes:
        return SourceOutcome(reason="its service says that it failed, and nothing else")
    return SourceOutcome(reason=status.message)
