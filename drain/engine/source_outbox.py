"""Two databases, no common transaction: what an Autopack source was to be told survives who was telling it.

Before a source is written, a debt of each phase is committed. The transaction that then moves the phase here
holds the rows of its debts locked and deletes them. Whoever is killed in between leaves debts that nobody
holds: maintenance asks the source, and finishes here what had been done there, or drops what had not. A lost
attempt leaves a debt as well: its child may have finished its phase there, or have left it half done. So
does one whose phase has no good end yet: what the source says of it later is followed, without an import.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Left
from django.utils import timezone

from drain.db.prepared import rows
from drain.engine.isolation import isolated
from drain.engine.process.outcome import REASON_LIMIT
from drain.fingerprints import fingerprint
from drain.models import Phase, Source, SourceDebt
from drain.models.audit import Person, Subject, record_changes
from drain.models.fingerprint_rows import Seen, record_fingerprints
from drain.models.fingerprint_splits import Splits
from drain.models.transitions.phases import Moved, Why, move_phases
from drain.models.vocabulary import Origin, Outcome, PhaseState, SourceKind
from drain.sources.autopack.readback import SETTLED, row_now
from drain.sources.autopack.rows import SourceRow
from drain.sources.autopack.writing import Change, write_back
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)

A_ROUND = 50
BEFORE_ANYBODY_LOOKS = timedelta(seconds=30)
"""From the commit of a debt until its owner has locked it: milliseconds, unless the owner died."""
AGAIN = timedelta(minutes=1)
LOST = "lost"
"""An attempt of ours was cut off: what it left half done in the source is put back."""
FOLLOW = "follow"
"""An attempt of ours is over: what the source says later is taken over, and nothing is written."""
FOLLOWED_FOR = timedelta(minutes=10)
LONGEST_ERROR = 500
SHOWN_SOURCES = 20

_ASK = """
INSERT INTO drain_sourcedebt
    (phase_id, verb, expect, "to", reason, actor, origin, address, error, owner, due_at)
SELECT %(phase)s::bigint, %(verb)s::text, '', '', %(reason)s::text, 'maintenance', 'schedule', '', '',
    gen_random_uuid(), now() + %(after)s::interval
FROM drain_source WHERE id = %(source)s::bigint AND kind = 'autopack'
ON CONFLICT (phase_id) DO UPDATE SET verb = excluded.verb, reason = excluded.reason, due_at = excluded.due_at,
    made_at = now() WHERE drain_sourcedebt.verb IN ('lost', 'follow')
"""
_UNSETTLED = """
SELECT s.name AS source, count(*)::int AS phases, min(d.made_at) AS since, max(d.error) AS error
FROM drain_sourcedebt d JOIN drain_phase p ON p.id = d.phase_id
JOIN drain_run r ON r.id = p.run_id LEFT JOIN drain_source s ON s.id = r.source_id
WHERE d.error <> '' GROUP BY s.name ORDER BY since LIMIT %(limit)s::int
"""


def promise(
    phases: Sequence[int], move: Why, expect: PhaseState, to: PhaseState, by: Person
) -> UUID:
    """Commit a debt for each phase that has none; returns their owner."""
    owner = uuid4()
    SourceDebt.objects.bulk_create(
        [
            SourceDebt(
                phase_id=phase, verb=move.verb, expect=expect, to=to, reason=move.reason,
                actor=by.name[:200], origin=by.origin, address=by.address[:64], owner=owner,
                due_at=timezone.now() + BEFORE_ANYBODY_LOOKS,
            )
            for phase in sorted(phases)
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return owner


def held(owner: UUID) -> set[int]:
    """The phases whose debts are this owner's, locked until the end of the transaction."""
    found = SourceDebt.objects.filter(owner=owner).order_by("phase_id").select_for_update()
    return set(found.values_list("phase_id", flat=True))


def keep_promise(owner: UUID) -> None:
    """Both databases agree, or nothing was written; call in the transaction that holds the debts."""
    SourceDebt.objects.filter(owner=owner).delete()


def note_lost(phase: int, source: int | None, reason: str) -> None:
    """After an attempt that left its source behind: that is to be asked.

    Call in the transaction that ends the attempt.
    """
    if source is not None:
        ask_later(LOST, phase, source, reason)


def ask_later(
    verb: str, phase: int, source: int, words: str, after: timedelta = timedelta(0)
) -> None:
    """Have a source asked about a phase `after` a while; `words` are ours if it is put back (LOST)."""
    rows(_ASK, {"phase": phase, "verb": verb, "source": source, "reason": words, "after": after})


def follow_rows(
    source: Source, run: int, found: Iterable[SourceRow], detail: str = "found so in its source"
) -> int:
    """Make phases of a run what their source says, except those that an attempt holds; returns how many moved."""
    said = {row.phase.phase_id: row for row in found}
    moved = 0
    for phase in Phase.objects.filter(run=run, phase_id__in=said, lease_owner=None):
        row = said[phase.phase_id]
        if phase.state != row.state:
            why = Why("synced", f"source:{source.name}", detail)
            moved += len(move_phases([phase.pk], expect=[phase.state], to=row.state, why=why))
        _take_over(phase, row)
    return moved


def _take_over(phase: Phase, row: SourceRow) -> None:
    """What the source wrote since we last looked becomes ours: its time, and its reason."""
    at = row.phase.changed_at
    if at is None or (phase.source_changed_at and at <= phase.source_changed_at):
        return
    tries = row.phase.source_attempts or 0
    changes: dict[str, object] = {"source_changed_at": at, "source_attempts": tries}
    reason = row.phase.reason
    # A phase that is requeued or taken keeps the reason of an earlier failure beside a new time.
    failed = row.state == PhaseState.FAILED or not _was_said(phase, reason)
    if reason and (_is_counted(phase, row) or (failed and at > phase.state_changed_at)):
        cause = Splits.load().of(fingerprint(reason), reason)
        record_fingerprints([Seen(cause, reason, at, at)])
        changes |= {
            "last_failure_reason": reason, "last_fingerprint": cause.key,
            "failure_category": str(cause.category),
        }  # fmt: skip
    Phase.objects.filter(pk=phase.pk, lease_owner=None).update(**changes)


def _was_said(phase: Phase, reason: str) -> bool:
    """Whether an attempt has this reason, as far as attempts keep it."""
    said = phase.attempt_set.annotate(kept=Left("error", REASON_LIMIT))
    return said.filter(kept=reason[:REASON_LIMIT]).exists()


def _is_counted(phase: Phase, row: SourceRow) -> bool:
    """Whether the source counted a retry since the last failure that we know: its reason is newer.

    So it is if an attempt wrote it that was lost before it was read.
    """
    at = row.phase.changed_at
    if at is None or (row.phase.source_attempts or 0) <= phase.source_attempts:
        return False
    filed = (Outcome.FAILED, Outcome.TIMEOUT, Outcome.RETRYABLE)
    last = phase.attempt_set.filter(outcome__in=filed).aggregate(at=Max("finished_at"))["at"]
    return last is None or at > last


def settle_debts(phases: Sequence[int] | None = None, limit: int = A_ROUND) -> int:
    """Settle what nobody is at: what is due, or the debts of these phases; returns how many are settled."""
    found = SourceDebt.objects.order_by("due_at", "pk")
    if phases is None:
        found = found.filter(due_at__lte=timezone.now())
    else:
        found = found.filter(phase__in=phases)
    count = 0
    silent: dict[int | None, str] = {}
    for pk in list(found.values_list("pk", flat=True)[:limit]):
        with isolated(f"what source debt {pk} promised"):
            count += _settle(pk, silent, asked=phases is not None)
    return count


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What waits for one source that could not be asked, for people."""

    source: str
    phases: int
    since: datetime
    error: str


def unsettled() -> list[Unsettled]:
    """Sources that could not be asked about phases the last time, those that wait longest first; one query."""
    return [Unsettled(**each) for each in rows(_UNSETTLED, {"limit": SHOWN_SOURCES})]


def _settle(pk: int, silent: dict[int | None, str], *, asked: bool) -> bool:
    """Settle one; a source that does not answer (`silent`, with its error) is asked once a round."""
    with transaction.atomic():
        debt = SourceDebt.objects.filter(pk=pk).select_for_update(skip_locked=True).first()
        if debt is None:
            return False
        # Nobody starts the phase while its source is asked.
        phase = Phase.objects.select_for_update().get(pk=debt.phase_id)
        if phase.lease_owner is not None:
            # An attempt that holds the phase reads its source back itself; it may be the one that asks.
            return _ask_again(debt, AGAIN) if debt.verb == FOLLOW else _drop(debt)
        source = phase.run.source_id
        if source in silent:
            return _ask_again(debt, AGAIN, silent[source])
        try:
            done = _agree(debt, phase)
        except SourceError as error:
            log.warning("%s cannot be settled with its source yet: %s", debt, error)
            silent[source] = str(error)[:LONGEST_ERROR]
            return _ask_again(debt, AGAIN, silent[source])
        return _drop(debt) if done or asked else _ask_again(debt, timezone.now() - debt.made_at)


def _drop(debt: SourceDebt) -> bool:
    debt.delete()
    return True


def _ask_again(debt: SourceDebt, after: timedelta, error: str = "") -> bool:
    SourceDebt.objects.filter(pk=debt.pk).update(due_at=timezone.now() + after, error=error)
    return False


def _agree(debt: SourceDebt, phase: Phase) -> bool:
    """Make the phase here what it is there; False if it is to be asked again. Raises SourceError."""
    run, source = phase.run, phase.run.source
    if source is None or source.kind != SourceKind.AUTOPACK:
        return True
    row = row_now(source, run.run_id, phase.phase_id)
    if row is None:
        return True
    if debt.verb == FOLLOW:
        follow_rows(source, run.pk, [row])
        return row.state in (PhaseState.COMPLETE, PhaseState.SKIPPED) or _is_old(debt)
    if debt.verb == LOST:
        return _agree_after_loss(debt, phase, source, row)
    if (debt.to, debt.expect) == (row.state, phase.state):
        why = Why(debt.verb, debt.actor, debt.reason)
    else:
        why = Why("synced", f"source:{source.name}", f"found so after “{debt.verb}” was cut off")
    moved = move_phases([phase.pk], expect=[phase.state], to=row.state, why=why)
    by = Person(debt.actor, Origin(debt.origin), debt.address)
    record_changes(by, f"phase.{debt.verb}", debt.reason, map(change_of, [phase], moved))
    return True


def _agree_after_loss(debt: SourceDebt, phase: Phase, source: Source, row: SourceRow) -> bool:
    """Put back what the lost attempt left half done, unless somebody wrote it since; follow anything else.

    Its child is gone. What another executor has taken since then is younger than the loss.
    """
    if row.state not in SETTLED:
        change = Change(
            phase.run.run_id,
            phase.phase_id,
            row.state,
            PhaseState.FAILED,
            "" if _is_counted(phase, row) else debt.reason,
            debt.made_at,
        )
        if write_back(source, change):
            row = row_now(source, phase.run.run_id, phase.phase_id) or row
    follow_rows(source, phase.run_id, [row], f"found so after “{debt.verb}” was cut off")
    return True


def _is_old(debt: SourceDebt) -> bool:
    return timezone.now() - debt.made_at >= FOLLOWED_FOR


def change_of(phase: Phase, moved: Moved) -> tuple[Subject, dict[str, str], dict[str, str]]:
    """A moved phase as a line of the audit."""
    label = f"{phase.run.run_id} / {phase.phase_id}"
    subject = Subject("phase", str(phase.pk), label)
    return subject, {"state": moved.from_state}, {"state": moved.to_state}
