"""The lines of a report: what each may say, checked, bounded and safe for PostgreSQL's text and jsonb."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drain.fingerprints.reported import ReportedError, read_parts

TEXT_LIMIT = 4000
KIND_LIMIT = 100
FIELDS_LIMIT = 200
DEPTH_LIMIT = 6
WORKING_STATES = frozenset({"executing", "gate", "ci_running"})
OUTCOMES = frozenset({"complete", "failed", "retryable", "skipped"})

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class BadLineError(ValueError):
    """Raised for a bad line; says its fault without quoting it."""


@dataclass(frozen=True, slots=True)
class StateEvent:
    """The phase reached a working state: executing, gate or ci_running."""

    state: str


@dataclass(frozen=True, slots=True)
class TelemetryEvent:
    """One unit of yield."""

    kind: str
    fields: Mapping[str, object]
    """Free fields, bounded and safe for jsonb."""


@dataclass(frozen=True, slots=True)
class FailureEvent:
    """The reason for the phase's failure, in its own words."""

    reason: str
    fingerprint: tuple[str, ...] = ()
    """The executor's own name of this failure; empty leaves it to us."""
    refused: str = ""
    """The reason for refusing the reported name; the failure's own reason counts all the same."""


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """The progress of the phase."""

    percent: float | None
    """0 to 100."""
    message: str


@dataclass(frozen=True, slots=True)
class OutcomeEvent:
    """The phase's own word on its outcome: complete, failed, retryable or skipped."""

    outcome: str


Event = StateEvent | TelemetryEvent | FailureEvent | ProgressEvent | OutcomeEvent


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a phase reported, bounded."""

    telemetry: tuple[TelemetryEvent, ...] = ()
    telemetry_count: int = 0
    """All telemetry lines that were read, kept in `telemetry` or not."""
    state: str | None = None
    """Last state reported."""
    states: tuple[str, ...] = ()
    """All states reported, in order, bounded."""
    failure: str | None = None
    """Last reason reported."""
    fingerprint: tuple[str, ...] = ()
    """The executor's own name of that failure; empty leaves it to us."""
    outcome: str | None = None
    """Last outcome reported."""
    progress: ProgressEvent | None = None
    bad_lines: tuple[str, ...] = ()
    """The first bad lines, each "line N: what is wrong"; never what the line said."""
    bad_count: int = 0
    problem: str | None = None
    """The reason for not reading the file, or not to its end: a sentence."""
    doubt: str | None = None
    """The outcome if nothing says worse, "failed" or "retryable",
    since one may be in the part that was not read.
    """


def parse_line(line: bytes) -> Event:
    """Return the event of one line. Raises BadLineError."""
    try:
        data = _DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadLineError("not valid JSON in UTF-8") from None
    if not isinstance(data, dict):
        raise BadLineError("not a JSON object")
    parse = _PARSERS.get(str(data.pop("event", None)))
    if parse is None:
        raise BadLineError("its event is none of " + ", ".join(_PARSERS))
    return parse(data)


def _state(data: dict[str, object]) -> Event:
    return StateEvent(_word(data, "state", WORKING_STATES))


def _outcome(data: dict[str, object]) -> Event:
    return OutcomeEvent(_word(data, "outcome", OUTCOMES))


def _failure(data: dict[str, object]) -> Event:
    reason = _text(data, "reason").strip()
    if not reason:
        raise BadLineError("a failure without a reason")
    if data.get("fingerprint") is None:
        return FailureEvent(reason)
    try:
        parts = read_parts(data["fingerprint"])
    except ReportedError as error:
        return FailureEvent(reason, refused=str(error))
    return FailureEvent(reason, tuple(_storable(part) for part in parts))


def _telemetry(data: dict[str, object]) -> Event:
    kind = _text(data, "kind")[:KIND_LIMIT] or "event"
    data.pop("kind", None)
    budget = [FIELDS_LIMIT]
    return TelemetryEvent(
        kind, {_storable(name): _clean(value, budget, 1) for name, value in data.items()}
    )


def _progress(data: dict[str, object]) -> Event:
    percent = data.get("percent")
    if percent is not None and (isinstance(percent, bool) or not isinstance(percent, int | float)):
        raise BadLineError("percent is no number")
    if percent is not None and not 0 <= percent <= 100:
        raise BadLineError("percent is not between 0 and 100")
    return ProgressEvent(None if percent is None else float(percent), _text(data, "message"))


def _word(data: dict[str, object], name: str, allowed: frozenset[str]) -> str:
    value = data.get(name)
    word = value.lower() if isinstance(value, str) else ""
    if word not in allowed:
        raise BadLineError(f"its {name} is none of " + ", ".join(sorted(allowed)))
    return word


def _text(data: dict[str, object], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise BadLineError(f"its {name} is no text")
    return _storable(value)


def _clean(value: object, budget: list[int], depth: int) -> object:
    """Copy a JSON value within the bounds; `budget` counts down over the whole line."""
    budget[0] -= 1
    if budget[0] < 0 or depth > DEPTH_LIMIT:
        raise BadLineError(f"more than {FIELDS_LIMIT} values or {DEPTH_LIMIT} levels")
    match value:
        case str():
            return _storable(value)
        case float() if not math.isfinite(value):
            raise BadLineError("a number out of range")
        case list():
            return [_clean(item, budget, depth + 1) for item in value]
        case dict():
            return {
                _storable(str(name)): _clean(item, budget, depth + 1)
                for name, item in value.items()
            }
    return value


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text[:TEXT_LIMIT])


def _refuse(constant: str) -> object:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_constant=_refuse)

_PARSERS: dict[str, Callable[[dict[str, object]], Event]] = {
    "state": _state,
    "telemetry": _telemetry,
    "failure": _failure,
    "progress": _progress,
    "outcome": _outcome,
}
