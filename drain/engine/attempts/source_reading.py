"""An Autopack phase is read back after an attempt until it holds still, and what was not done is put back."""

from __future__ import annotations

import logging
from datetime import timedelta

from drain.engine.attempts.source_said import SourceAnswer, left_alone, not_ours
from drain.engine.attempts.started import StartedAttempt
from drain.engine.process.ended import Command, Ended
from drain.engine.process.outcome import SourceOutcome as SourceSays
from drain.engine.source.following import follow_rows
from drain.engine.source.outbox import AGAIN, FOLLOW, LOST, ask_later, forget
from drain.models import Phase, Source
from drain.models.vocabulary import WORKING_STATES, PhaseState
from drain.policy.reasons import ExclusionReason
from drain.policy.states import Outcome
from drain.sources.autopack.readback import Readback, Settling, Watermark
from drain.sources.autopack.rows import SourceRow
from drain.sources.autopack.writing import Change, write_back
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)

UNSETTLED = "unsettled"
EXIT_REFUSED = 2
"""Autopack's script does not run a phase that is neither failed nor queued."""
FOLLOW_AFTER = timedelta(seconds=10)
_ONE_MORE_LOOK = 1.0
"""Seconds for the last word of a child that was ended: what it had sent is there, nothing new will come."""
_OUTCOMES = {
    PhaseState.COMPLETE: Outcome.COMPLETE,
    PhaseState.FAILED: Outcome.FAILED,
    PhaseState.SKIPPED: Outcome.SKIPPED,
}
_ENDED_BY_US = {
    Command.CANCEL: "cancelled while it ran",
    Command.INTERRUPT: "the worker was asked to stop while it ran",
}


class AutopackReading:
    """Reads an Autopack phase back until it holds still, and puts back what was not done."""

    def __init__(
        self, started: StartedAttempt, source: Source, watermark: Watermark, ended: Ended
    ) -> None:
        self._started = started
        self._source = source
        self._watermark = watermark
        self._ended = ended
        self._settling = Settling(
            source,
            started.run_id,
            started.phase_id,
            watermark,
            min(_ONE_MORE_LOOK, source.settle_seconds) if _was_ended(ended) else None,
            failed=_was_ended(ended) or ended.exit_code != 0,
        )

    def hurry(self) -> None:
        self._settling.hurry()

    def look(self) -> SourceAnswer | None:
        found, ended = self._settling.look(), self._ended
        if found is None:
            return None
        if found.other_phase_that_ran is not None:
            return self._diverted(found, found.other_phase_that_ran)
        if ended.exit_code == EXIT_REFUSED and found.row is not None and _is_taken(found.row):
            # Somebody took the phase between our look and the child's own: nothing of ours ran.
            self._ask_later(FOLLOW)
            return left_alone(not_ours(found.row, self._source.name), Outcome.DIVERTED)
        events = [event.as_row() for event in found.telemetry]
        says = SourceSays(
            self._reason(found, ended), _outcome(found, ended), len(events), authority=True
        )
        detail = self._left_queued(found) if _was_ended(ended) and not found.reason else ""
        return SourceAnswer(says, events, detail, self._state_after(found, ended))

    def _reason(self, found: Readback, ended: Ended) -> str:
        """The cause that the source wrote in this attempt; none leaves it to what the child printed."""
        waits = not found.settled and ended.exit_code == 0 and not _was_ended(ended)
        return found.reason or (UNSETTLED if waits else "")

    def _state_after(self, found: Readback, ended: Ended) -> PhaseState | None:
        """Return the phase's state there once the attempt is over; only a known end of ours is put back."""
        row, was_ended = found.row, _was_ended(ended)
        if row is None:
            self._ask_later(LOST if was_ended else FOLLOW, _words(ended), self._queued_at)
            return None
        if row.state == PhaseState.COMPLETE:
            forget(self._started.phase)
            return PhaseState.COMPLETE
        if found.is_as_queued or (was_ended and row.state in WORKING_STATES):
            return self._put_back(row, "" if found.reason else _words(ended))
        self._ask_later(FOLLOW)
        return row.state

    def _diverted(self, found: Readback, other: str) -> SourceAnswer:
        """Autopack ran another phase: take that one over as it is,
        and put the asked one back to FAILED if it is ours.
        """
        started, row = self._started, found.phases[self._started.phase_id]
        detail, why = f"Autopack ran {other} instead", ExclusionReason.WAITS_FOR_QUEUED
        if found.is_as_queued:
            state = self._put_back(row, "")
        else:
            self._ask_later(FOLLOW)
            state = row.state
        if left := self._left_queued(found):
            detail, why = f"{detail}; {left}", ExclusionReason.NO_LONGER_FAILED
        note = f"ran instead of {started.phase_id}"
        follow_rows(self._source, started.run, [found.phases[other]], note)
        for phase in Phase.objects.filter(run=started.run, phase_id=other):
            ask_later(FOLLOW, phase.pk, self._source.pk, "", FOLLOW_AFTER)
        return SourceAnswer(
            SourceSays(detail, Outcome.DIVERTED), detail=detail, state=state, excluded=why
        )

    def _left_queued(self, found: Readback) -> str:
        """Return the reason for leaving a phase queued that was queued meanwhile; empty for any other."""
        if found.state != PhaseState.QUEUED or found.is_as_queued or not found.changed:
            return ""
        return f"who queued it in {self._source.name} cannot be told, so it stays QUEUED"

    def _put_back(self, row: SourceRow, words: str) -> PhaseState:
        """Make a phase FAILED there that is neither ended nor anybody's; returns what it is afterwards.

        What somebody wrote since `row` was read stays, and is followed later.
        """
        started = self._started
        at = row.phase.changed_at
        change = Change(started.run_id, started.phase_id, row.state, PhaseState.FAILED, words, at)
        try:
            written = write_back(self._source, change)
        except SourceError as error:
            log.warning("phase %s could not be put back yet: %s", started.phase_id, error)
            self._ask_later(LOST if _was_ended(self._ended) else FOLLOW, words, self._queued_at)
            return PhaseState.FAILED
        self._ask_later(FOLLOW)
        return PhaseState.FAILED if written else row.state

    @property
    def _queued_at(self) -> object:
        """The time that stands beside our own QUEUED; None if it was queued before, or not at all."""
        row = self._watermark.phases[self._started.phase_id]
        return row.written_at if self._watermark.queued_by_us else None

    def _ask_later(self, verb: str, words: str = "", queued_at: object = None) -> None:
        after = AGAIN if verb == LOST else FOLLOW_AFTER
        ask_later(verb, self._started.phase, self._source.pk, words, after, queued_at)


def _is_taken(row: SourceRow) -> bool:
    return row.state not in (PhaseState.FAILED, PhaseState.QUEUED)


def _was_ended(ended: Ended) -> bool:
    """Return whether we ended the child, so that a phase it left half done is ours to put back."""
    return ended.timed_out or ended.command is not None


def _words(ended: Ended) -> str:
    if ended.timed_out:
        return f"timed out after {ended.duration:.0f} s"
    return _ENDED_BY_US.get(ended.command, "") if ended.command else ""


def _outcome(found: Readback, ended: Ended) -> Outcome | None:
    if found.state in _OUTCOMES:
        return _OUTCOMES[PhaseState(found.state)]
    return Outcome.RETRYABLE if ended.exit_code == 0 and not _was_ended(ended) else None
