"""The exchange with the source before and after an attempt, when the phase's source has its own truth."""

from __future__ import annotations

from dataclasses import replace

from drain.engine.attempts.source_reading import FOLLOW_AFTER, AutopackReading
from drain.engine.attempts.source_said import SourceMovedError, SourceReadBack, not_ours
from drain.engine.attempts.started import StartedAttempt
from drain.engine.process.ended import Command, Ended
from drain.engine.process.profile import Profile
from drain.engine.source.following import follow_rows
from drain.engine.source.outbox import AGAIN, FOLLOW, ask_later, is_queued_by_us
from drain.engine.source.profile import for_source
from drain.models import Attempt, Source
from drain.models.vocabulary import PhaseState, SourceKind
from drain.policy.reasons import ExclusionReason
from drain.sources.autopack.readback import Watermark, before
from drain.sources.autopack.rows import SourceRow
from drain.sources.autopack.writing import queue, unqueue
from drain.sources.errors import SourceError


class SourceSync:
    """A phase without a source: nothing to read before or after. All but `after` may take their time."""

    def before(self) -> None:
        """Note the source's state before the child runs. Raises SourceError or SourceMovedError."""

    def profile(self, profile: Profile) -> Profile:
        """Return the profile to run, with what only the source knows. Raises SourceError."""
        return for_source(profile) if profile.service else profile

    def take(self) -> None:
        """Make the phase ours in its source, before its child. Raises SourceError or SourceMovedError."""

    def give_back(self) -> None:
        """Undo `take`, for a child that never was."""

    def after(self, ended: Ended) -> SourceReadBack | None:
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
        started = self._started
        self._watermark = before(self._source, started.run_id, started.phase_id)
        if is_queued_by_us(started.phase, self._row):
            self._watermark = replace(self._watermark, queued_by_us=True)
        moved = self._moved()
        if moved is not None:
            follow_rows(self._source, started.run, self._watermark.phases.values())
            ask_later(FOLLOW, started.phase, self._source.pk, "", FOLLOW_AFTER)
            raise moved

    def profile(self, profile: Profile) -> Profile:
        return for_source(profile, self._source)

    def take(self) -> None:
        """Queue a failed phase as Autopack's script would do next, but so that we know it again.

        Whoever queues a phase writes the time beside it; we do not. Queued at the time at which it had
        failed, it is ours to put back; queued at any other, it is somebody else's.
        """
        row, started = self._row, self._started
        if row.state != PhaseState.FAILED or row.written_at is None:
            return
        # First here: whoever dies after the write there leaves what is to be put back.
        ask_later(FOLLOW, started.phase, self._source.pk, "", AGAIN, queued_at=row.written_at)
        if not queue(self._source, row):
            self.before()
            raise SourceError(
                f"{self._source.name}: somebody else is writing {started.phase_id} at this moment."
            )
        self._watermark = replace(self._watermark, queued_by_us=True)

    def give_back(self) -> None:
        if self._watermark.queued_by_us:
            unqueue(self._source, self._row)

    def after(self, ended: Ended) -> SourceReadBack | None:
        if ended.command is Command.LOST:
            return None
        return AutopackReading(self._started, self._source, self._watermark, ended)

    @property
    def _row(self) -> SourceRow:
        return self._watermark.phases[self._started.phase_id]

    def _moved(self) -> SourceMovedError | None:
        """Return the reason why the phase must not start, by the source as it is now; None if it may."""
        row = self._row
        may_be = (PhaseState.FAILED, self._started.was)
        is_ours = self._watermark.queued_by_us or row.state in may_be
        if not is_ours or self._is_queued_anew(row):
            return not_ours(row, self._source.name)
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
        """Return whether a phase that our attempt left queued was written by somebody since:
        it is the pipeline's then.
        """
        at = row.phase.changed_at
        if row.state != PhaseState.QUEUED or self._started.tries < 2 or at is None:
            return False
        ours = Attempt.objects.filter(phase=self._started.phase, finished_at__isnull=False)
        left_at = ours.order_by("-number").values_list("finished_at", flat=True).first()
        return left_at is not None and at > left_at


def source_sync(started: StartedAttempt) -> SourceSync:
    """Return the source's part in this attempt; asks the database."""
    if started.source is None:
        return NOTHING
    source = Source.objects.get(pk=started.source)
    return AutopackSync(started, source) if source.kind == SourceKind.AUTOPACK else NOTHING


NOTHING = SourceSync()
