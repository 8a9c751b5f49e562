"""What happens around a child when its phase belongs to a source that has its own truth."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from drain.engine.attempts.started import StartedAttempt
from drain.engine.process.ended import Command, Ended
from drain.engine.process.outcome import Decision
from drain.engine.process.outcome import Source as SourceSays
from drain.engine.process.profile import Profile
from drain.engine.source_outbox import AGAIN, FOLLOW, LOST, ask_later, follow_rows
from drain.engine.source_profile import for_source
from drain.models import Attempt, Phase, Source, TelemetryEvent
from drain.models.vocabulary import WORKING_STATES, PhaseState, SourceKind
from drain.policy.reasons import ExclusionReason
from drain.policy.states import Outcome
from drain.sources.autopack.readback import Readback, Settling, Watermark, before
from drain.sources.autopack.rows import SourceRow
from drain.sources.autopack.writing import Change, write_back
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)

UNSETTLED = "unsettled"
EXIT_REFUSED = 2
"""Autopack's script does not run a phase that is neither failed nor queued."""
_FOLLOW_AFTER = timedelta(seconds=10)
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


class SourceMovedError(Exception):
    """The source says before the start that the phase is not ours to run; the sentence says why."""

    def __init__(self, reason: ExclusionReason, detail: str, state: PhaseState) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.state = state


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says after an attempt."""

    source: SourceSays | None = None
    telemetry: list[TelemetryEvent] = field(default_factory=list)
    detail: str = ""
    state: PhaseState | None = None
    """Of the phase in its source; None leaves it to the outcome."""
    excluded: ExclusionReason | None = None
    """Why the phase is out of the plan, if it was not run."""


class Reading(Protocol):
    """A source that is being read back after an attempt, one look at a time."""

    def look(self) -> Said | None:
        """Look once; None if it is to be looked at again in a second."""

    def hurry(self) -> None:
        """Let the next look be the last."""


class SourceSync:
    """A phase without a source: nothing to read before, nothing after. `before` and looks may take their time."""

    def before(self) -> None:
        """Note the source's state before the child runs. Raises SourceError or SourceMovedError."""

    def profile(self, profile: Profile) -> Profile:
        """Return the profile to run, with what only the source knows. Raises SourceError."""
        return for_source(profile) if profile.service else profile

    def after(self, ended: Ended) -> Reading | None:
        """Return the reading back of the source; None if there is nothing to read."""
        del ended
        return None


class AutopackSync(SourceSync):
    """An Autopack phase: its database has the last word on state, reason and telemetry."""

    def __init__(self, started: StartedAttempt, source: Source) -> None:
        self._started = started
        self._source = source
        self._watermark = Watermark({}, {})

    def before(self) -> None:
        self._watermark = before(self._source, self._started.run_id, self._started.phase_id)
        moved = self._moved()
        if moved is not None:
            follow_rows(self._source, self._started.run, self._watermark.phases.values())
            ask_later(FOLLOW, self._started.phase, self._source.pk, "", _FOLLOW_AFTER)
            raise moved

    def profile(self, profile: Profile) -> Profile:
        return for_source(profile, self._source)

    def after(self, ended: Ended) -> Reading | None:
        if ended.command is Command.LOST:
            return None
        return _AutopackReading(self._started, self._source, self._watermark, ended)

    def _moved(self) -> SourceMovedError | None:
        """Why the phase must not start, by the source as it is now; None if it may."""
        row = self._watermark.phases[self._started.phase_id]
        if row.state not in (PhaseState.FAILED, self._started.was) or self._is_queued_anew(row):
            return _not_ours(row, self._source.name)
        ahead = (
            None
            if self._started.ignores_queued
            else self._watermark.queued_before(self._started.phase_id)
        )
        if ahead is not None:
            detail = f"Autopack would run the queued {ahead} first"
            return SourceMovedError(ExclusionReason.WAITS_FOR_QUEUED, detail, row.state)
        return None

    def _is_queued_anew(self, row: SourceRow) -> bool:
        """Whether a phase that our attempt left queued was written by somebody since: it is the pipeline's then."""
        at = row.phase.changed_at
        if row.state != PhaseState.QUEUED or self._started.tries < 2 or at is None:
            return False
        ours = Attempt.objects.filter(phase=self._started.phase, finished_at__isnull=False)
        left_at = ours.order_by("-number").values_list("finished_at", flat=True).first()
        return left_at is not None and at > left_at


class _AutopackReading:
    """Reads an Autopack phase back until it holds still, and puts back what was not done."""

    def __init__(
        self, started: StartedAttempt, source: Source, watermark: Watermark, ended: Ended
    ) -> None:
        self._started = started
        self._source = source
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

    def look(self) -> Said | None:
        found, ended = self._settling.look(), self._ended
        if found is None:
            return None
        if found.other_phase_that_ran is not None:
            return self._diverted(found, found.other_phase_that_ran)
        if ended.exit_code == EXIT_REFUSED and found.row is not None and _is_taken(found.row):
            # Somebody took the phase between our look and the child's own: nothing of ours ran.
            self._ask_later(FOLLOW, "")
            return _left_alone(_not_ours(found.row, self._source.name), Outcome.DIVERTED)
        events = [event.as_row() for event in found.telemetry]
        says = SourceSays(
            self._reason(found, ended), _outcome(found, ended), len(events), authority=True
        )
        return Said(says, events, state=self._state_after(found, ended))

    def _reason(self, found: Readback, ended: Ended) -> str:
        """The cause that the source wrote in this attempt; none leaves it to what the child printed."""
        waits = not found.settled and ended.exit_code == 0 and not _was_ended(ended)
        return found.reason or (UNSETTLED if waits else "")

    def _state_after(self, found: Readback, ended: Ended) -> PhaseState | None:
        """What the phase is there when the attempt is over; only what we ended ourselves is put back."""
        if found.row is None:
            self._ask_later(LOST if _was_ended(ended) else FOLLOW, _words(ended))
            return None
        if found.state == PhaseState.COMPLETE:
            return PhaseState.COMPLETE
        if not found.settled and _was_ended(ended):
            return self._put_back(found.row, "" if found.reason else _words(ended))
        self._ask_later(FOLLOW, "")
        return found.row.state

    def _diverted(self, found: Readback, other: str) -> Said:
        """Autopack ran another phase: take that one over as it is, and put the asked one back to FAILED."""
        row = found.phases[self._started.phase_id]
        state = self._put_back(row, "")
        detail = f"Autopack ran {other} instead"
        follow_rows(
            self._source, self._started.run, [found.phases[other]],
            f"ran instead of {self._started.phase_id}",
        )  # fmt: skip
        for phase in Phase.objects.filter(run=self._started.run, phase_id=other):
            ask_later(FOLLOW, phase.pk, self._source.pk, "", _FOLLOW_AFTER)
        says = SourceSays(detail, Outcome.DIVERTED)
        return Said(says, detail=detail, state=state, excluded=ExclusionReason.WAITS_FOR_QUEUED)

    def _put_back(self, row: SourceRow, words: str) -> PhaseState:
        """Make a phase that is neither ended nor anybody's FAILED there; returns what it is afterwards.

        What somebody wrote since `row` was read stays, and is followed later.
        """
        started = self._started
        change = Change(
            started.run_id,
            started.phase_id,
            row.state,
            PhaseState.FAILED,
            words,
            row.phase.changed_at,
        )
        try:
            written = write_back(self._source, change)
        except SourceError as error:
            log.warning("phase %s could not be put back yet: %s", started.phase_id, error)
            self._ask_later(LOST, words)
            return PhaseState.FAILED
        self._ask_later(FOLLOW, "")
        return PhaseState.FAILED if written else row.state

    def _ask_later(self, verb: str, words: str) -> None:
        after = AGAIN if verb == LOST else _FOLLOW_AFTER
        ask_later(verb, self._started.phase, self._source.pk, words, after)


def source_sync(started: StartedAttempt) -> SourceSync:
    """Return the source's part in this attempt; asks the database."""
    if started.source is None:
        return NOTHING
    source = Source.objects.get(pk=started.source)
    return AutopackSync(started, source) if source.kind == SourceKind.AUTOPACK else NOTHING


NOTHING = SourceSync()


def not_run(moved: SourceMovedError) -> tuple[Decision, Said]:
    """The end of an attempt whose child never started, because the source had the phase moved on."""
    decision = Decision(
        outcome=Outcome.DIVERTED,
        reason=moved.detail,
        fingerprint_input="",
        telemetry_count=0,
        zero_yield_reason="",
        reached_limit_boundary=False,
    )
    return decision, _left_alone(moved)


def _left_alone(moved: SourceMovedError, outcome: Outcome | None = None) -> Said:
    says = SourceSays(moved.detail, outcome) if outcome else None
    return Said(says, detail=moved.detail, state=moved.state, excluded=moved.reason)


def _is_taken(row: SourceRow) -> bool:
    return row.state not in (PhaseState.FAILED, PhaseState.QUEUED)


def _not_ours(row: SourceRow, source: str) -> SourceMovedError:
    if row.state in WORKING_STATES:
        detail = f"is {row.state} in {source}, started by somebody else"
        return SourceMovedError(ExclusionReason.LEASED, detail, row.state)
    detail = f"is {row.state} in {source} by now"
    return SourceMovedError(ExclusionReason.NO_LONGER_FAILED, detail, row.state)


def _was_ended(ended: Ended) -> bool:
    """Whether we ended the child, so that what it left half done is ours to put back."""
    return ended.timed_out or ended.command is not None


def _words(ended: Ended) -> str:
    if ended.timed_out:
        return f"timed out after {ended.duration:.0f} s"
    return _ENDED_BY_US.get(ended.command, "") if ended.command else ""


def _outcome(found: Readback, ended: Ended) -> Outcome | None:
    if found.state in _OUTCOMES:
        return _OUTCOMES[PhaseState(found.state)]
    return Outcome.RETRYABLE if ended.exit_code == 0 and not _was_ended(ended) else None
