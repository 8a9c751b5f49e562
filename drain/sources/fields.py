"""One line of an imported file as a run, a phase and its dependencies."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drain.models.vocabulary import Order
from drain.sources.errors import SourceError
from drain.sources.staging import PhaseIn, RunIn
from drain.sources.values import NAME_LIMIT, as_identifier, as_state, as_text, as_time, storable

FIELDS = frozenset(
    {
        "run_id",
        "phase_id",
        "phase_index",
        "state",
        "name",
        "category",
        "complexity",
        "params",
        "reason",
        "last_failure_reason",
        "order",
        "max_parallel",
        "executor",
        "depends_on",
        "state_changed_at",
        "run_name",
    }
)
Edge = tuple[str, str, str, str]
_INT32 = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Record:
    """What one line says."""

    run: RunIn
    phase: PhaseIn
    edges: tuple[Edge, ...]


def record_of(fields: Mapping[str, Any]) -> Record:
    """Parse one line's fields. Raises SourceError that does not yet name the line."""
    run_id = as_identifier(_scalar(fields, "run_id"), "run_id")
    phase_id = as_identifier(_scalar(fields, "phase_id"), "phase_id")
    return Record(
        _run(run_id, fields), _phase(run_id, phase_id, fields), _edges(run_id, phase_id, fields)
    )


def _run(run_id: str, fields: Mapping[str, Any]) -> RunIn:
    order = _text(fields, "order", 20)
    if order is not None and order.lower() not in Order.values:
        raise SourceError(f"order must be one of {', '.join(Order.values)}, not {order!r}")
    parallel = _integer(fields, "max_parallel")
    if parallel is not None and parallel < 1:
        raise SourceError("max_parallel must be at least 1")
    return RunIn(
        run_id=run_id,
        name=_text(fields, "run_name", NAME_LIMIT),
        run_order=order.lower() if order else None,
        max_parallel=parallel,
        executor=_executor(fields),
    )


def _phase(run_id: str, phase_id: str, fields: Mapping[str, Any]) -> PhaseIn:
    state = _scalar(fields, "state")
    if not state:
        raise SourceError("state is missing; a phase to drain is FAILED")
    changed = fields.get("state_changed_at")
    at = as_time(changed)
    if changed is not None and at is None:
        raise SourceError(
            f"state_changed_at is no time: {str(changed)[:60]!r}; write 2026-01-31T12:00:00Z"
        )
    reason = fields.get("reason", fields.get("last_failure_reason"))
    return PhaseIn(
        run_id=run_id,
        phase_id=phase_id,
        state=as_state(state, "It"),
        phase_index=_integer(fields, "phase_index"),
        name=_text(fields, "name", NAME_LIMIT),
        changed_at=at,
        category=_text(fields, "category", 100),
        complexity=_text(fields, "complexity", 40),
        params=_params(fields.get("params")),
        reason=as_text(reason).strip(),
    )


def _edges(run_id: str, phase_id: str, fields: Mapping[str, Any]) -> tuple[Edge, ...]:
    needs = fields.get("depends_on") or []
    if isinstance(needs, str):
        needs = (
            json.loads(needs)
            if needs.lstrip().startswith("[")
            else needs.replace(";", ",").split(",")
        )
    if not isinstance(needs, list) or not all(isinstance(need, str) for need in needs):
        raise SourceError(
            'depends_on must be a list of phase ids, like ["build", "other-run/build"]'
        )
    return tuple(
        (run_id, phase_id, *_need(run_id, need.strip()))
        for need in dict.fromkeys(needs)
        if need.strip()
    )


def _need(run_id: str, written: str) -> tuple[str, str]:
    run, slash, phase = written.rpartition("/")
    return (
        as_identifier(run, "run_id in depends_on") if slash else run_id,
        as_identifier(phase, "phase_id in depends_on"),
    )


def _executor(fields: Mapping[str, Any]) -> str | None:
    value = fields.get("executor")
    if value is not None and not isinstance(value, str):
        raise SourceError(
            "executor must be the name of a profile; an import never defines one (use `executor set`)"
        )
    return _text(fields, "executor", 100)


def _params(value: object) -> dict[str, Any] | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise SourceError("params must be a JSON object") from None
    if not isinstance(value, dict):
        raise SourceError("params must be a JSON object")
    try:
        return dict(storable(value))
    except RecursionError:
        raise SourceError("params is nested too deeply") from None


def _scalar(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise SourceError(f"{name} must be text, not {type(value).__name__}")
    return str(value)


def _text(fields: Mapping[str, Any], name: str, limit: int) -> str | None:
    value = _scalar(fields, name)
    if value is None:
        return None
    if len(value) > limit:
        raise SourceError(f"{name} is longer than {limit} characters")
    if "\0" in value:
        raise SourceError(f"{name} holds a NUL byte")
    return as_text(value, limit)


def _integer(fields: Mapping[str, Any], name: str) -> int | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    number: int | None = None
    if isinstance(value, str):
        try:
            number = int(value)
        except ValueError:
            number = None
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        number = int(value) if value == int(value) else None
    if number is None or abs(number) > _INT32:
        raise SourceError(f"{name} must be a whole number, not {str(value)[:40]!r}")
    return number
