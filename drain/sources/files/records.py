"""One record of an imported file as a run, a phase and its dependencies."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.models.vocabulary import Order, PhaseState
from drain.sources.errors import SourceError
from drain.sources.files.times import as_file_time, is_day_or_month_first
from drain.sources.staging import PhaseIn, RunIn
from drain.sources.values import NAME_LIMIT, as_identifier, as_text, storable

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
        "attempts",
    }
)
Edge = tuple[str, str, str, str]
_INT32 = 2**31 - 1
_NEEDS = (
    'depends_on must be a list of phase ids, like ["build", "other-run/build"], or of objects, '
    'like [{"run_id": "a/b", "phase_id": "c, d"}]'
)


@dataclass(frozen=True, slots=True)
class FileRecord:
    """The content of one line."""

    run: RunIn
    phase: PhaseIn
    edges: tuple[Edge, ...]


def record_of(
    fields: Mapping[str, Any], state: PhaseState, *, day_first: bool = False
) -> FileRecord:
    """Parse one record's fields. Raises SourceError that does not yet name the line."""
    run_id = _identifier(fields, "run_id")
    phase_id = _identifier(fields, "phase_id")
    return FileRecord(
        _run(run_id, fields),
        _phase(run_id, phase_id, state, fields, day_first),
        _edges(run_id, phase_id, fields),
    )


def state_of(fields: Mapping[str, Any]) -> str:
    """Return the state as it is written. Raises SourceError."""
    state = _scalar(fields, "state")
    if not state:
        raise SourceError("state is missing; a phase to drain is FAILED")
    return state


def _identifier(fields: Mapping[str, Any], name: str) -> str:
    written = _scalar(fields, name)
    if not written:
        there = ", ".join(str(key)[:40] for key in list(fields)[:8])
        raise SourceError(
            f"{name} is missing; there are {there or 'no fields'}. Say which one it is: --map {name}=FIELD"
        )
    return as_identifier(written, name)


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


def _phase(
    run_id: str, phase_id: str, state: PhaseState, fields: Mapping[str, Any], day_first: bool
) -> PhaseIn:
    attempts = _integer(fields, "attempts")
    if attempts is not None and attempts < 0:
        raise SourceError("attempts must be 0 or more")
    reason = fields.get("reason", fields.get("last_failure_reason"))
    return PhaseIn(
        run_id=run_id,
        phase_id=phase_id,
        state=state,
        phase_index=_integer(fields, "phase_index"),
        name=_text(fields, "name", NAME_LIMIT),
        changed_at=_time(fields.get("state_changed_at"), day_first),
        category=_text(fields, "category", 100),
        complexity=_text(fields, "complexity", 40),
        params=_params(fields.get("params")),
        source_attempts=attempts,
        reason=as_text(reason).strip(),
    )


def _time(written: object, day_first: bool) -> datetime | None:
    if written in (None, ""):
        return None
    found = as_file_time(written, day_first=day_first)
    if found is None:
        way = "write 2026-01-31T12:00:00Z"
        if is_day_or_month_first(written):
            way += ", or say --day-first if the day comes first"
        raise SourceError(f"state_changed_at is no time: {str(written)[:60]!r}; {way}")
    return found


def _edges(run_id: str, phase_id: str, fields: Mapping[str, Any]) -> tuple[Edge, ...]:
    needs = fields.get("depends_on") or []
    if isinstance(needs, str):
        needs = _json(needs) if needs.lstrip()[:1] in "[{" else needs.replace(";", ",").split(",")
    if isinstance(needs, dict):
        needs = [needs]
    if not isinstance(needs, list):
        raise SourceError(_NEEDS)
    found = (_need(run_id, need) for need in needs if not isinstance(need, str) or need.strip())
    return tuple((run_id, phase_id, *need) for need in dict.fromkeys(found))


def _need(run_id: str, written: object) -> tuple[str, str]:
    """Return (run, phase) of a prerequisite: a text, or an object for ids that a text cannot tell apart."""
    if isinstance(written, dict) and {"phase_id"} <= written.keys() <= {"run_id", "phase_id"}:
        run = as_identifier(_scalar(written, "run_id") or run_id, "run_id in depends_on")
        return run, as_identifier(_scalar(written, "phase_id"), "phase_id in depends_on")
    if not isinstance(written, str):
        raise SourceError(_NEEDS)
    run, slash, phase = written.strip().rpartition("/")
    return (
        as_identifier(run, "run_id in depends_on") if slash else run_id,
        as_identifier(phase, "phase_id in depends_on"),
    )


def _json(written: str) -> object:
    try:
        return json.loads(written)
    except (ValueError, RecursionError):
        raise SourceError(_NEEDS) from None


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
        except (ValueError, RecursionError):
            raise SourceError("params must be a JSON object") from None
    if not isinstance(value, dict):
        raise SourceError("params must be a JSON object")
    try:
        return dict(storable(value))
    except RecursionError:
        raise SourceError("params is nested too deeply") from None


def _scalar(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or type(value) is str:
        return value
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
