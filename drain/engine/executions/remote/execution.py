"""A phase as a job of a service: submitted, asked for now and then, stopped if need be, and its log read."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.source_said import SourceAnswer as SourceSaid
from drain.engine.attempts.started import StartedAttempt
from drain.engine.executions.pool import Pool
from drain.engine.executions.remote import timing
from drain.engine.executions.remote.ending import StopOrder, ended_of, said_of
from drain.engine.executions.remote.job import RemoteJob, prepare
from drain.engine.executions.remote.service import (
    OVER,
    JobState,
    RefusedError,
    ServiceError,
    Status,
    UnknownJobError,
)
from drain.engine.executions.remote.view import JobView
from drain.engine.executions.results import never_ran, result_of
from drain.engine.executions.steps import SteppedExecution
from drain.engine.process.ended import Command, Pulse
from drain.policy.states import Outcome

_NEVER = float("inf")


class RemoteExecution(SteppedExecution):
    """One attempt at a service. Steps: submit → look, again and again → read the rest → collect;
    all in the pool.
    """

    def __init__(self, started: StartedAttempt, host: HostContext, pool: Pool) -> None:
        super().__init__(started, pool)
        known, remote = started.taken_over, started.profile.remote
        self._place = remote.place if remote is not None else ""
        self._host = host
        self._job: RemoteJob | None = None
        self._began = time.monotonic() - (known.elapsed if known else 0.0)
        self._deadline = self._began + started.timeout
        self._look_at = self._log_at = self._send_stop_at = 0.0
        self._break_off_at = self._stop_until = _NEVER
        self._trouble = timing.Trouble()
        self._refusals = 0
        self._order: StopOrder | None = None
        self._status: Status | None = None
        self._unconfirmed = False
        self._left = False
        self._view = JobView()

    def waits_on(self) -> list[int]:
        """Return no descriptor: the pool wakes the loop."""
        return []

    def due_at(self) -> float:
        """Return when its time is over or the next question is due; at once when one was answered."""
        if self._left or self._answered:
            return 0.0
        due = self._look_at if self._waiting is None else self._break_off_at
        return min(due, self._deadline)

    @property
    def holds_slot(self) -> bool:
        """True if it takes a slot: until it is over."""
        return self._result is None

    @property
    def goes_on(self) -> bool:
        """True if its job was left to the loop that takes it over."""
        return self._left

    def stop(self, command: Command) -> None:
        """Have the job stopped; where the lease is lost it is left alone, as another loop takes it over."""
        if command is Command.LOST:
            self._leave()
        elif self._order is None or self._order.is_time:
            self._begin_to_stop(StopOrder(command))

    def pulse(self) -> Pulse | None:
        """Return what is new of it."""
        return self._view.pulse(time.monotonic() - self._began)

    def _begin(self) -> None:
        self._job = prepare(self.started, self._host)
        self._go_on(self._job)

    def _advance(self, ready: Collection[int]) -> None:
        del ready
        now, job = time.monotonic(), self._job
        if self._left or self._result is not None or job is None:
            return
        if now >= self._deadline:
            self._deadline = _NEVER
            self._begin_to_stop(StopOrder())
        if self._waiting is None:
            if now >= self._look_at:
                self._go_on(job)
        elif now >= self._break_off_at:
            self._break_off_at = now + 1
            job.service.break_off()
        self._hear()

    def _go_on(self, job: RemoteJob) -> None:
        now = time.monotonic()
        if self._status is not None:
            self._ask(job.read_rest, partial(self._rest_read, job), timing.LOG_SECONDS)
        elif self._order is not None:
            self._go_on_stopping(job, self._order, now)
        elif not job.accepted:
            self._ask(job.submit, partial(self._submitted, job))
        else:
            read = now >= self._log_at
            self._log_at = now + timing.LOG_EVERY if read else self._log_at
            self._ask(partial(job.look, read=read), partial(self._looked, job))

    def _ask(
        self,
        question: Callable[[], object],
        then: Callable[[object], None],
        seconds: float | None = None,
        lane: str = "",
    ) -> None:
        """Ask in the service's own threads, of which orders to stop have some to themselves."""
        self._break_off_at = time.monotonic() + (seconds or timing.QUESTION_SECONDS)
        self._in_pool(question, then, f"{lane} {self._place}")

    def _submitted(self, job: RemoteJob, said: object) -> None:
        if isinstance(said, RefusedError):
            self._refusals += 1
            if not said.broken or self._refusals >= timing.MOST_REFUSALS:
                return self._give_up(f"did not take the job: {job.sentence(said)}", Outcome.FAILED)
        self._looked(job, said)
        nobody_there = not job.accepted and not job.may_be_there
        if nobody_there and self._trouble.lasts > timing.START_PATIENCE:
            self._say_away()
        return None

    def _say_away(self) -> None:
        self._give_up(f"was away: {self._trouble.sentence}", Outcome.RETRYABLE)

    def _give_up(self, words: str, outcome: Outcome) -> None:
        lost = "lost: " if outcome is Outcome.LOST else ""
        the = "the" if lost else "The"
        self._fail(f"{lost}{the} service at {self._place} {words}.", outcome)

    def _looked(self, job: RemoteJob, said: object) -> None:
        now = time.monotonic()
        if isinstance(said, Status):
            self._trouble.over()
            self._look_at = now + timing.look_after(now - self._began)
            if said.state in OVER:
                self._status, self._look_at = said, now
        elif isinstance(said, ServiceError):
            self._look_at = now + self._trouble.note(said, job.sentence(said))
            gone = isinstance(said, UnknownJobError) and (said.gone or self._trouble.is_gone)
            if gone and self._order is None:
                self._give_up("does not know the job any more", Outcome.LOST)
        note = self._trouble.sentence
        self._view.take(job, f"the service at {self._place}: {note}" if note else "")

    def _begin_to_stop(self, order: StopOrder) -> None:
        """Order the job to be stopped; a question that no thread has begun to ask is taken back."""
        if self._status is not None or self._result is not None:
            return
        self._order = order
        self._send_stop_at = self._look_at = time.monotonic()
        self._stop_until = self._send_stop_at + timing.STOP_PATIENCE[order.command]
        if self._waiting is not None and self._waiting[0].cancel():
            self._waiting = None

    def _go_on_stopping(self, job: RemoteJob, order: StopOrder, now: float) -> None:
        if not job.accepted and not job.may_be_there:
            if order.command is not None:
                self._result = never_ran(order.command)
            else:
                self._say_away()
        elif now < self._stop_until:
            send = now >= self._send_stop_at
            self._send_stop_at = now + timing.SEND_STOP_EVERY if send else self._send_stop_at
            question = partial(job.stop, send=send)
            self._ask(question, partial(self._stopping, job), lane="stop")
        elif order.command is Command.INTERRUPT:
            self._leave()
        else:
            self._status, self._unconfirmed = Status(JobState.STOPPED), True
            self._collect(job, "")

    def _stopping(self, job: RemoteJob, said: object) -> None:
        self._looked(job, said)
        if self._status is None:
            self._look_at = time.monotonic() + timing.STOP_LOOK_EVERY

    def _rest_read(self, job: RemoteJob, error: object) -> None:
        problem = ""
        if isinstance(error, ServiceError):
            problem = job.sentence(error)
            self._look_at = time.monotonic() + self._trouble.note(error, problem)
            if self._trouble.lasts < timing.LOG_PATIENCE and self._order is None:
                return
        self._collect(job, problem)

    def _collect(self, job: RemoteJob, problem: str) -> None:
        self._view.take(job, "")
        collect = partial(job.collect, self.started.attempt, problem)
        self._ask(collect, partial(self._collected, job), timing.LOG_SECONDS)

    def _collected(self, job: RemoteJob, found: object) -> None:
        assert self._status is not None and isinstance(found, tuple)  # noqa: S101, PT018 - what `collect` returns
        log, report, name = found
        elapsed = time.monotonic() - self._began
        ended = ended_of(self._status, self._order, elapsed, log, report)
        said = SourceSaid(source=said_of(self._status, self._order, log))
        result = result_of(ended, name, job.request.argv, said)
        if self._unconfirmed:
            why = f"the service at {self._place} has not said that its job {job.request.job_id} stopped"
            words = f"{result.decision.reason}; {why}: look there before it runs again"
            result = replace(result, decision=replace(result.decision, reason=words))
        self._result = result

    def _leave(self) -> None:
        """Keep nothing of it here, and leave the job to whoever takes the attempt over."""
        self._left = True
        job, waiting = self._job, self._waiting
        if job is None:
            return
        if waiting is None or waiting[0].cancel():
            job.transcript.drop()
        else:
            job.service.break_off()
            waiting[0].add_done_callback(lambda _: job.transcript.drop())

    def _abandon(self) -> None:
        job = self._job
        if job is not None and self._waiting is None:
            self._pool.submit(job.abandon, f"stop {self._place}")
