"""SQL sources are told what attempts came to, once each, however often who tells them dies.

The transaction that ends an attempt leaves a debt of its phase. Whoever takes it tells the source what the
phase is by then, and forgets the debt. No row of ours is locked while a source is asked: a slow one holds no
drain up.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from drain.db.prepared import records_of, rows
from drain.engine.isolation import isolated
from drain.engine.source.outbox import AGAIN, LONGEST_ERROR, TELL
from drain.models import Phase, Source, SourceDebt
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin, PhaseState
from drain.sources.errors import RowError, SourceError
from drain.sources.sql.database import Tell
from drain.sources.sql.settings import has_update
from drain.sources.sql.telling import REASON_LIMIT, News, opened, tell

log = logging.getLogger(__name__)

A_ROUND = 500
A_WHILE = 3.0
"""Seconds after which a round leaves the rest of a source to the next one: other maintenance waits for it."""
LATEST = timedelta(hours=1)
"""The longest time between two tries."""
MAINTENANCE = Person("maintenance", Origin.SCHEDULE)
# Asked in every round of a drain: most sites have no such source.
_ANY_TOLD = "SELECT 1 AS one FROM drain_source WHERE kind = 'sql' AND reading ? 'update' LIMIT 1"
# Who ended an attempt counts more than what anybody has promised of its phase before. Phases are found by
# their key: of a set of records alone the planner believes that they are a hundred, and reads every phase
# that there is.
_LATER = """
INSERT INTO drain_sourcedebt
    (phase_id, verb, expect, "to", reason, queued_at, actor, origin, address, error, owner)
SELECT g.phase, 'tell', g.was, '', g.reason, '', 'maintenance', 'schedule', '', '', gen_random_uuid()
FROM drain_phase p JOIN drain_run r ON r.id = p.run_id
JOIN drain_source s ON s.id = r.source_id AND s.kind = 'sql' AND s.reading ? 'update'
JOIN json_to_recordset(%(records)s::json) AS g (phase bigint, was text, reason text) ON g.phase = p.id
WHERE p.id = ANY(%(phases)s::bigint[])
ORDER BY g.phase
ON CONFLICT (phase_id) DO UPDATE SET verb = 'tell', reason = excluded.reason, owner = excluded.owner, error = '',
    due_at = clock_timestamp(), made_at = clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class Untold:
    """The result of an attempt that its source has not been told."""

    phase: int
    was: str
    """State before the attempt, in which the source has it still."""
    reason: str


def tell_later(ends: Iterable[Untold]) -> None:
    """Have SQL sources told of phases whose attempts ended; call in the transaction that ends them."""
    news = {each.phase: each for each in ends}
    if news and rows(_ANY_TOLD, {}):
        rows(_LATER, {"records": records_of(list(news.values())), "phases": list(news)})


def tell_sources(phases: Sequence[int] | None = None) -> int:
    """Tell what is due, or of these phases; returns of how many the sources know now."""
    debts: dict[int, list[SourceDebt]] = defaultdict(list)
    sources: dict[int, Source] = {}
    for debt in _take(phases):
        source = debt.phase.run.source
        if source is None or not has_update(source):
            debt.delete()
        elif debt.phase.lease_owner is None:
            sources[source.pk] = source
            debts[source.pk].append(debt)
    count = 0
    for pk, found in debts.items():
        with isolated(f"telling source {pk}"):
            count += _tell_one(sources[pk], found)
    return count


def untold(phase: Phase) -> str:
    """Return the reason why a phase's source does not know its state yet; empty if it does."""
    debt = SourceDebt.objects.filter(phase=phase, verb=TELL).first()
    return "" if debt is None else debt.error or "its source is being told of its last attempt"


def _take(phases: Sequence[int] | None) -> list[SourceDebt]:
    """The debts that nobody else is at; for a while they are nobody else's."""
    found = SourceDebt.objects.filter(verb=TELL).order_by("due_at", "pk")
    if phases is None:
        found = found.filter(due_at__lte=timezone.now())
    else:
        found = found.filter(phase__in=phases)
    with transaction.atomic():
        taken = list(
            found.select_for_update(skip_locked=True).values_list("pk", flat=True)[:A_ROUND]
        )
        SourceDebt.objects.filter(pk__in=taken).update(due_at=timezone.now() + AGAIN)
    return list(
        SourceDebt.objects.filter(pk__in=taken, verb=TELL)
        .select_related("phase__run__source")
        .order_by("pk")
    )


def _tell_one(source: Source, debts: Sequence[SourceDebt]) -> int:
    """Tell a source of these, on one connection; returns of how many it knows now."""
    count, until = 0, time.monotonic() + A_WHILE
    try:
        with opened(source) as to:
            for at, debt in enumerate(debts):
                if time.monotonic() > until:
                    rest = [each.pk for each in debts[at:]]
                    SourceDebt.objects.filter(pk__in=rest, verb=TELL).update(due_at=timezone.now())
                    break
                count += _tell(source, to, debt)
    except SourceError as error:
        log.warning("source %s could not be told: %s", source.name, error)
        left = SourceDebt.objects.filter(pk__in=[debt.pk for debt in debts], verb=TELL)
        left.update(error=str(error)[:LONGEST_ERROR])
    return count


def _tell(source: Source, to: Tell, debt: SourceDebt) -> bool:
    phase = debt.phase
    news = News(phase, phase.state, _reason(debt), debt.expect)
    try:
        is_told = tell(to, news)
    except RowError as error:
        _try_later(debt, str(error))
        return False
    # What ended meanwhile is told next, by what the source knows now.
    same = SourceDebt.objects.filter(pk=debt.pk, made_at=debt.made_at, verb=TELL)
    if not same.delete()[0]:
        SourceDebt.objects.filter(pk=debt.pk, verb=TELL).update(expect=phase.state)
    if not is_told:
        _note_refused(source, phase)
    return is_told


def _reason(debt: SourceDebt) -> str:
    return "" if debt.phase.state == PhaseState.COMPLETE else debt.reason[:REASON_LIMIT]


def _try_later(debt: SourceDebt, error: str) -> None:
    now = timezone.now()
    pause = min(max(now - debt.made_at, AGAIN), LATEST)
    SourceDebt.objects.filter(pk=debt.pk, verb=TELL).update(
        error=error[:LONGEST_ERROR], due_at=now + pause
    )


def _note_refused(source: Source, phase: Phase) -> None:
    """The row was changed or is gone since it was read: what stands there stays, and people can read so."""
    label = f"{phase.run.run_id} / {phase.phase_id}"
    said = f"{source.name} has changed its row since, so nothing was written there; the next import says what it is"
    record_audit(
        MAINTENANCE,
        "source.moved",
        Subject("phase", str(phase.pk), label),
        said,
        new={"untold": phase.state},
    )
