"""A phase as a process of this host: prepared, run, collected, and its source read back."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from functools import partial

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.logs import keep_log
from drain.engine.attempts.source_said import SourceAnswer, SourceReadBack
from drain.engine.attempts.source_sync import NOTHING, SourceSync, source_sync
from drain.engine.attempts.started import StartedAttempt
from drain.engine.executions.pool import Pool
from drain.engine.executions.results import never_ran, result_of
from drain.engine.executions.steps import SteppedExecution
from drain.engine.process.contract import Contract, make_claim
from drain.engine.process.ended import Command, Ended, Pulse
from drain.engine.process.job import Job, prepare
from drain.engine.process.spawn import Child, start
from drain.engine.process.sweep import sweep
from drain.engine.workers.identity import worker_id
from drain.sources.autopack import readback

log = logging.getLogger(__name__)
_NEVER = float("inf")


class LocalExecution(SteppedExecution):
    """One attempt on this host. Steps: prepare → run → collect → read back; each may be a job of the pool."""

    def __init__(
        self,
        started: StartedAttempt,
        host: HostContext,
        pool: Pool,
        lease_until: Callable[[], float],
    ) -> None:
        super().__init__(started, pool)
        self._host = host
        self._lease_until = lease_until
        self._sync: SourceSync = NOTHING
        self._job: Job | None = None
        self._child: Child | None = None
        self._ended: Ended | None = None
        self._reading: SourceReadBack | None = None
        self._stopped: Command | None = None
        self._look_at = _NEVER

    def waits_on(self) -> list[int]:
        """Return the descriptors of the child, none while the pool collects it.

        It closes them, and the next child may have the same numbers before this one is done.
        """
        return self._child.descriptors if self._child is not None and self._waiting is None else []

    def due_at(self) -> float:
        """Return when a deadline, or the next look at the source, is due; while the pool is asked, once it answered."""
        if self._waiting is not None:
            return 0.0 if self._answered else _NEVER
        return self._child.due_at if self._child is not None else self._look_at

    def stop(self, command: Command) -> None:
        """End the child; what reads a source back is left to its patience unless the lease is lost."""
        if self._stopped is None or command is Command.LOST:
            self._stopped = command
        if self._child is not None:
            self._child.obey(command)

    def pulse(self) -> Pulse | None:
        """Return what the child did since the last time."""
        return self._child.pulse() if self._child is not None else None

    @property
    def holds_slot(self) -> bool:
        """True if it takes a slot: an attempt that only reads its source back does not."""
        return self._result is None and self._reading is None

    @property
    def goes_on(self) -> bool:
        """Never without this worker: its warden would end it."""
        return False

    def _abandon(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None
        elif self._ended is None and self._sync is not NOTHING and not self._is_lost:
            # If that fails maintenance does it: what was taken stands in the outbox.
            self._pool.submit(self._sync.give_back)

    @property
    def _is_lost(self) -> bool:
        """True if the lease is gone: somebody else may have the phase by now."""
        return self._stopped is Command.LOST

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

    def _ready(self) -> Job:
        """Prepare in the pool: end processes of a lost attempt here, ask the source, fill the profile."""
        if self.started.lost_claim:
            killed = sweep(self.started.lost_claim)
            if killed:
                log.warning(
                    "attempt %s: ended %s processes of a lost attempt", self.started.attempt, killed
                )
        self._sync = source_sync(self.started)
        self._sync.before()
        self._sync.take()
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
            self._end_at_once(never_ran(self._stopped))
        else:
            self._child = start(job, self._lease_until())

    def _collect(self, child: Child) -> None:
        if child.is_heavy or self._sync is not NOTHING:
            self._in_pool(partial(self._collected, child), self._settle)
        else:
            self._settle(self._collected(child))

    def _collected(self, child: Child) -> tuple[Ended, str]:
        """Return the end of the child, and the name of its log in the storage; heavy ones in the pool."""
        ended = child.collect()
        return ended, keep_log(self.started.attempt, ended.log)

    def _settle(self, collected: object) -> None:
        self._child = None
        assert isinstance(collected, tuple)  # noqa: S101 - what `_collected` returns
        self._ended, self._log_name = collected
        self._reading = self._sync.after(self._ended)
        if self._reading is None:
            self._end(SourceAnswer())
        else:
            self._look()

    def _look(self) -> None:
        """Ask the source in the pool, once a second until it holds still."""
        if self._reading is not None:
            if self._stopped is not None:
                self._reading.hurry()
            self._in_pool(self._reading.look, self._looked)

    def _looked(self, said: object) -> None:
        if isinstance(said, SourceAnswer):
            self._end(said)
        else:
            self._look_at = time.monotonic() + readback.POLL_SECONDS

    def _end(self, said: SourceAnswer) -> None:
        assert self._ended is not None  # noqa: S101 - the child was collected before
        argv = self._job.argv if self._job is not None else ()
        self._result = result_of(self._ended, self._log_name, argv, said)
