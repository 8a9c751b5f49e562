"""Rows of an Autopack database as ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from drain.models.vocabulary import PhaseState
from drain.sources.autopack.database import Database, Row
from drain.sources.autopack.schema import ESCALATIONS, ESTIMATIONS, PHASES, RUNS, Table
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


def read_runs(database: Database) -> Iterator[RunIn]:
    """Every run."""
    for row in database.rows(RUNS.select(database.columns[RUNS.name], "")):
        yield RunIn(
            run_id=as_identifier(row["id"], "run id"), created_at=as_time(row["created_at"])
        )


def read_phases(database: Database) -> Iterator[PhaseIn]:
    """Every phase."""
    for row in database.rows(PHASES.select(database.columns[PHASES.name], "")):
        yield phase_of(row)


def phase_of(row: Row) -> PhaseIn:
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
        phase_index=as_int(row["phase_index"]),
        name=as_text(row["name"], NAME_LIMIT),
        changed_at=changed,
        category=as_text(row["task_category"], 100),
        complexity=as_text(row["complexity"], 40),
        params=_params(row["scope"]),
        source_attempts=max(as_int(row["retry_attempt"]), 0),
        reason=as_text(row["last_failure_reason"]).strip(),
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
