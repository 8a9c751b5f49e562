"""Rows of an Autopack database as ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.models.vocabulary import Order, PhaseState
from drain.policy.secrets import Mask
from drain.sources.autopack.database import Database, Row
from drain.sources.autopack.schema import ESCALATIONS, ESTIMATIONS, PHASES, RUNS, TIERS, Table
from drain.sources.autopack.words import reason_without_ours
from drain.sources.staging import EventIn, PhaseIn, RunIn
from drain.sources.values import (
    NAME_LIMIT,
    as_identifier,
    as_int,
    as_json,
    as_state,
    as_text,
    as_time,
    storable,
)

# An id is taken before its row is committed, so an earlier one can appear later than a later one.
LATE_IDS = 1000
ENDED = (PhaseState.COMPLETE, PhaseState.FAILED, PhaseState.SKIPPED)
_KINDS = {ESTIMATIONS.name: "token_estimation", ESCALATIONS.name: "token_budget_escalation"}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A phase as its source has it at one moment."""

    phase: PhaseIn
    attempted_at: datetime | None
    """The moment at which Autopack last noted an attempt of its own."""
    written_state: str
    """The state in the source's own spelling."""
    written_at: object
    """`updated_at` as the driver gives it, the guard of a write; None where the source has none."""
    written_reason: str
    """The failure reason with what drainsite wrote before it."""

    @property
    def state(self) -> PhaseState:
        """The state, whatever its spelling."""
        return self.phase.state


def read_runs(database: Database) -> Iterator[RunIn]:
    """Every run."""
    for row in database.rows(RUNS.select(database.columns[RUNS.name], "")):
        yield RunIn(
            run_id=as_identifier(row["id"], "run id"),
            created_at=as_time(row["created_at"]),
            # One at a time, in any order: Autopack requeues each failed phase alone.
            run_order=Order.INDEPENDENT.value,
            max_parallel=1,
        )


def read_phases(database: Database) -> Iterator[PhaseIn]:
    """Every phase."""
    tiers = _tiers(database)
    for row in database.rows(PHASES.select(database.columns[PHASES.name], "")):
        yield phase_of(row, tiers, database.mask)


def rows_of_run(database: Database, run_id: str) -> dict[str, SourceRow]:
    """The phases of one run by phase_id, as they are now."""
    sql = PHASES.select(database.columns[PHASES.name], "WHERE run_id = ?")
    tiers = _tiers(database, run_id)
    return {
        str(row["phase_id"]): _source_row(row, tiers, database.mask)
        for row in database.rows(sql, [run_id])
    }


def row_of_phase(database: Database, run_id: str, phase_id: str) -> SourceRow | None:
    """One phase as it is now; None if the source has it not."""
    sql = PHASES.select(database.columns[PHASES.name], "WHERE run_id = ? AND phase_id = ?")
    found = list(database.rows(sql, [run_id, phase_id]))
    return _source_row(found[0], _tiers(database, run_id), database.mask) if found else None


def _source_row(row: Row, tiers: Mapping[object, int], mask: Mask) -> SourceRow:
    reason = row["last_failure_reason"]
    return SourceRow(
        phase=phase_of(row, tiers, mask),
        attempted_at=as_time(row["last_attempt_timestamp"]),
        written_state=str(row["state"]),
        written_at=row["updated_at"],
        # Whole: it is written back with our words before it.
        written_reason=reason if isinstance(reason, str) else as_text(reason),
    )


def _tiers(database: Database, run_id: str | None = None) -> dict[object, int]:
    """Tier id → its index; of a source without tiers, none."""
    if not database.columns[TIERS.name]:
        return {}
    where, values = ("", []) if run_id is None else ("WHERE run_id = ?", [run_id])
    found = database.rows(TIERS.select(database.columns[TIERS.name], where), values)
    return {row["id"]: as_int(row["tier_index"]) for row in found}


def phase_of(row: Row, tiers: Mapping[object, int], mask: Mask) -> PhaseIn:
    """One phase; times are naive UTC in Autopack. Raises SourceError for an impossible id or state."""
    run_id = as_identifier(row["run_id"], "run id")
    phase_id = as_identifier(row["phase_id"], "phase id")
    state = as_state(row["state"], f"Phase {phase_id} of run {run_id}")
    changed = as_time(row["updated_at"]) or as_time(row["created_at"])
    ended = as_time(row["completed_at"]) or as_time(row["updated_at"])
    return PhaseIn(
        run_id=run_id,
        phase_id=phase_id,
        state=state,
        tier_index=tiers.get(row["tier_id"], 0),
        phase_index=as_int(row["phase_index"]),
        name=as_text(row["name"], NAME_LIMIT),
        changed_at=changed,
        category=as_text(row["task_category"], 100),
        complexity=as_text(row["complexity"], 40),
        params=_params(row["scope"]),
        source_attempts=max(as_int(row["retry_attempt"]), as_int(row["attempts_used"]), 0),
        # Autopack leaves the reason of an earlier failure on a phase that completed.
        reason=""
        if state is PhaseState.COMPLETE
        else mask.text(reason_without_ours(as_text(row["last_failure_reason"]))).strip(),
        started_at=as_time(row["started_at"]),
        finished_at=ended if state in ENDED else None,
    )


def read_events(database: Database, table: Table, after: int) -> Iterator[EventIn]:
    """Telemetry events of one table with an id above `after`, less a margin for late commits."""
    if not database.columns[table.name]:
        return
    sql = table.select(database.columns[table.name], "WHERE event_id > ? ORDER BY event_id")
    for row in database.rows(sql, [after - LATE_IDS]):
        yield event_of(table, row)


def event_of(table: Table, row: Row) -> EventIn:
    """One telemetry event of either table."""
    kind = _KINDS[table.name]
    return EventIn(
        run_id=as_identifier(row["run_id"], "run id"),
        phase_id=as_identifier(row["phase_id"], "phase id"),
        kind=kind,
        source_event=f"{kind}:{row['event_id']}",
        at=as_time(row["timestamp"]),
        category=as_text(row.get("category"), 100),
        model=as_text(row.get("model"), 100),
        predicted=_tokens(row.get("predicted_output_tokens")),
        actual=_tokens(row.get("actual_output_tokens")),
        data=_rest(row),
    )


def event_id_of(source_event: str) -> int:
    """The id in the source's table, from `kind:id`."""
    return int(source_event.rpartition(":")[2])


def _rest(row: Row) -> dict[str, Any]:
    known = ("event_id", "run_id", "phase_id", "timestamp", "category", "model")
    return {
        key: str(value) if isinstance(value, datetime) else storable(value)
        for key, value in row.items()
        if key not in known and value is not None
    }


def _tokens(value: object) -> int | None:
    return None if value is None else as_int(value)


def _params(scope: object) -> dict[str, Any]:
    parsed = as_json(scope)
    if isinstance(parsed, dict):
        return parsed
    return {} if parsed is None else {"scope": parsed}
