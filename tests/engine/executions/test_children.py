"""Children of one loop: the end of each is seen, whatever another's leaves behind."""

from __future__ import annotations

import time
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from drain.engine.attempts.context import HostContext
from drain.engine.attempts.started import StartedAttempt
from drain.engine.executions.children import Children
from drain.engine.executions.local import LocalExecution
from drain.engine.executions.pool import Pool
from drain.engine.process.profile import Profile
from drain.engine.process.sweep import boottime

FLOOD = "head -c 2000000 /dev/zero | tr '\\0' x"
"""More than the loop collects by itself."""


class HeldPool(Pool):
    """Takes jobs and does none; the test does."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[tuple[Any, Future[Any]]] = []

    def submit(self, job, lane=""):
        future: Future[Any] = Future()
        self.jobs.append((job, future))
        return future


@pytest.fixture
def pool():
    held = HeldPool()
    yield held
    held.close()


def attempt(number: int, script: str) -> StartedAttempt:
    return StartedAttempt(
        attempt=number, number=1, started_at=datetime.now(UTC), lease=uuid4(), timeout=60.0,
        profile=Profile("t", ("sh", "-c", script)), phase=number, phase_id=f"p{number}", phase_index=0, params={},
        run=1, run_id="r", source=None, session=None, session_run=None, was="FAILED", ignores_queued=False,
        cause="", position=1, sequential=False, tries=1,
    )  # fmt: skip


def watch_until(children: Children, truth) -> None:
    deadline = time.monotonic() + 60
    while not truth():
        assert time.monotonic() < deadline, "its end was not seen"
        children.watch(0.05)


def test_the_end_of_a_child_is_seen_though_it_has_the_descriptors_of_one_that_is_being_collected(
    pool, tmp_path
):
    children, host = Children(pool), HostContext(folder=tmp_path)

    def start(number: int, script: str) -> None:
        lease = boottime() + 3600
        children.start(LocalExecution(attempt(number, script), host, pool, lambda: lease))

    start(1, FLOOD)
    watch_until(children, lambda: pool.jobs)
    (job, future), = pool.jobs  # fmt: skip
    collected = job()
    start(2, "sleep 0.3")
    future.set_result(collected)
    pool.wake()
    watch_until(children, lambda: len(children.ended) == 2)
    assert [ended.started.attempt for ended in children.ended] == [1, 2]
    assert all(ended.result.exit_code == 0 for ended in children.ended)
