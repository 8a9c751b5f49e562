"""The one door through which a source is written: a guarded change of one phase's state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from drain.models import Source
from drain.models.vocabulary import PhaseState
from drain.sources.autopack import rows
from drain.sources.autopack.database import Database, opened
from drain.sources.autopack.rows import SourceRow
from drain.sources.autopack.schema import PHASES
from drain.sources.autopack.words import with_ours


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one phase that a source is told."""

    run_id: str
    phase_id: str
    expect: PhaseState
    to: PhaseState
    words: str = ""
    """Ours, written before the failure reason that stands there; empty leaves the reason alone."""
    known_at: datetime | None = None
    """The moment of the write that we know of there: later ones by others stay."""
    written_at: str = ""
    """`updated_at` as it must still stand there; empty leaves it to `known_at`."""


def write_back(source: Source, change: Change) -> bool:
    """Set a phase's state in its source; False if it is another than expected, or was written since.

    Times are left alone: they tell when the pipeline did something. Raises SourceError.
    """
    with opened(source.url, write=True) as database:
        row = rows.row_of_phase(database, change.run_id, change.phase_id)
        if row is None or row.state != change.expect or _is_later(row, change.known_at):
            return False
        if change.written_at not in ("", str(row.written_at)):
            return False
        sets: dict[str, object] = {"state": _spelled(change.to, row)}
        has_reason = "last_failure_reason" in database.columns[PHASES.name]
        if change.words and change.to == PhaseState.FAILED and has_reason:
            sets["last_failure_reason"] = with_ours(change.words, row.written_reason)
        return _update(database, row, sets)


def queue(source: Source, row: SourceRow) -> bool:
    """Queue a phase and leave all else, its time too;
    False if somebody wrote since `row` was read. Raises SourceError.
    """
    with opened(source.url, write=True) as database:
        return _update(database, row, {"state": _spelled(PhaseState.QUEUED, row)})


def unqueue(source: Source, row: SourceRow) -> bool:
    """Undo `queue`, given the same row; False if somebody wrote since. Raises SourceError."""
    run_id, phase_id, at = row.phase.run_id, row.phase.phase_id, str(row.written_at)
    back = Change(run_id, phase_id, PhaseState.QUEUED, PhaseState.FAILED, written_at=at)
    return write_back(source, back)


def reset_retries(
    source: Source, run_id: str, phase_id: str, known_at: datetime | None = None
) -> bool:
    """Set the retries of a failed phase back to 0; False if it is another by now. Raises SourceError."""
    with opened(source.url, write=True) as database:
        row = rows.row_of_phase(database, run_id, phase_id)
        if row is None or row.state != PhaseState.FAILED or _is_later(row, known_at):
            return False
        present = database.columns[PHASES.name]
        counters = [name for name in ("retry_attempt", "attempts_used") if name in present]
        return bool(counters) and _update(database, row, dict.fromkeys(counters, 0))


def _update(database: Database, row: SourceRow, sets: Mapping[str, object]) -> bool:
    """Write if the row is as it was read: whoever wrote in between wins."""
    guards: dict[str, object] = {
        "run_id": row.phase.run_id, "phase_id": row.phase.phase_id, "state": row.written_state,
    }  # fmt: skip
    where = " AND ".join(f"{name} = ?" for name in guards)
    if row.written_at is not None:
        where, guards = f"{where} AND updated_at = ?", {**guards, "updated_at": row.written_at}
    elif "updated_at" in database.columns[PHASES.name]:
        where = f"{where} AND updated_at IS NULL"
    if "last_failure_reason" in sets:
        # Not everybody who writes a reason by hand writes the time beside it.
        where = f"{where} AND coalesce(CAST(last_failure_reason AS TEXT), '') = ?"
        guards["last_failure_reason"] = row.written_reason
    changes = ", ".join(f"{name} = ?" for name in sets)
    sql = f"UPDATE phases SET {changes} WHERE {where}"  # noqa: S608 - our own names only
    return bool(database.change(sql, [*sets.values(), *guards.values()]))


def _is_later(row: SourceRow, known_at: datetime | None) -> bool:
    at = row.phase.changed_at
    return known_at is not None and at is not None and at > known_at


def _spelled(state: PhaseState, row: SourceRow) -> str:
    return state.value.lower() if row.written_state.islower() else state.value
