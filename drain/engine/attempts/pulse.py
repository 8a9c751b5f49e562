"""The live view of running attempts: states as they are reported, tail and progress now and then."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from drain.db.prepared import rows
from drain.engine.attempts.started import StartedAttempt
from drain.engine.process.ended import Pulse
from drain.engine.process.output.events import ProgressEvent, StateEvent
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import WORKING_STATES, PhaseState

TAIL_LINES = 40
SHOW_SECONDS = 5.0
FIRST_SHOW_SECONDS = 1.0
_STATES = {
    "executing": PhaseState.EXECUTING,
    "gate": PhaseState.GATE,
    "ci_running": PhaseState.CI_RUNNING,
}
_SHOW = """
UPDATE drain_attempt a SET tail = g.tail, log_bytes = g.bytes, reported_state = g.state,
    progress_percent = g.percent, progress_message = g.message,
    remote = CASE WHEN g.accepted THEN a.remote || '{"accepted": true}' ELSE a.remote END
FROM unnest(%(attempt)s::bigint[], %(tail)s::text[], %(bytes)s::bigint[], %(state)s::text[], %(percent)s::float8[],
    %(message)s::text[], %(accepted)s::bool[]) AS g (attempt, tail, bytes, state, percent, message, accepted)
WHERE a.id = g.attempt AND a.finished_at IS NULL
"""


def enter_states(started: StartedAttempt, states: Sequence[str], worker: str) -> None:
    """Move the phase through the working states that it reported, each of them, in order."""
    why = MoveReason("report", worker, session=started.session, attempt=started.attempt)
    for state in states:
        to, lease = _STATES[state], started.lease
        move_phases([started.phase], expect=WORKING_STATES, to=to, why=why, lease=lease)


@dataclass(slots=True)
class Shown:
    """The part of one running attempt that is stored, and the part that is not yet."""

    started: StartedAttempt
    tail: list[str] = field(default_factory=list)
    bytes: int = 0
    state: str = ""
    percent: float | None = None
    message: str = ""
    note: str = ""
    unsent: list[str] = field(default_factory=list)
    entered: int = 0
    """Reported states that are in the books."""
    accepted: bool = False
    """Its service has it; in the books at once, so that whoever takes it over knows."""
    _unsaid: bool = False
    _changed: bool = False
    _next: float = field(default_factory=lambda: time.monotonic() + FIRST_SHOW_SECONDS)

    def hear(self, pulse: Pulse) -> None:
        """Take in what the child did since the last time."""
        for event in pulse.events:
            if isinstance(event, StateEvent):
                self.state = event.state
                self.unsent.append(event.state)
            elif isinstance(event, ProgressEvent):
                self.percent, self.message = event.percent, (event.message or "")[:300]
        if pulse.accepted and not self.accepted:
            self.accepted = self._unsaid = True
        if pulse.events or pulse.total_bytes != self.bytes or pulse.note != self.note:
            self._changed = True
            self.bytes, self.note = pulse.total_bytes, pulse.note
        if self.is_due():
            note = [f"[drainsite: {self.note}]"] if self.note else []
            self.tail = [*pulse.tail_lines(TAIL_LINES - len(note)), *note]

    def is_due(self) -> bool:
        """Return whether there is something new and its time has come; a new state's time is now."""
        return (
            bool(self.unsent) or self._unsaid or (self._changed and time.monotonic() >= self._next)
        )

    def written(self) -> None:
        """Mark it as stored."""
        self.entered += len(self.unsent)
        self.unsent.clear()
        self._changed = self._unsaid = False
        self._next = time.monotonic() + SHOW_SECONDS


def show(running: Iterable[Shown], worker: str) -> None:
    """Write what is due, in one statement; states one by one, as each is a change of its own."""
    due = [each for each in running if each.is_due()]
    if not due:
        return
    for each in due:
        enter_states(each.started, each.unsent, worker)
    rows(
        _SHOW,
        {
            "attempt": [each.started.attempt for each in due],
            "tail": ["\n".join(each.tail) for each in due],
            "bytes": [each.bytes for each in due],
            "state": [each.state for each in due],
            "percent": [each.percent for each in due],
            "message": [each.message for each in due],
            "accepted": [each.accepted for each in due],
        },
    )
    for each in due:
        each.written()
