"""A phase as a process of this host: prepared, run, collected, and its source read back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from functools import partial

from django.db import DatabaseError, InterfaceError

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.logs import keep_log
from drain.engine.attempts.source_sync import (
    NOTHING,
    Reading,
    Said,
    SourceMovedError,
    SourceSync,
    source_sync,
)
from drain.engine.attempts.source_sync import not_run as left_alone
from drain.engine.attempts.started import Result, StartedAttempt, not_run
from drain.engine.executions.pool import Pool
from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.ended import Command, Ended, Pulse
from drain.engine.process.errors import ChildError
from drain.engine.process.job import Job, prepare
from drain.engine.process.outcome import decide
from drain.engine.process.spawn import Child, start
from drain.engine.process.sweep import sweep
from drain.engine.workers.identity import worker_id
from drain.models import TelemetryEvent
from drain.policy.states import Outcome
from drain.sources.autopack import readback
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)
_NEVER = float("inf")
_STOPPED = {
    Command.CANCEL: (Outcome.CANCELLED, "cancelled before it ran"),
    Command.INTERRUPT: (Outcome.INTERRUPTED, "the worker was asked to stop before it ran"),
    Command.LOST: (Outcome.LOST, "the worker lost its lease before it ran"),
}


class LocalExecution:
    """One attempt on this host. Steps: prepare → run → collect → read back; each may be a job of the pool."""

    def __init__(
        self,
        started: StartedAttempt,
        host: HostContext,
        pool: Pool,
        lease_until: Callable[[], float],
    ) -> None:
        self.started = started
        self._host = host
        self._pool = pool
        self._lease_until = lease_until
        self._sync: SourceSync = NOTHING
        self._job: Job | None = None
        self._child: Child | None = None
        self._ended: Ended | None = None
        self._reading: Reading | None = None
        self._result: Result | None = None
        self._stopped: Command | None = None
        self._waiting: tuple[Future[object], Callable[[object], None]] | None = None
        self._look_at = _NEVER

    def start(self) -> None:
        """Begin; what goes wrong is a result, never an exception."""
        self._guarded(self._begin)

    def waits_on(self) -> list[int]:
        """Return the descriptors of the child, none while the pool collects it.

        It closes them, and the next child may have the same numbers before this one is done.
        """
        return self._child.descriptors if self._child is not None and self._waiting is None else []

    def due_at(self) -> float:
        """Return when a deadline, or the next look at the source, is due; never while the pool has an answer to give."""
        if self._waiting is not None:
            return _NEVER
        return self._child.due_at if self._child is not None else self._look_at

    def poll(self, ready: Collection[int]) -> None:
        """Go on as far as is possible now."""
        self._guarded(partial(self._advance, ready))

    def stop(self, command: Command) -> None:
        """End the child; what reads a source back is left to its patience unless the lease is lost."""
        if self._stopped is None or command is Command.LOST:
            self._stopped = command
        if self._child is not None:
            self._child.obey(command)

    def pulse(self) -> Pulse | None:
        """Return what the child did since the last time."""
        return self._child.pulse() if self._child is not None else None

    def result(self) -> Result | None:
        """Return how it ended; None while it runs."""
        return self._result

    @property
    def holds_slot(self) -> bool:
        """Whether it takes a slot: what only reads its source back does not."""
        return self._result is None and self._reading is None

    def _guarded(self, step: Callable[[], None]) -> None:
        """Take a step; an error of the phase, its executor, its source or of ours is how the attempt ended."""
        try:
            step()
        except SourceMovedError as moved:
            decision, said = left_alone(moved)
            self._end_without_child(
                Result(decision, detail=said.detail, state=said.state, excluded=said.excluded)
            )
        except SourceError as error:
            # The source is away, not the phase broken: it gets another turn.
            self._fail(str(error), Outcome.RETRYABLE)
        except ChildError as error:
            self._fail(str(error), Outcome.FAILED)
        except (DatabaseError, InterfaceError) as error:
            self._fail(f"The database was away: {str(error).strip()}", Outcome.RETRYABLE)
        except Exception as error:
            log.exception("attempt %s could not be run", self.started.attempt)
            words = f"drainsite could not run this phase: {type(error).__name__}: {error}"
            self._fail(words, Outcome.FAILED)

    def _fail(self, sentence: str, outcome: Outcome) -> None:
        self._end_without_child(not_run(sentence, outcome))

    def _end_without_child(self, result: Result) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None
        self._waiting = None
        self._result = result

    def _begin(self) -> None:
        shares = bool(self.started.profile.service)
        if self.started.source is None and not self.started.lost_claim and not shares:
            self._run(self._prepared())
        else:
            self._in_pool(self._ready, self._run)

    def _advance(self, ready: Collection[int]) -> None:
        if self._waiting is not None:
            self._hear()
        elif self._child is not None:
            if self._child.advance(ready):
                self._collect(self._child)
        elif self._reading is not None and time.monotonic() >= self._look_at:
            self._look()

    def _in_pool(self, job: Callable[[], object], then: Callable[[object], None]) -> None:
        self._waiting = self._pool.submit(job), then

    def _hear(self) -> None:
        if self._waiting is None or not self._waiting[0].done():
            return
        future, then = self._waiting
        self._waiting = None
        then(future.result())

    def _ready(self) -> Job:
        """In the pool: end what a lost attempt left here, ask the source, fill the profile."""
        if self.started.lost_claim:
            killed = sweep(self.started.lost_claim)
            if killed:
                log.warning(
                    "attempt %s: ended %s processes of a lost attempt", self.started.attempt, killed
                )
        self._sync = source_sync(self.started)
        self._sync.before()
        return self._prepared()

    def _prepared(self) -> Job:
        started = self.started
        contract = Contract(
            run_id=started.run_id,
            phase_id=started.phase_id,
            phase_index=started.phase_index,
            attempt=started.number,
            claim=make_claim(worker_id(), started.lease),
            params=started.params if isinstance(started.params, dict) else {},
        )
        return prepare(
            self._sync.profile(started.profile),
            contract,
            folder=self._host.folder,
            timeout=started.timeout,
            environ=self._host.environ,
        )

    def _run(self, job: object) -> None:
        assert isinstance(job, Job)  # noqa: S101 - what `_ready` and `_prepared` return
        self._job = job
        if self._stopped is not None:
            job.discard()
            outcome, sentence = _STOPPED[self._stopped]
            self._result = not_run(sentence, outcome)
        else:
            self._child = start(job, self._lease_until())

    def _collect(self, child: Child) -> None:
        if child.is_heavy or self._sync is not NOTHING:
            self._in_pool(partial(self._collected, child), self._settle)
        else:
            self._settle(self._collected(child))

    def _collected(self, child: Child) -> tuple[Ended, str]:
        """What became of the child, and the name of its log in the storage; heavy ones in the pool."""
        ended = child.collect()
        return ended, keep_log(self.started.attempt, ended.log)

    def _settle(self, collected: object) -> None:
        self._child = None
        assert isinstance(collected, tuple)  # noqa: S101 - what `_collected` returns
        self._ended, self._log_name = collected
        self._reading = self._sync.after(self._ended)
        if self._reading is None:
            self._end(Said())
        else:
            self._look()

    def _look(self) -> None:
        """Ask the source in the pool, once a second until it holds still."""
        if self._reading is not None:
            if self._stopped is not None:
                self._reading.hurry()
            self._in_pool(self._reading.look, self._looked)

    def _looked(self, said: object) -> None:
        if isinstance(said, Said):
            self._end(said)
        else:
            self._look_at = time.monotonic() + readback.POLL_SECONDS

    def _end(self, said: Said) -> None:
        ended = self._ended
        assert ended is not None  # noqa: S101 - the child was collected before
        self._result = Result(
            decision=decide(ended, said.source),
            exit_code=ended.exit_code,
            signal=ended.signal,
            argv=self._job.argv if self._job is not None else (),
            log_bytes=ended.log.total_bytes,
            log_inline=ended.log.stored or None,
            log_name=self._log_name,
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
