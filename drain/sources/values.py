"""Values of a source as ours: times, states, texts.
A source may hold anything, so nothing here trusts a type.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from drain.models.vocabulary import PhaseState
from drain.sources.errors import SourceError

TEXT_LIMIT = 100_000
NAME_LIMIT = 300
_INT32 = 2**31 - 1
_YEARS = range(2, 9999)
# `PhaseState.values` builds a list each time, and this is asked for every row.
_STATES = {state.value: state for state in PhaseState}


def as_time(value: object) -> datetime | None:
    """Return an aware time in UTC; naive ones are UTC. What is no time counts as none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = _from_seconds(value)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    # Near the ends of the calendar a change of the zone leaves it, here or on a page.
    if not isinstance(value, datetime) or value.year not in _YEARS:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def as_text(value: object, limit: int = TEXT_LIMIT) -> str:
    """Return text that PostgreSQL can hold: no NUL, no lone surrogate, at most `limit` characters."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = str(value).replace("\0", "\ufffd")
    if len(text) > limit:
        half = limit // 2 - 20
        text = f"{text[:half]}\n[... cut ...]\n{text[-half:]}" if limit > 1000 else text[:limit]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def as_identifier(value: object, what: str) -> str:
    """Return a run or phase id exactly as it is; raises SourceError for what could not be one."""
    text = "" if value is None else str(value)
    if not text or len(text) > NAME_LIMIT or "\0" in text:
        raise SourceError(
            f"{text[:60]!r} cannot be a {what}: it needs 1 to {NAME_LIMIT} characters without NUL bytes."
        )
    # Replaced, two of them could become one.
    if not text.isascii() and text.encode("utf-8", "replace").decode() != text:
        raise SourceError(f"{text[:60]!r} cannot be a {what}: it holds half of a character.")
    return text


def as_int(value: object, default: int = 0) -> int:
    """Return an integer of 32 bits, else the default."""
    if isinstance(value, float) and not math.isfinite(value):
        return default
    try:
        number = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return default
    return number if -_INT32 <= number <= _INT32 else default


def as_state(value: object, where: str) -> PhaseState:
    """Return the state, whatever its case (also `PhaseState.FAILED`); raises SourceError for others."""
    name = as_text(value, 60).strip().rpartition(".")[2].upper()
    if name not in _STATES:
        known = ", ".join(_STATES)
        raise SourceError(f"{where} has the unknown state {name!r}; known are {known}.")
    return _STATES[name]


def as_json(value: object) -> Any:
    """Return parsed JSON of a source column; text that is no JSON stays text."""
    if isinstance(value, (bytes, str)):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return as_text(value)
    return storable(value)


def storable(value: object) -> Any:
    """Return what jsonb can hold: no NUL, no NaN or infinity, whatever the depth of the value."""
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {as_text(key, NAME_LIMIT): storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable(item) for item in value]
    return value if value is None or isinstance(value, (bool, int)) else as_text(value)


def _from_seconds(value: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (OverflowError, ValueError, OSError):
        return None
