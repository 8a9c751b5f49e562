"""An attempt that goes on in steps, of which those that may take their time are jobs of the loop's pool."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from concurrent.futures import Future
from functools import partial

from django.db import DatabaseError, InterfaceError

from drain.engine.attempts.source_said import SourceMovedError
from drain.engine.attempts.source_said import moved_on as left_alone
from drain.engine.attempts.started import AttemptResult, StartedAttempt, not_run
from drain.engine.executions.pool import Pool
from drain.engine.process.errors import ChildError
from drain.logs import about
from drain.policy.states import Outcome
from drain.sources.errors import SourceError

log = logging.getLogger(__name__)


class SteppedExecution:
    """The base of executions that go one step at a time; every error of a step ends the attempt."""

    def __init__(self, started: StartedAttempt, pool: Pool) -> None:
        self.started = started
        self._pool = pool
        self._result: AttemptResult | None = None
        self._waiting: tuple[Future[object], Callable[[object], None]] | None = None

    def start(self) -> None:
        """Begin; what goes wrong is a result, never an exception."""
        self._guarded(self._begin)

    def poll(self, ready: Collection[int]) -> None:
        """Go on as far as is possible now."""
        self._guarded(partial(self._advance, ready))

    def result(self) -> AttemptResult | None:
        """Return how it ended; None while it runs."""
        return self._result

    def _begin(self) -> None:
        raise NotImplementedError

    def _advance(self, ready: Collection[int]) -> None:
        raise NotImplementedError

    def _abandon(self) -> None:
        """Leave nothing of it running."""
        raise NotImplementedError

    def _guarded(self, step: Callable[[], None]) -> None:
        """Take a step; an error of the phase, its executor, its source or of ours is how the attempt ended."""
        ids = {"drain": self.started.session, "attempt": self.started.attempt}
        try:
            with about(**ids):
                step()
        except SourceMovedError as moved:
            decision, said = left_alone(moved)
            self._end_at_once(
                AttemptResult(
                    decision, detail=said.detail, state=said.state, excluded=said.excluded
                )
            )
        except SourceError as error:
            # The source is away, not the phase broken: it gets another turn.
            self._fail(str(error), Outcome.RETRYABLE)
        except ChildError as error:
            self._fail(str(error), Outcome.FAILED)
        except (DatabaseError, InterfaceError) as error:
            self._fail(f"The database was away: {str(error).strip()}", Outcome.RETRYABLE)
        except Exception as error:
            with about(**ids):
                log.exception("attempt %s could not be run", self.started.attempt)
            words = f"drainsite could not run this phase: {type(error).__name__}: {error}"
            self._fail(words, Outcome.FAILED)

    def _fail(self, sentence: str, outcome: Outcome) -> None:
        self._end_at_once(not_run(sentence, outcome))

    def _end_at_once(self, result: AttemptResult) -> None:
        self._abandon()
        self._result = result

    def _in_pool(
        self, job: Callable[[], object], then: Callable[[object], None], lane: str = ""
    ) -> None:
        self._waiting = self._pool.submit(job, lane), then

    @property
    def _answered(self) -> bool:
        """True if the pool has an answer that was not heard yet."""
        return self._waiting is not None and self._waiting[0].done()

    def _hear(self) -> None:
        if self._waiting is None or not self._answered:
            return
        future, then = self._waiting
        self._waiting = None
        then(future.result())
