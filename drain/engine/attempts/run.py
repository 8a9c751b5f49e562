"""Run one started attempt: its child, its source before and after, its log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from uuid import UUID

from django.db import DatabaseError, connection

from drain.engine.attempts.context import LoopContext
from drain.engine.attempts.finish import Result
from drain.engine.attempts.heartbeat import Heartbeat
from drain.engine.attempts.logs import keep_log
from drain.engine.attempts.source_sync import Around, SourceMovedError, around_for, not_run
from drain.engine.attempts.start import Held
from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.ended import Ended
from drain.engine.process.errors import ChildError
from drain.engine.process.job import prepare
from drain.engine.process.outcome import Decision, decide
from drain.engine.process.spawn import start
from drain.engine.process.sweep import sweep
from drain.engine.workers.identity import worker_id
from drain.models import Attempt, TelemetryEvent
from drain.policy.states import Outcome
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)


def run(context: LoopContext, held: Held, leases: Sequence[UUID], holder: UUID) -> Result:
    """Execute the phase of a started attempt; never raises for what the phase, its source or its executor does.

    `leases` are all that this loop holds (more than one for a chunk), `holder` its place in the session.
    """
    try:
        return _run(context, held, leases, holder)
    except DatabaseError as error:
        # The database is away, not the phase broken.
        connection.close()
        return Result(_not_started(str(error).strip(), Outcome.RETRYABLE))
    except Exception as error:
        log.exception("attempt %s could not be run", held.attempt)
        return _surprise(error)


def _run(context: LoopContext, held: Held, leases: Sequence[UUID], holder: UUID) -> Result:
    beat = Heartbeat(context, held, leases, holder)
    _sweep_lost(held)
    try:
        around = around_for(held, ignore_queued=context.ignores_queued)
        argv, ended = _execute(context, held, around, beat)
    except SourceMovedError as moved:
        decision, said = not_run(moved)
        return Result(decision, detail=said.detail, state=said.state, excluded=said.excluded)
    except SourceError as error:
        # The source is away, not the phase broken: it gets another turn.
        return Result(_not_started(str(error), Outcome.RETRYABLE))
    except ChildError as error:
        return Result(_not_started(str(error), Outcome.FAILED))
    return _result(held, argv, ended, around, beat)


def _surprise(error: Exception) -> Result:
    """The end of an attempt that met what nobody thought of: failed, with the error's own sentence."""
    sentence = f"drainsite could not run this phase: {type(error).__name__}: {error}"
    return Result(_not_started(sentence, Outcome.FAILED))


def _execute(
    context: LoopContext, held: Held, around: Around, beat: Heartbeat
) -> tuple[tuple[str, ...], Ended]:
    around.before()
    contract = Contract(
        run_id=held.run_id,
        phase_id=held.phase_id,
        phase_index=held.phase_index,
        attempt=held.number,
        claim=make_claim(worker_id(), held.lease),
        params=held.params if isinstance(held.params, dict) else {},
    )
    job = prepare(
        around.profile(held.profile),
        contract,
        folder=context.folder,
        timeout=held.timeout,
        environ=context.environ,
    )
    with start(job, held.lease_until) as child:
        return job.argv, child.wait(beat)


def _result(
    held: Held, argv: tuple[str, ...], ended: Ended, around: Around, beat: Heartbeat
) -> Result:
    said = around.after(ended, beat.beat_quietly)
    return Result(
        decision=decide(ended, said.source),
        exit_code=ended.exit_code,
        signal=ended.signal,
        argv=argv,
        log_bytes=ended.log.total_bytes,
        log_inline=ended.log.stored or None,
        log_name=keep_log(held.attempt, ended.log),
        bad_lines=ended.report.bad_count,
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


def _not_started(sentence: str, outcome: Outcome) -> Decision:
    return Decision(
        outcome=outcome,
        reason=sentence,
        fingerprint_input=sentence,
        telemetry_count=0,
        zero_yield_reason="failed_before_llm",
        reached_limit_boundary=False,
    )


def _sweep_lost(held: Held) -> None:
    """Before a lost phase is run again: end what its last worker may have left on this host."""
    if held.number < 2:
        return
    lost = (
        Attempt.objects.filter(phase=held.phase, outcome=Outcome.LOST, number=held.number - 1)
        .values_list("worker", "lease")
        .first()
    )
    if lost is None or lost[1] is None:
        return
    worker = lost[0].rpartition("/")[2]
    killed = sweep(f"{worker}.{lost[1].hex}")
    if killed:
        log.warning("attempt %s: ended %s processes of a lost attempt", held.attempt, killed)
