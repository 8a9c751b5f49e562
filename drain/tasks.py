"""What django-q2 runs: ids in, one call into the engine."""

from __future__ import annotations

from uuid import UUID

from drain.engine.hosts import answer_probe
from drain.engine.loop import LoopEnd, drain
from drain.engine.maintenance import tend
from drain.engine.tempo import SLICE_SECONDS
from drain.engine.wakeups import wake


def drain_loop(session: int, slot: int) -> str:
    """Drain a session from one of its places for a time slice; wakes a successor if there is more."""
    end = drain(session, slot, slice_seconds=SLICE_SECONDS)
    if end is LoopEnd.SLICE:
        wake(session)
    return end.value


def answer(host: str) -> None:
    """Prove that a task goes all the way through the queue to a worker of this host."""
    answer_probe(UUID(host))


def maintain() -> None:
    """Rescue, wake, fold: everything that happens by itself from time to time."""
    tend()
