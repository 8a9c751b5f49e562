"""The view of a job for people while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from drain.engine.attempts.pulse import TAIL_LINES
from drain.engine.executions.remote.job import RemoteJob
from drain.engine.process.ended import Pulse
from drain.engine.process.output.events import Event


@dataclass(slots=True)
class JobView:
    """A snapshot of one job, kept apart from it: a thread may be asking for more."""

    _events: list[Event] = field(default_factory=list)
    _lines: list[str] = field(default_factory=list)
    _total: int = 0
    _accepted: bool = False
    _note: str = ""

    def take(self, job: RemoteJob, note: str) -> None:
        """Look at a job that nobody asks for at the moment; `note` is what is wrong with its service."""
        self._events += job.transcript.events()
        if job.transcript.total_bytes != self._total:
            self._total = job.transcript.total_bytes
            self._lines = job.transcript.tail_lines(TAIL_LINES)
        self._accepted, self._note = job.accepted, note

    def pulse(self, elapsed: float) -> Pulse:
        """Return what was seen; events once."""
        events, self._events = tuple(self._events), []
        lines = self._lines
        return Pulse(
            elapsed=elapsed,
            total_bytes=self._total,
            events=events,
            tail_lines=lambda count: lines[-count:],
            accepted=self._accepted,
            note=self._note,
        )
