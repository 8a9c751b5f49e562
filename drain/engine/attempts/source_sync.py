"""What happens around a child when its phase belongs to a source that has its own truth."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from drain.engine.attempts.start import Held
from drain.engine.process.ended import Command, Ended
from drain.engine.process.outcome import Source as SourceSays
from drain.engine.process.profile import Profile
from drain.engine.source_outbox import AGAIN, note_lost
from drain.models import Phase, Source, TelemetryEvent
from drain.models.transitions.phases import Why, move_phases
from drain.models.vocabulary import PhaseState, SourceKind
from drain.policy.states import Outcome
from drain.sources.autopack.profile import attempt_environment
from drain.sources.autopack.readback import Readback, Watermark, before, settle, write_back
from drain.sources.errors import SourceError
from drain.sources.staging import EventIn

log = logging.getLogger(__name__)

_OUTCOMES = {
    PhaseState.COMPLETE: Outcome.COMPLETE,
    PhaseState.FAILED: Outcome.FAILED,
    PhaseState.SKIPPED: Outcome.SKIPPED,
}


class _LeaseLostError(Exception):
    """The lease ended while the source was read back."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a source says after an attempt."""

    source: SourceSays | None = None
    telemetry: list[TelemetryEvent] = field(default_factory=list)
    detail: str = ""


class Around:
    """A phase without a source: nothing to read before, nothing after."""

    def before(self) -> None:
        """Note the source's state before the child runs. Raises SourceError."""

    def profile(self, profile: Profile) -> Profile:
        """The profile to run, with what only the source knows. Raises SourceError."""
        return profile

    def after(self, ended: Ended, beat: Callable[[], bool]) -> Said:
        """Read the source back; `beat` keeps the lease meanwhile and is False once it is lost."""
        del ended, beat
        return Said()


class AutopackAround(Around):
    """An Autopack phase: its database has the last word on state, reason and telemetry."""

    def __init__(self, held: Held, source: Source) -> None:
        self._held = held
        self._source = source
        self._watermark = Watermark({}, {})

    def before(self) -> None:
        self._watermark = before(self._source, self._held.run_id, self._held.phase_id)

    def profile(self, profile: Profile) -> Profile:
        return replace(profile, env={**profile.env, **attempt_environment(self._source)})

    def after(self, ended: Ended, beat: Callable[[], bool]) -> Said:
        if ended.command is Command.LOST:
            return Said()
        try:
            found = self._settled(ended, beat)
        except _LeaseLostError:
            return Said(SourceSays("unsettled", Outcome.RETRYABLE))
        if found.other_phase_that_ran is not None:
            return self._diverted(found, found.other_phase_that_ran)
        if not found.settled and _was_cut_short(ended):
            self._put_back(found, "ended by drainsite before it was done")
        events = [_event(event) for event in found.telemetry]
        return Said(SourceSays(found.reason, _outcome(found, ended), len(events)), events)

    def _settled(self, ended: Ended, beat: Callable[[], bool]) -> Readback:
        def tick() -> None:
            if not beat():
                raise _LeaseLostError

        # Nothing of a child that is gone will change the state any more, so one look is enough.
        patience = 0.0 if _was_cut_short(ended) else None
        held = self._held
        return settle(self._source, held.run_id, held.phase_id, self._watermark, tick, patience)

    def _diverted(self, found: Readback, other: str) -> Said:
        """Autopack ran another phase: take that one over as it is, and put the asked one back to FAILED."""
        self._put_back(found, "put back: Autopack ran another phase")
        ran = found.phases.get(other)
        phase = Phase.objects.filter(run=self._held.run, phase_id=other).first()
        if ran is not None and phase is not None:
            why = Why(
                "synced", f"source:{self._source.name}", f"ran instead of {self._held.phase_id}"
            )
            move_phases([phase.pk], expect=PhaseState.values, to=PhaseState(ran.state), why=why)
        detail = f"Autopack ran {other} instead"
        return Said(SourceSays(detail, Outcome.DIVERTED), detail=detail)

    def _put_back(self, found: Readback, reason: str) -> None:
        now = found.phases.get(self._held.phase_id)
        if now is None or now.state in _OUTCOMES:
            return
        try:
            write_back(
                self._source,
                self._held.run_id,
                self._held.phase_id,
                PhaseState(now.state),
                PhaseState.FAILED,
                reason,
            )
        except SourceError as error:
            log.warning("phase %s could not be put back yet: %s", self._held.phase_id, error)
            note_lost(self._held.phase, self._source.pk, reason, AGAIN)


def around_for(held: Held) -> Around:
    """The source's part in this attempt."""
    if held.source is None:
        return _NOTHING
    source = Source.objects.get(pk=held.source)
    return AutopackAround(held, source) if source.kind == SourceKind.AUTOPACK else _NOTHING


_NOTHING = Around()


def _was_cut_short(ended: Ended) -> bool:
    """Whether the child cannot have finished its work: killed, timed out or crashed."""
    return ended.exit_code != 0 or ended.timed_out


def _outcome(found: Readback, ended: Ended) -> Outcome | None:
    if found.settled:
        return _OUTCOMES[PhaseState(found.state)]
    return None if _was_cut_short(ended) else Outcome.RETRYABLE


def _event(event: EventIn) -> TelemetryEvent:
    row = TelemetryEvent(
        kind=event.kind,
        category=event.category[:100],
        model=event.model[:100],
        predicted_tokens=event.predicted,
        actual_tokens=event.actual,
        data=event.data or {},
        source_event=event.source_event,
    )
    if event.at is not None:
        row.at = event.at
    return row
