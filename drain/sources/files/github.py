"""Jobs of GitHub Actions, from the REST API (`gh api …/jobs`) or `gh run view --json jobs`."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from drain.models.vocabulary import PhaseState
from drain.sources.files.mapping import States

name = "github"
repeats = True
"""A list of all attempts has a job once for each."""
reads = frozenset(
    {
        "id", "databaseId", "run_id", "run_attempt", "name", "workflow_name", "status", "conclusion",
        "steps", "started_at", "startedAt", "completed_at", "completedAt", "html_url", "url",
    }
)  # fmt: skip
states: States = {
    "success": PhaseState.COMPLETE,
    "neutral": PhaseState.COMPLETE,
    "failure": PhaseState.FAILED,
    "timed_out": PhaseState.FAILED,
    "startup_failure": PhaseState.FAILED,
    # Somebody, or a newer push, did not want it any more.
    "cancelled": PhaseState.SKIPPED,
    "stale": PhaseState.SKIPPED,
    "skipped": PhaseState.SKIPPED,
    "action_required": PhaseState.GATE,
    "queued": PhaseState.QUEUED,
    "waiting": PhaseState.QUEUED,
    "pending": PhaseState.QUEUED,
    "requested": PhaseState.QUEUED,
    "in_progress": PhaseState.EXECUTING,
}
_FAILED = frozenset({"failure", "timed_out", "startup_failure"})


def recognises(names: Set[str]) -> bool:
    """Return whether a record with fields of these names is a job."""
    return {"name", "status", "conclusion", "steps"} <= names


def translate(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return our fields: a run of a workflow is a run, a job is a phase."""
    made: dict[str, Any] = {
        "phase_id": record.get("name"),
        "name": str(record.get("name") or "")[:300],
        "state": record.get("conclusion") or record.get("status"),
        "reason": _reason(record),
        "attempts": record.get("run_attempt"),
        "state_changed_at": _first(
            record, "completed_at", "completedAt", "started_at", "startedAt"
        ),
        "run_name": record.get("workflow_name"),
        "order": "independent",
        "params": {
            key: value
            for key, value in {
                "job_id": _first(record, "id", "databaseId"),
                "run_id": record.get("run_id"),
                "url": _first(record, "html_url", "url"),
            }.items()
            if value is not None
        },
    }
    if record.get("run_id"):
        made["run_id"] = record["run_id"]
    return made


def _reason(record: Mapping[str, Any]) -> str | None:
    conclusion = record.get("conclusion")
    if conclusion not in _FAILED:
        return None
    steps = record.get("steps")
    found = [
        f"{step.get('conclusion')}: step {step.get('name')}"
        for step in (steps if isinstance(steps, list) else ())
        if isinstance(step, dict) and step.get("conclusion") in _FAILED
    ]
    return "\n".join(found) or str(conclusion)


def _first(record: Mapping[str, Any], *names: str) -> Any:
    # The end of a job that was never started is the year 1.
    return next(
        (
            record[name]
            for name in names
            if record.get(name) and not str(record[name]).startswith("0001-")
        ),
        None,
    )
