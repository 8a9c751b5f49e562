"""The result of an execution, once everything about its attempt is known."""

from __future__ import annotations

from drain.engine.attempts.source_said import SourceAnswer
from drain.engine.attempts.started import AttemptResult, not_run
from drain.engine.process.ended import Command, Ended
from drain.engine.process.outcome import decide
from drain.models import TelemetryEvent
from drain.policy.states import Outcome

_STOPPED = {
    Command.CANCEL: (Outcome.CANCELLED, "cancelled before it ran"),
    Command.INTERRUPT: (Outcome.INTERRUPTED, "the worker was asked to stop before it ran"),
    Command.LOST: (Outcome.LOST, "the worker lost its lease before it ran"),
}


def never_ran(command: Command) -> AttemptResult:
    """The result of an attempt that was stopped before its phase began."""
    outcome, sentence = _STOPPED[command]
    return not_run(sentence, outcome)


def result_of(
    ended: Ended, log_name: str, argv: tuple[str, ...], said: SourceAnswer
) -> AttemptResult:
    """The result of an attempt that ran: how it ended, and what its source says."""
    return AttemptResult(
        decision=decide(ended, said.source),
        exit_code=ended.exit_code,
        signal=ended.signal,
        argv=argv,
        log_bytes=ended.log.total_bytes,
        log_inline=ended.log.stored or None,
        log_name=log_name,
        bad_lines=ended.report.bad_count,
        states=ended.report.states,
        telemetry=(*_reported(ended), *said.telemetry),
        detail=said.detail,
        state=said.state,
        excluded=said.excluded,
    )


def _reported(ended: Ended) -> list[TelemetryEvent]:
    return [
        TelemetryEvent(
            kind=event.kind,
            category=str(event.fields.get("category", ""))[:100],
            model=str(event.fields.get("model", ""))[:100],
            predicted_tokens=_whole(event.fields.get("predicted_tokens")),
            actual_tokens=_whole(event.fields.get("actual_tokens")),
            data=dict(event.fields),
        )
        for event in ended.report.telemetry
    ]


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and abs(value) < 2**62 else None
