"""Two databases, no common transaction: what an Autopack source was to be told survives who was telling it.

Before a source is written, a debt of each phase is committed. The transaction that then moves the phase here
holds the rows of its debts locked and deletes them. Whoever is killed in between leaves debts that nobody
holds: maintenance asks the source, and finishes here what had been done there, or drops what had not. A lost
attempt leaves a debt as well: its child may have finished its phase there, or have left it half done.
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
from drain.models import Phase, SourceDebt
from drain.models.audit import Person, Subject, record_changes
from drain.models.transitions.phases import Moved, Why, move_phases
from drain.models.vocabulary import Origin, PhaseState, SourceKind
from drain.sources.autopack.readback import SETTLED, state_of, write_back
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)

A_ROUND = 50
BEFORE_ANYBODY_LOOKS = timedelta(seconds=30)
"""From the commit of a debt until its owner has locked it: milliseconds, unless the owner died."""
AGAIN = timedelta(minutes=1)
LOST = "lost"
LONGEST_ERROR = 500
SHOWN_SOURCES = 20

_LOSE = """
INSERT INTO drain_sourcedebt
    (phase_id, verb, expect, "to", reason, actor, origin, address, error, owner, due_at)
SELECT %(phase)s::bigint, 'lost', '', '', %(reason)s::text, 'maintenance', 'schedule', '', '',
    gen_random_uuid(), now() + %(after)s::interval
FROM drain_source WHERE id = %(source)s::bigint AND kind = 'autopack'
ON CONFLICT (phase_id) DO NOTHING
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


def note_lost(phase: int, source: int | None, reason: str, after: timedelta = timedelta(0)) -> None:
    """After an attempt that left its source behind: that is to be asked, `after` a while.

    Call in the transaction that ends the attempt, or leave the attempt the time to end.
    """
    if source is not None:
        rows(_LOSE, {"phase": phase, "source": source, "reason": reason, "after": after})


def settle_debts(phases: Sequence[int] | None = None, limit: int = A_ROUND) -> int:
    """Settle what nobody is at: what is due, or the debts of these phases; returns how many are settled."""
    found = SourceDebt.objects.order_by("due_at", "pk")
    if phases is None:
        found = found.filter(due_at__lte=timezone.now())
    else:
        found = found.filter(phase__in=phases)
    count = 0
    for pk in list(found.values_list("pk", flat=True)[:limit]):
        with isolated(f"what source debt {pk} promised"):
            count += _settle(pk)
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


def _settle(pk: int) -> bool:
    with transaction.atomic():
        debt = SourceDebt.objects.filter(pk=pk).select_for_update(skip_locked=True).first()
        if debt is None:
            return False
        # Nobody starts the phase while its source is asked.
        phase = Phase.objects.select_for_update().get(pk=debt.phase_id)
        if phase.lease_owner is None:
            try:
                _agree(debt, phase)
            except SourceError as error:
                log.warning("%s cannot be settled with its source yet: %s", debt, error)
                later, said = timezone.now() + AGAIN, str(error)[:LONGEST_ERROR]
                SourceDebt.objects.filter(pk=pk).update(due_at=later, error=said)
                return False
        # An attempt that holds the phase reads its source back itself.
        debt.delete()
    return True


def _agree(debt: SourceDebt, phase: Phase) -> None:
    """Make the phase here what it is there. Raises SourceError."""
    run, source = phase.run, phase.run.source
    if source is None or source.kind != SourceKind.AUTOPACK:
        return
    said = state_of(source, run.run_id, phase.phase_id)
    if said is None or said == phase.state:
        return
    if debt.verb == LOST and said not in SETTLED:
        # Its child is gone, and Autopack itself never gives such a phase up.
        write_back(source, run.run_id, phase.phase_id, said, PhaseState.FAILED, debt.reason)
        said = PhaseState.FAILED
    if (debt.to, debt.expect) == (said, phase.state):
        why = Why(debt.verb, debt.actor, debt.reason)
    else:
        why = Why("synced", f"source:{source.name}", f"found so after “{debt.verb}” was cut off")
    moved = move_phases([phase.pk], expect=[phase.state], to=said, why=why)
    if debt.verb != LOST:
        by = Person(debt.actor, Origin(debt.origin), debt.address)
        record_changes(by, f"phase.{debt.verb}", debt.reason, map(change_of, [phase], moved))


def change_of(phase: Phase, moved: Moved) -> tuple[Subject, dict[str, str], dict[str, str]]:
    """A moved phase as a line of the audit."""
    label = f"{phase.run.run_id} / {phase.phase_id}"
    subject = Subject("phase", str(phase.pk), label)
    return subject, {"state": moved.from_state}, {"state": moved.to_state}
