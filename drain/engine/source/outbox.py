"""Two databases, no common transaction: what an Autopack source was to be told survives who was telling it.

Before a source is written, a debt of each phase is committed. The transaction that then moves the phase here
holds the rows of its debts locked and deletes them. Whoever is killed in between leaves debts that nobody
holds: maintenance asks the source, and finishes here what had been done there, or drops what had not. An
attempt has a debt from when it queues its phase there. If it is lost its child may have finished the phase,
or have left it half done. What the source says of one that has no good end yet is followed, without an
import.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from drain.db.prepared import rows
from drain.engine.isolation import isolated
from drain.engine.source.following import follow_rows, is_counted
from drain.models import Phase, Source, SourceDebt
from drain.models.audit import Person, Subject, record_changes
from drain.models.transitions.phases import Moved, MoveReason, move_phases
from drain.models.vocabulary import WORKING_STATES, Origin, PhaseState, SourceKind
from drain.sources.autopack.readback import row_now
from drain.sources.autopack.rows import SourceRow
from drain.sources.autopack.writing import Change, write_back
from drain.sources.errors import SourceError
from drain.sources.sql.settings import has_update
from drain.sources.sql.telling import News, tell_source

log = logging.getLogger(__name__)

A_ROUND = 50
BEFORE_ANYBODY_LOOKS = timedelta(seconds=30)
"""From the commit of a debt until its owner has locked it: milliseconds, unless the owner died."""
AGAIN = timedelta(minutes=1)
LOST = "lost"
"""An attempt of ours was cut off: what it left half done in the source is put back."""
FOLLOW = "follow"
"""An attempt of ours is over: what the source says later is taken over, and nothing is written."""
TELL = "tell"
"""An attempt of ours is over: its SQL source is told what the phase is."""
FOLLOWED_FOR = timedelta(minutes=10)
LONGEST_ERROR = 500
SHOWN_SOURCES = 20

_ASK = """
INSERT INTO drain_sourcedebt
    (phase_id, verb, expect, "to", reason, queued_at, actor, origin, address, error, owner, due_at)
SELECT %(phase)s::bigint, %(verb)s::text, '', '', %(reason)s::text, %(queued_at)s::text, 'maintenance', 'schedule', '', '',
    gen_random_uuid(), now() + %(after)s::interval
FROM drain_source WHERE id = %(source)s::bigint AND kind = 'autopack'
ON CONFLICT (phase_id) DO UPDATE SET verb = excluded.verb, reason = excluded.reason, due_at = excluded.due_at,
    made_at = now(), queued_at = CASE
        WHEN excluded.verb = 'lost' AND excluded.queued_at = '' THEN drain_sourcedebt.queued_at
        ELSE excluded.queued_at END
WHERE drain_sourcedebt.verb IN ('lost', 'follow')
"""
_UNSETTLED = """
SELECT s.name AS source, count(*)::int AS phases, min(d.made_at) AS since, max(d.error) AS error
FROM drain_sourcedebt d JOIN drain_phase p ON p.id = d.phase_id
JOIN drain_run r ON r.id = p.run_id LEFT JOIN drain_source s ON s.id = r.source_id
WHERE d.error <> '' GROUP BY s.name ORDER BY since LIMIT %(limit)s::int
"""


def promise(
    phases: Sequence[int], move: MoveReason, expect: PhaseState, to: PhaseState, by: Person
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
    """Return the phases whose debts are this owner's, locked until the end of the transaction."""
    found = SourceDebt.objects.filter(owner=owner).order_by("phase_id").select_for_update()
    return set(found.values_list("phase_id", flat=True))


def keep_promise(owner: UUID) -> None:
    """Drop the promise: both databases agree, or nothing was written;
    call in the transaction that holds the debts.
    """
    SourceDebt.objects.filter(owner=owner).delete()


def note_lost(phase: int, source: int | None, reason: str) -> None:
    """Write a debt after an attempt that left its source behind: the source is to be asked.

    Call in the transaction that ends the attempt.
    """
    if source is not None:
        ask_later(LOST, phase, source, reason)


def ask_later(
    verb: str,
    phase: int,
    source: int,
    words: str,
    after: timedelta = timedelta(0),
    queued_at: object = None,
) -> None:
    """Have a source asked about a phase `after` a while; `words` are ours if it is put back (LOST).

    `queued_at`: the `updated_at` beside which we queued it there. Found so, it is put back whatever the verb.
    """
    at = "" if queued_at is None else str(queued_at)
    asked = {"phase": phase, "verb": verb, "source": source, "reason": words, "after": after}
    rows(_ASK, {**asked, "queued_at": at})


def forget(phase: int) -> None:
    """Drop the debts of a phase that has come to its good end."""
    SourceDebt.objects.filter(phase=phase, verb=FOLLOW).delete()


def is_queued_by_us(phase: int, row: SourceRow) -> bool:
    """Return whether a phase is queued in its source because an attempt of ours queued it,
    and nobody wrote it since.
    """
    if row.state != PhaseState.QUEUED or row.written_at is None:
        return False
    return SourceDebt.objects.filter(phase=phase, queued_at=str(row.written_at)).exists()


def settle_debts(phases: Sequence[int] | None = None, limit: int = A_ROUND) -> int:
    """Settle what nobody is at: what is due, or the debts of these phases; returns how many are settled."""
    found = SourceDebt.objects.exclude(verb=TELL).order_by("due_at", "pk")
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
    """The phases that wait for one source that could not be asked, for people."""

    source: str
    phases: int
    since: datetime
    error: str


def unsettled() -> list[Unsettled]:
    """Sources that could not be asked about phases last time, those waiting longest first; one query."""
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
    if source is not None and has_update(source):
        return _agree_with_table(debt, phase, source)
    if source is None or source.kind != SourceKind.AUTOPACK:
        return True
    row = row_now(source, run.run_id, phase.phase_id)
    if row is None:
        return True
    row = _unqueued(debt, phase, source, row)
    if debt.verb == FOLLOW:
        follow_rows(source, run.pk, [row])
        return row.state in (PhaseState.COMPLETE, PhaseState.SKIPPED) or _is_old(debt)
    if debt.verb == LOST:
        return _agree_after_loss(debt, phase, source, row)
    if (debt.to, debt.expect) == (row.state, phase.state):
        why = MoveReason(debt.verb, debt.actor, debt.reason)
    else:
        why = MoveReason(
            "synced", f"source:{source.name}", f"found so after “{debt.verb}” was cut off"
        )
    _move(debt, phase, row.state, why)
    return True


def _agree_with_table(debt: SourceDebt, phase: Phase, source: Source) -> bool:
    """Tell an SQL source again; a row that was changed there stays, and the next import takes it over."""
    news = News(phase, debt.to, debt.reason, debt.expect)
    if phase.state == debt.expect and tell_source(source, news):
        _move(debt, phase, PhaseState(debt.to), MoveReason(debt.verb, debt.actor, debt.reason))
    return True


def _move(debt: SourceDebt, phase: Phase, to: PhaseState, why: MoveReason) -> None:
    moved = move_phases([phase.pk], expect=[phase.state], to=to, why=why)
    by = Person(debt.actor, Origin(debt.origin), debt.address)
    record_changes(by, f"phase.{debt.verb}", debt.reason, map(change_of, [phase], moved))


def _agree_after_loss(debt: SourceDebt, phase: Phase, source: Source, row: SourceRow) -> bool:
    """Put back what the lost attempt left half done, unless somebody wrote it since; follow anything else.

    Its child is gone. What another executor has taken since then is younger than the loss;
    what is queued is Autopack's.
    """
    if row.state in WORKING_STATES:
        change = Change(
            phase.run.run_id,
            phase.phase_id,
            row.state,
            PhaseState.FAILED,
            "" if is_counted(phase, row) else debt.reason,
            debt.made_at,
        )
        if write_back(source, change):
            row = row_now(source, phase.run.run_id, phase.phase_id) or row
    follow_rows(source, phase.run_id, [row], f"found so after “{debt.verb}” was cut off")
    return True


def _unqueued(debt: SourceDebt, phase: Phase, source: Source, row: SourceRow) -> SourceRow:
    """Put a phase back to FAILED that still stands as our ended attempt queued it; returns its row then."""
    at = debt.queued_at
    if not at or (row.state, str(row.written_at)) != (PhaseState.QUEUED, at):
        return row
    run_id, phase_id = phase.run.run_id, phase.phase_id
    words = debt.reason if debt.verb == LOST else ""
    back = Change(run_id, phase_id, row.state, PhaseState.FAILED, words, written_at=at)
    write_back(source, back)
    SourceDebt.objects.filter(pk=debt.pk).update(queued_at="")
    return row_now(source, run_id, phase_id) or row


def _is_old(debt: SourceDebt) -> bool:
    return timezone.now() - debt.made_at >= FOLLOWED_FOR


def change_of(phase: Phase, moved: Moved) -> tuple[Subject, dict[str, str], dict[str, str]]:
    """Return the parts of an audit line on a moved phase: subject, old and new values."""
    label = f"{phase.run.run_id} / {phase.phase_id}"
    subject = Subject("phase", str(phase.pk), label)
    return subject, {"state": moved.from_state}, {"state": moved.to_state}
