"""The bounds of one line of a report: each is kept exactly, and all that is kept can be stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from drain.engine.process.output.events import (
    DEPTH_LIMIT,
    FIELDS_LIMIT,
    KIND_LIMIT,
    TEXT_LIMIT,
    BadLineError,
    FailureEvent,
    ProgressEvent,
    TelemetryEvent,
    parse_line,
)


def parsed(event: str, **said: Any) -> Any:
    return parse_line(json.dumps({"event": event, **said}).encode())


def nested(levels: int) -> object:
    return [nested(levels - 1)] if levels > 1 else 1


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("k" * (KIND_LIMIT + 1), "k" * KIND_LIMIT), ("tokens", "tokens"), ("", "event")],
)
def test_a_kind_has_a_length_and_a_name_where_it_has_none(kind: str, kept: str) -> None:
    assert parsed("telemetry", kind=kind, n=1) == TelemetryEvent(kept, {"n": 1})
    assert parsed("telemetry", n=1).kind == "event"


@pytest.mark.parametrize("percent", [None, 0, 0.5, 100])
def test_a_progress_may_have_a_percentage(percent: float | None) -> None:
    assert parsed("progress", percent=percent) == ProgressEvent(percent, "")


@pytest.mark.parametrize("percent", [-0.1, 100.1, True, "5", [5]])
def test_a_percentage_that_is_none_is_refused(percent: object) -> None:
    with pytest.raises(BadLineError, match="percent is"):
        parsed("progress", percent=percent)


def test_the_values_of_a_line_are_counted_however_they_lie() -> None:
    flat = {f"f{number}": number for number in range(FIELDS_LIMIT)}
    assert len(parsed("telemetry", **flat).fields) == FIELDS_LIMIT
    inner = list(range(FIELDS_LIMIT - 1))
    assert parsed("telemetry", f=inner).fields == {"f": inner}
    for more in ({**flat, "one": 1}, {"f": [*inner, 1]}, {"f": inner, "g": {}}):
        with pytest.raises(BadLineError, match=f"more than {FIELDS_LIMIT} values"):
            parsed("telemetry", **more)


def test_values_lie_so_deep_and_no_deeper() -> None:
    deepest = nested(DEPTH_LIMIT)
    assert parsed("telemetry", f=deepest).fields == {"f": deepest}
    with pytest.raises(BadLineError, match=f"{DEPTH_LIMIT} levels"):
        parsed("telemetry", f=nested(DEPTH_LIMIT + 1))


def test_a_text_has_a_length_wherever_it_stands() -> None:
    long, kept = "x" * (TEXT_LIMIT + 1), "x" * TEXT_LIMIT
    assert parsed("failure", reason=long) == FailureEvent(kept)
    assert parsed("progress", message=long) == ProgressEvent(None, kept)
    fields = parsed("telemetry", **{long: {long: [long]}}).fields
    assert fields == {kept: {kept: [kept]}}


def test_what_no_column_can_hold_is_replaced_wherever_it_stands() -> None:
    bad, kept = "a\0\ud800", "a\ufffd\ufffd"
    assert parsed("telemetry", kind=bad, **{bad: {bad: [bad]}}) == TelemetryEvent(
        kept, {kept: {kept: [kept]}}
    )
    assert parsed("failure", reason=bad, fingerprint=["b", "c\0"]) == FailureEvent(
        kept, ("b", "c\ufffd")
    )


@pytest.mark.parametrize("fingerprint", ["one", [], [1], ["x" * 201], ["x"] * 9])
def test_a_name_of_a_failure_that_is_refused_leaves_its_reason(fingerprint: object) -> None:
    event = parsed("failure", reason="no", fingerprint=fingerprint)
    assert (event.reason, event.fingerprint) == ("no", ())
    assert event.refused
