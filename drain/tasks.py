"""The tasks that django-q2 runs: ids in, one call into the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import connection

from drain.engine.bulk.worker import run_bulk, wake_bulk
from drain.engine.loop import Loop, LoopEnd
from drain.engine.source.reading import read_asked
from drain.engine.workers.hosts import HostStop, answer_probe, worker_slots
from drain.engine.workers.identity import host_id
from drain.engine.workers.wakeups import wake

P = ParamSpec("P")
T = TypeVar("T")


def closes_after_errors(task: Callable[P, T]) -> Callable[P, T]:
    """Wrap a task so that no connection in an unknown state is left to the next one of its process."""

    @wraps(task)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return task(*args, **kwargs)
        except BaseException:
            connection.close()
            raise

    return run


@closes_after_errors
def drain_loop(*_: object) -> str:
    """Drain what there is, as many phases at once as this worker has slots;
    wakes a successor if it must end before.

    Arguments are those of wake-ups of earlier versions.
    """
    end = Loop(worker_slots(host_id()), interrupted=HostStop(host_id())).run()
    if end in (LoopEnd.INTERRUPTED, LoopEnd.LOST):
        wake(fresh=True)
    return end.value


@closes_after_errors
def act_in_bulk(action: int) -> str:
    """Do steps of a bulk action for a time slice; wakes a successor if there is more."""
    more = run_bulk(action)
    if more:
        wake_bulk(action)
    return "slice" if more else "over"


@closes_after_errors
def read_source(source: int, asked: str) -> str:
    """Read a source that was due, or asked for, then."""
    return read_asked(source, datetime.fromisoformat(asked))


@closes_after_errors
def answer(asked: str = "", hops: int = 0) -> None:
    """Prove that a task goes all the way through the queue to a worker of the host that it names."""
    answer_probe(asked, hops)
