"""Moves of phases without running them: clear a queued one, requeue or discard a failed one.

A phase of an Autopack database, or of an SQL source with an update, is written back there first, guarded by
the state it is believed to be in: that database has the last word. Only then does it move here, again
guarded, with its history. Who is killed between the two leaves a debt that maintenance settles
(drain.engine.source.outbox).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from drain.engine.errors import EngineError, given_reason
from drain.engine.source.outbox import change_of, held, keep_promise, promise, settle_debts
from drain.engine.source.telling import tell_sources, untold
from drain.models import Phase
from drain.models.audit import Person, record_changes
from drain.models.transitions.phases import MoveReason, move_phases
from drain.models.vocabulary import ENDED_STATES, PhaseState, SourceKind
from drain.sources.autopack.writing import Change, write_back
from drain.sources.errors import SourceError
from drain.sources.sql.settings import has_update
from drain.sources.sql.telling import News, tell_source

CLEARED_TO = (PhaseState.COMPLETE, PhaseState.FAILED, PhaseState.SKIPPED)
AT_ONCE = 500
"""Phases moved in one transaction: locks are short, and the books of a large clear survive its end."""


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """The result for one phase: moved, or the sentence that says why not."""

    phase: int
    run_id: str
    phase_id: str
    done: bool
    said: str

    @property
    def label(self) -> str:
        """Run and phase; of one that is gone only its number is known."""
        return f"{self.run_id} / {self.phase_id}" if self.phase_id else f"phase {self.phase}"


Keep = Callable[[Sequence[PhaseResult]], None]
"""Called with the results of each step in the step's own transaction: kept together or not at all."""


@dataclass(frozen=True, slots=True)
class _Move:
    verb: str
    expect: PhaseState
    to: PhaseState
    reason: str
    by: Person

    @property
    def why(self) -> MoveReason:
        return MoveReason(self.verb, self.by.name, self.reason)


def clear_queued(
    phases: Sequence[int], to: PhaseState, reason: str, actor: Person, keep: Keep | None = None
) -> list[PhaseResult]:
    """Move queued phases to COMPLETE, FAILED or SKIPPED; one result per phase, in the order given.

    Raises EngineError when `to` is none of the three, or without a reason.
    """
    if to not in CLEARED_TO:
        raise EngineError(
            f"A queued phase can be cleared to complete, failed or skipped, not to {to}."
        )
    move = _Move("clear_queued", PhaseState.QUEUED, to, given_reason(reason), actor)
    return _move_all(phases, move, keep)


def requeue(
    phases: Sequence[int], reason: str, actor: Person, keep: Keep | None = None
) -> list[PhaseResult]:
    """Put failed phases back into their pipeline's queue; one result per phase, in the order given.

    A drain leaves queued phases alone: who runs them next is the pipeline, or `drain_phase` by name.
    Raises EngineError without a reason.
    """
    move = _Move("requeue", PhaseState.FAILED, PhaseState.QUEUED, given_reason(reason), actor)
    return _move_all(phases, move, keep)


def discard(
    phases: Sequence[int], to: PhaseState, reason: str, actor: Person, keep: Keep | None = None
) -> list[PhaseResult]:
    """Give failed phases up as SKIPPED, or call them COMPLETE; one result per phase, in the order given.

    What waits for such a phase may run then. Its last failure stays in its attempts and its history. Raises
    EngineError when `to` is neither, or without a reason.
    """
    if to not in ENDED_STATES:
        raise EngineError(f"A failed phase can be discarded as skipped or complete, not as {to}.")
    move = _Move("discard", PhaseState.FAILED, to, given_reason(reason), actor)
    return _move_all(phases, move, keep)


def _move_all(phases: Sequence[int], move: _Move, keep: Keep | None) -> list[PhaseResult]:
    results: list[PhaseResult] = []
    asked = list(dict.fromkeys(phases))
    for start in range(0, len(asked), AT_ONCE):
        results.extend(_move_some(asked[start : start + AT_ONCE], move, keep))
    return results


def _move_some(phases: Sequence[int], move: _Move, keep: Keep | None) -> list[PhaseResult]:
    known = Phase.objects.select_related("run__source").in_bulk(phases)
    owed = [pk for pk, phase in known.items() if _is_told(phase, move)]
    owner = None
    if owed:
        # What somebody killed left of these is settled first, and may have moved them.
        if settle_debts(owed) + tell_sources(owed):
            known = Phase.objects.select_related("run__source").in_bulk(phases)
            owed = [pk for pk, phase in known.items() if _is_told(phase, move)]
        owner = promise(owed, move.why, move.expect, move.to, move.by)
    with transaction.atomic():
        mine = _still(held(owner), move) if owner else set()
        refused = _tell_sources([known[pk] for pk in owed], move, mine)
        moved = move_phases(
            [pk for pk in known if not refused.get(pk)],
            expect=[move.expect],
            to=move.to,
            why=move.why,
        )
        changes = (change_of(known[each.phase], each) for each in moved)
        record_changes(move.by, f"phase.{move.verb}", move.reason, changes)
        done = {each.phase for each in moved}
        now = dict(Phase.objects.filter(pk__in=phases).values_list("pk", "state"))
        results = [
            _result(pk, known.get(pk), refused.get(pk, ""), pk in done, now.get(pk, ""), move)
            for pk in phases
        ]
        if keep is not None:
            keep(results)
        if owner:
            keep_promise(owner)
    return results


def _still(phases: Collection[int], move: _Move) -> set[int]:
    """Lock the phases that are as expected: nobody starts them while their source is written.

    What somebody is at is passed over, so that nobody waits in a circle.
    """
    found = Phase.objects.filter(pk__in=phases, state=move.expect)
    found = found.order_by("pk").select_for_update(no_key=True, skip_locked=True)
    return set(found.values_list("pk", flat=True))


def _is_told(phase: Phase, move: _Move) -> bool:
    """Return whether the phase's source is written before the phase is moved here."""
    source = phase.run.source
    told = has_update(source) or (source is not None and source.kind == SourceKind.AUTOPACK)
    return told and phase.state == move.expect


def _tell_sources(phases: Iterable[Phase], move: _Move, mine: Collection[int]) -> dict[int, str]:
    """Write these phases' sources; why not, for those that their source does not allow.

    A source that does not answer is asked once: every further wait would hold the debts as long.
    """
    silent: dict[int | None, str] = {}
    refused = {}
    for phase in phases:
        source = phase.run.source_id
        if phase.pk not in mine:
            refused[phase.pk] = untold(phase) or "somebody else is moving it at this moment"
        elif source in silent:
            refused[phase.pk] = silent[source]
        else:
            try:
                refused[phase.pk] = _refused_by_source(phase, move)
            except SourceError as error:
                refused[phase.pk] = silent[source] = str(error)
    return refused


def _refused_by_source(phase: Phase, move: _Move) -> str:
    """Return the source's reason against the move; without one, write it there. Raises SourceError."""
    source = phase.run.source
    if source is None:
        return ""
    if has_update(source):
        written = tell_source(source, News(phase, move.to, move.reason, move.expect))
    else:
        run_id, phase_id, at = phase.run.run_id, phase.phase_id, phase.source_changed_at
        change = Change(run_id, phase_id, move.expect, move.to, move.reason, at)
        written = write_back(source, change)
    return (
        ""
        if written
        else f"its source {source.name} has moved it since the last import; import it again"
    )


def _result(
    pk: int, phase: Phase | None, refused: str, done: bool, state: str, move: _Move
) -> PhaseResult:
    if phase is None:
        return PhaseResult(pk, "", "", done=False, said="there is no such phase any more")
    if done:
        said = f"{move.expect} → {move.to}"
    else:
        said = (
            refused
            or f"not moved: it is {state}, and only a phase that is {move.expect} can be moved"
        )
    return PhaseResult(pk, phase.run.run_id, phase.phase_id, done, said)
