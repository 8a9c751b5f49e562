"""Twenty jobs on two workers, of which some are killed in the middle."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from drain.engine.workers.hosts import strength
from drain.models import Attempt, Phase
from tests.engine.conftest import Backlog
from tests.hosts import Host, until


class Service(Protocol):
    """A service of jobs that keeps a journal."""

    def count(self, word: str) -> Counter[str]:
        """Count how often each job did what this word says."""


def _kill_a_worker() -> None:
    worker = Attempt.objects.filter(finished_at=None).values_list("worker", flat=True).first()
    assert worker is not None
    os.kill(int(worker.split("/")[1]), signal.SIGKILL)


def drain_twenty(
    backlog: Backlog,
    service: Service,
    folder: Path,
    then: Callable[[], None] = lambda: None,
    *,
    params: object = None,
) -> None:
    """Drain twenty phases of twenty runs; kill a worker after three and one after eight, then do `then`."""
    for number in range(20):
        backlog.run(f"r{number}", 1)
        Phase.objects.filter(run__run_id=f"r{number}").update(
            phase_id=f"p{number}", params=params or {}
        )
    up = Host(
        "up", "--role", "worker", "--workers", "2", folder=folder / "up", DRAIN_LEASE_SECONDS="10"
    )
    drain = None
    try:
        until(lambda: strength().workers == 2, 60, up)
        drain = Host(
            "drain", "--json", "--parallel", "5", "--batch-size", "20", folder=folder / "up"
        )
        for ran in (3, 8):
            until(lambda ran=ran: len(service.count("ran")) >= ran, 120, up)  # type: ignore[misc]
            _kill_a_worker()
        then()
        assert drain.ended(300) == 0, drain.output + up.output
        found = drain.json()
    finally:
        for host in (drain, up):
            if host is not None:
                host.clear()
    assert (found["complete"], found["lost"]) == (20, 0), found
    assert set(Attempt.objects.values_list("outcome", "number")) == {("complete", 1)}
