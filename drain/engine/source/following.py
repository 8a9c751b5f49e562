"""The source's changes of phases, taken over:
their states, and the reasons that it wrote since we last looked.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max
from django.db.models.functions import Left

from drain.engine.process.outcome import REASON_LIMIT
from drain.fingerprints import fingerprint
from drain.models import Phase, Source
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from drain.models.fingerprints.splits import Splits
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import Outcome, PhaseState
from drain.sources.autopack.rows import SourceRow


def follow_rows(
    source: Source, run: int, found: Iterable[SourceRow], detail: str = "found so in its source"
) -> int:
    """Make phases of a run what their source says, but for those an attempt holds; returns how many moved."""
    said = {row.phase.phase_id: row for row in found}
    moved = 0
    for phase in Phase.objects.filter(run=run, phase_id__in=said, lease_owner=None):
        row = said[phase.phase_id]
        if phase.state != row.state:
            why = MoveReason("synced", f"source:{source.name}", detail)
            moved += len(move_phases([phase.pk], expect=[phase.state], to=row.state, why=why))
        _take_over(phase, row)
    return moved


def _take_over(phase: Phase, row: SourceRow) -> None:
    """Take over the time and the reason that the source wrote since we last looked."""
    at = row.phase.changed_at
    if at is None or (phase.source_changed_at and at <= phase.source_changed_at):
        return
    tries = row.phase.source_attempts or 0
    changes: dict[str, object] = {"source_changed_at": at, "source_attempts": tries}
    reason = row.phase.reason
    # A phase that is requeued or taken keeps the reason of an earlier failure beside a new time.
    failed = row.state == PhaseState.FAILED or not _was_said(phase, reason)
    if reason and (is_counted(phase, row) or (failed and at > phase.state_changed_at)):
        cause = Splits.load().of(fingerprint(reason), reason)
        record_fingerprints([SeenFingerprint(cause, reason, at, at)])
        changes |= {
            "last_failure_reason": reason, "last_fingerprint": cause.key,
            "failure_category": str(cause.category),
        }  # fmt: skip
    Phase.objects.filter(pk=phase.pk, lease_owner=None).update(**changes)


def _was_said(phase: Phase, reason: str) -> bool:
    """Return whether an attempt has this reason, as far as attempts keep it."""
    said = phase.attempt_set.annotate(kept=Left("error", REASON_LIMIT))
    return said.filter(kept=reason[:REASON_LIMIT]).exists()


def is_counted(phase: Phase, row: SourceRow) -> bool:
    """Return whether the source counted a retry since the last failure that we know: its reason is newer.

    So it is if an attempt wrote it that was lost before it was read.
    """
    at = row.phase.changed_at
    if at is None or (row.phase.source_attempts or 0) <= phase.source_attempts:
        return False
    filed = (Outcome.FAILED, Outcome.TIMEOUT, Outcome.RETRYABLE)
    last = phase.attempt_set.filter(outcome__in=filed).aggregate(at=Max("finished_at"))["at"]
    return last is None or at > last
