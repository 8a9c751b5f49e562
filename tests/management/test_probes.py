"""Workers prove that they take what is in the queue; those that do not are shown, and started anew."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from drain.engine.process.tree import children_of
from drain.engine.workers import hosts
from drain.engine.workers.hosts import (
    MOST_HOPS,
    Health,
    answer_probe,
    ask_probe,
    health,
    register_host,
    strength,
    withdraw_probe,
)
from drain.engine.workers.loops import add_loop, remove_loop
from drain.management import membership
from drain.management.membership import STARTS_WITHIN, Membership
from drain.models import WorkerHost, WorkerLoop
from tests.engine.conftest import Backlog
from tests.factories import SessionFactory
from tests.hosts import Host, argv_of, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The tasks that are put into the queue."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(hosts, "send", lambda task, *given, **_: found.append(given))
    return found


def as_host(host: UUID | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "host_id", lambda: host)


def ago(host: UUID, **seconds: float) -> None:
    now = timezone.now()
    values = {name: now - timedelta(seconds=value) for name, value in seconds.items()}
    WorkerHost.objects.filter(pk=host).update(**values)


def test_a_probe_reaches_its_host_through_the_workers_of_others(
    sent: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = register_host(2, []), register_host(2, [])
    ask_probe(mine)
    as_host(other, monkeypatch)
    answer_probe(*sent.pop())
    assert sent == [(str(mine), 1)]
    assert WorkerHost.objects.get(pk=mine).asked_at is not None
    as_host(mine, monkeypatch)
    answer_probe(*sent.pop())
    assert sent == []
    answered = WorkerHost.objects.get(pk=mine)
    assert (answered.asked_at, answered.last_answer is not None) == (None, True)


def test_a_probe_for_a_host_that_is_gone_does_not_go_round_for_ever(
    sent: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    as_host(register_host(2, []), monkeypatch)
    answer_probe(str(uuid4()), MOST_HOPS)
    assert sent == []


def test_a_probe_that_waits_while_workers_are_free_proves_that_the_queue_is_stuck(
    sent: list[tuple[Any, ...]],
) -> None:
    host = register_host(2, [])
    ask_probe(host)
    found = health(host, 5)
    assert found is not None
    assert not found.is_stuck
    ago(host, asked_at=16)
    ask_probe(host)  # asking again does not begin the time anew
    found = health(host, 5)
    assert found is not None
    assert found.is_stuck
    withdraw_probe(host)
    found = health(host, 5)
    assert found is not None
    assert not found.is_stuck


def test_a_worker_that_drains_is_no_reason_to_start_all_of_them_anew() -> None:
    host = register_host(2, [])
    ago(host, asked_at=16)
    soon = timezone.now() + timedelta(seconds=30)
    WorkerLoop.objects.create(worker="h/1/x", host_id=host, slots=1, expires_at=soon)
    found = health(host, 5)
    assert found is not None
    assert not found.is_stuck


def test_a_cluster_that_still_starts_is_waited_for_and_one_that_has_answered_is_ended_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a machine where programs take a minute to start: ended before, it would never drain anything."""
    found = Health(fresh=False, draining=0, workers=2, overdue=True, last_answer=None)
    monkeypatch.setattr(membership, "health", lambda *_: found)
    member = Membership(2)
    for first, answered in ((1_000.0, None), (2_000.0, timezone.now())):
        assert member.is_draining(first)
        member._probe(first)
        member._probe(first + STARTS_WITHIN - 1)
        assert member.is_draining(first)
        member._probe(first + STARTS_WITHIN + 1)
        assert not member.is_draining(first)
        found = replace(found, last_answer=answered)
    member._probe(2_999.0)
    assert member.is_draining(3_000.0)
    member._probe(3_000.0)
    assert member.is_draining(3_000.0)
    found = replace(found, last_answer=timezone.now())
    member._probe(3_001.0)
    assert not member.is_draining(3_000.0)


def test_a_cluster_that_answered_before_anybody_asked_for_it_has_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Health(fresh=True, draining=0, workers=2, overdue=False, last_answer=timezone.now())
    monkeypatch.setattr(membership, "health", lambda *_: found)
    member = Membership(2)
    member._probe(1_004.0)
    assert member.is_draining(1_000.0)
    found = replace(found, fresh=False, overdue=True)
    member._probe(1_020.0)
    assert not member.is_draining(1_000.0)


@pytest.mark.parametrize("inline", [False, True], ids=["worker", "inline"])
def test_a_worker_that_begins_to_drain_has_answered_for_its_host(inline: bool) -> None:
    """Killed before anybody had to ask it, its cluster would count as one that still starts, for two minutes."""
    host = register_host(2, [])
    ago(host, asked_at=16)
    member = Membership(2)
    member.id = host
    member._probe(1_004.0)
    assert member.is_draining(1_000.0)
    loop, _ = add_loop("h/1/x", host, SessionFactory().pk if inline else None, 1)
    remove_loop(loop)
    assert (WorkerHost.objects.get(pk=host).asked_at is not None) is inline
    member._probe(1_008.0)
    ago(host, asked_at=16)
    member._probe(1_024.0)
    assert member.is_draining(1_000.0) is inline


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Host]:
    host = Host("up", "--role", "worker", "--workers", "2", folder=tmp_path / "data")
    yield host
    host.clear()


@pytest.mark.verify
@pytest.mark.serial
def test_workers_killed_at_the_wrong_moment_are_replaced_within_a_minute(
    up: Host, tmp_path: Path
) -> None:
    backlog = Backlog(tmp_path)
    backlog.executor('echo $1 >> "$OUT/marks"')
    backlog.run("r", 3)
    until(lambda: WorkerHost.objects.filter(last_answer__isnull=False).exists(), 90, up)
    for pid in idle_workers(up):
        os.kill(pid, signal.SIGKILL)
    drain = Host("drain", "--json", folder=tmp_path / "data")
    try:
        until(lambda: len(backlog.marks()) == 3, 90, up)
        assert drain.ended() == 0, drain.output
    finally:
        drain.clear()
    assert strength().hosts == 1


def idle_workers(up: Host) -> list[int]:
    """The two of the sentinel's children that wait for tasks: it starts them first."""
    qclusters = [pid for pid in up.pids("qcluster") if "supervisor" not in argv_of(pid)]
    drains = [
        pid
        for pid in qclusters
        if b"Q_CLUSTER_NAME=drain" in Path(f"/proc/{pid}/environ").read_bytes()
    ]
    main = next(pid for pid in drains if len(children_of(pid, pid)) == 1)
    sentinel = children_of(main, main)[0]
    return sorted(children_of(sentinel, sentinel))[:2]
