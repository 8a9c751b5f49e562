"""Wake-ups of workers: each condition, alone, keeps one from being sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from drain.engine.workers import wakeups
from drain.engine.workers.timing import HOST_SILENT_SECONDS
from drain.engine.workers.wakeups import FORGOTTEN_SECONDS, PREFETCHED, wake
from drain.models import WorkerHost, WorkerLoop
from tests.factories import AttemptFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that takes everything."""
    monkeypatch.setattr(wakeups, "send", lambda *_, **__: True)


def ago(seconds: float) -> Any:
    return Now() - timedelta(seconds=seconds)


def host(**changes: Any) -> WorkerHost:
    """A host that is alive, with two workers."""
    values = {"host": "h", "pid": 1, "version": "1", "workers": 2, "slots": 4, **changes}
    return WorkerHost.objects.create(id=uuid4(), **values)


def loop(on: WorkerHost, left: float = 10) -> WorkerLoop:
    return WorkerLoop.objects.create(
        id=uuid4(), worker="w", host=on, slots=1, expires_at=ago(-left)
    )


def session(state: str = "running", **changes: Any) -> None:
    SessionFactory(state=state, ended_at=None, **changes)


@pytest.mark.parametrize(
    ("changes", "woken"),
    [
        ({}, 2),
        ({"stopped_at": ago(1)}, 0),
        ({"last_seen": ago(HOST_SILENT_SECONDS + 2)}, 0),
        ({"workers": 0}, 0),
        ({"woken_at": ago(FORGOTTEN_SECONDS - 2)}, 0),
        ({"woken_at": ago(FORGOTTEN_SECONDS + 2)}, 2),
    ],
)
def test_a_host_that_is_alive_and_idle_is_woken_unless_it_was_just_now(
    changes: dict[str, Any], woken: int
) -> None:
    session()
    host(**changes)
    assert wake() == (woken + PREFETCHED if woken else 0)


def test_what_is_new_is_told_at_once() -> None:
    session()
    host(woken_at=ago(0))
    assert (wake(), wake(fresh=True)) == (0, 2 + PREFETCHED)


def test_loops_of_a_host_that_are_alive_are_no_idle_workers() -> None:
    session()
    here = host()
    loop(here)
    loop(here, left=-1)
    loop(host(stopped_at=ago(1)))
    assert wake() == 1 + PREFETCHED


@pytest.mark.parametrize(
    ("state", "inline", "woken"),
    [
        ("planned", False, True),
        ("running", False, True),
        ("stopping", False, True),
        ("paused", False, False),
        ("running", True, False),
    ],
)
def test_only_a_drain_of_workers_that_can_go_on_wakes_them(
    state: str, inline: bool, woken: bool
) -> None:
    host()
    session(state, inline=inline)
    assert bool(wake()) is woken


@pytest.mark.parametrize(
    ("attempt", "kept", "woken"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"remote": None}, False, False),
        ({"outcome": "lost", "finished_at": ago(0)}, False, False),
    ],
)
def test_a_job_that_nobody_looks_after_wakes_workers_though_no_drain_is_left(
    attempt: dict[str, Any], kept: bool, woken: bool
) -> None:
    here = host()
    values = {"remote": {"executor": 1}, "outcome": None, "finished_at": None, **attempt}
    AttemptFactory(loop=loop(here).pk if kept else uuid4(), **values)
    assert bool(wake()) is woken
