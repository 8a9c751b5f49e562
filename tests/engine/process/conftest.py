"""A worker of its own for each test, and children started without ceremony."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from drain.engine.process.contract import Contract, make_claim, worker_prefix
from drain.engine.process.ended import Ended, Tick
from drain.engine.process.job import Job, prepare, worker_folder
from drain.engine.process.profile import Profile
from drain.engine.process.spawn import carry_on, start
from drain.engine.process.sweep import carries, sweep

RunChild = Callable[..., Ended]


@pytest.fixture
def quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drain.engine.process.watch.TICK_SECONDS", 0.05)


@pytest.fixture
def worker() -> Iterator[UUID]:
    worker = uuid4()
    yield worker
    sweep(worker_prefix(worker), passes=1)


@pytest.fixture
def folder(tmp_path: Path, worker: UUID) -> Path:
    return worker_folder(tmp_path, worker)


@pytest.fixture
def job(worker: UUID, folder: Path) -> Callable[..., Job]:
    def make(*argv: str, timeout: float = 30, grace: float = 5, **profile: Any) -> Job:
        contract = Contract("run-1", "phase-1", 3, 2, make_claim(worker, uuid4()), {})
        made = Profile("test", argv, **profile)
        return prepare(made, contract, folder=folder, timeout=timeout, grace=grace)

    return make


@pytest.fixture
def run_child(job: Callable[..., Job]) -> RunChild:
    def run(*argv: str, tick: Tick = carry_on, **options: Any) -> Ended:
        return start(job(*argv, **options)).wait(tick)

    return run


@pytest.fixture
def run_python(run_child: RunChild) -> RunChild:
    def run(code: str, **options: Any) -> Ended:
        return run_child(sys.executable, "-I", "-S", "-c", code, **options)

    return run


@pytest.fixture
def processes_of() -> Callable[[str], list[int]]:
    """Return the living processes whose environment carries a cookie that begins so."""

    def find(cookie: str) -> list[int]:
        needle = b"\0DRAIN_CLAIM=" + cookie.encode()
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if pid != os.getpid() and carries(pid, needle)]

    return find
