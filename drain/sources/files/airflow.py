"""Airflow task instances: of the REST API (both versions), `airflow tasks states-for-dag-run`,
or the metadata table.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from drain.models.vocabulary import PhaseState
from drain.policy.remote import unsigned
from drain.sources.files.mapping import States

name = "airflow"
repeats = False
reads = frozenset(
    {
        "dag_id", "task_id", "dag_run_id", "run_id", "execution_date", "logical_date", "map_index",
        "state", "try_number", "error", "start_date", "end_date", "operator", "note", "queue", "pool",
    }
)  # fmt: skip
states: States = {
    "success": PhaseState.COMPLETE,
    "failed": PhaseState.FAILED,
    # It never ran: it waits for what failed before it.
    "upstream_failed": PhaseState.QUEUED,
    "skipped": PhaseState.SKIPPED,
    "removed": PhaseState.SKIPPED,
    "running": PhaseState.EXECUTING,
    "deferred": PhaseState.EXECUTING,
    "restarting": PhaseState.EXECUTING,
    "queued": PhaseState.QUEUED,
    "scheduled": PhaseState.QUEUED,
    "up_for_retry": PhaseState.QUEUED,
    "up_for_reschedule": PhaseState.QUEUED,
    "no_status": PhaseState.QUEUED,
}


def recognises(names: Set[str]) -> bool:
    """Return whether a record with fields of these names is a task instance."""
    return {"dag_id", "task_id"} <= names


def translate(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return our fields: the run is `dag_id/dag_run_id`, a mapped task has its index in brackets."""
    run = _first(record, "dag_run_id", "run_id", "logical_date", "execution_date")
    task = str(record.get("task_id") or "")
    mapped = record.get("map_index")
    index = "" if mapped is None else str(mapped)
    params = {
        "dag_id": record.get("dag_id"),
        "dag_run_id": run,
        "task_id": record.get("task_id"),
        "map_index": int(index) if index.isdecimal() else None,
        "operator": record.get("operator"),
    }
    return {
        "run_id": f"{record.get('dag_id')}/{run}" if run else str(record.get("dag_id") or ""),
        "phase_id": f"{task}[{index}]" if index.isdecimal() else task,
        "name": task[:300],
        "state": record.get("state") or "no_status",
        "reason": record.get("error") or "\n".join(unsigned(record.get("note"))),
        "attempts": record.get("try_number"),
        "state_changed_at": _first(record, "end_date", "start_date"),
        "order": "independent",
        "params": {key: value for key, value in params.items() if value is not None},
    }


def _first(record: Mapping[str, Any], *names: str) -> Any:
    return next((record[name] for name in names if record.get(name)), None)
