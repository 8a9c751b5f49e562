"""Rows of loops: each renews its own, and the loops of a host share its slots exactly,
also when they come together.
"""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import InterfaceError
from django.db.models.functions import Now

from drain.db.prepared import row
from drain.engine.process import warden
from drain.engine.workers import loops
from drain.engine.workers.loops import add_loop, inline_loop_is_alive, remove_loop, runs_somewhere
from drain.models import Attempt, WorkerHost, WorkerLoop
from tests.engine.attempts.meetings import held_up
from tests.factories import AttemptFactory, SessionFactory

pytestmark = pytest.mark.django_db


def host(slots: int = 4) -> WorkerHost:
    return WorkerHost.objects.create(host="h", pid=1, version="1", workers=2, slots=slots)


def expire(loop: UUID) -> None:
    WorkerLoop.objects.filter(pk=loop).update(expires_at=Now() - timedelta(seconds=1))


def test_a_loop_renews_its_own_row_and_no_other() -> None:
    mine, other = (add_loop("w", None, None, 1)[0] for _ in range(2))
    expire(mine)
    expire(other)
    assert loops.Renewal(mine, lambda: None)._renew()
    alive = WorkerLoop.objects.filter(expires_at__gt=Now())
    assert list(alive.values_list("pk", flat=True)) == [mine]


def test_a_loop_that_could_not_renew_in_time_is_lost_though_its_row_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renewal = loops.Renewal(add_loop("w", None, None, 1)[0], lambda: None)
    assert not renewal.lost
    monkeypatch.setattr(loops, "boottime", lambda: renewal.until() + 0.001)
    assert renewal.lost


def test_a_lease_lasts_from_before_its_renewal_was_sent_and_the_warden_hears_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renewal = loops.Renewal(add_loop("w", None, None, 1)[0], lambda: None)
    now, told = iter((100.0, 200.0)), list[float]()

    def sent(*given: Any) -> Any:
        next(now)
        return row(*given)

    monkeypatch.setattr(loops, "lease_end", lambda: next(now))
    monkeypatch.setattr(loops, "row", sent)
    monkeypatch.setattr(warden, "extend_all", told.append)
    assert renewal._renew()
    assert (renewal.until(), told) == (100.0, [100.0])


def test_a_loop_whose_row_is_gone_is_lost_at_once_and_its_warden_gets_no_more_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[float] = []
    monkeypatch.setattr(warden, "extend_all", told.append)
    renewal = loops.Renewal(uuid4(), lambda: None)
    assert not renewal._renew()
    assert (renewal.lost, told) == (True, [])


def test_a_renewal_that_failed_is_tried_again_on_a_connection_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    did: list[str] = []
    answers = iter([InterfaceError("the connection is closed"), {"id": 1}])

    def asked(*_: object) -> Any:
        did.append("asked")
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(loops, "row", asked)
    monkeypatch.setattr(loops, "connection", SimpleNamespace(close=lambda: did.append("closed")))
    renewal = loops.Renewal(uuid4(), lambda: did.append("lost"))
    waits = iter([False, False, True])
    monkeypatch.setattr(renewal, "_over", SimpleNamespace(wait=lambda _: next(waits)))
    renewal._keep()
    assert did == ["asked", "closed", "asked", "closed"]


def test_slots_of_a_loop_whose_lease_is_over_are_free() -> None:
    here = host()
    dead, _ = add_loop("w", here.pk, None, 3)
    expire(dead)
    assert add_loop("w", here.pk, None, 9)[1] == 4


def test_slots_of_another_host_are_its_own() -> None:
    add_loop("w", host().pk, None, 4)
    assert add_loop("w", host().pk, None, 3)[1] == 3


def test_a_host_that_has_fewer_slots_than_its_loops_took_has_none() -> None:
    here = host()
    add_loop("w", here.pk, None, 4)
    WorkerHost.objects.update(slots=2)
    assert add_loop("w", here.pk, None, 1)[1] == 0


@pytest.mark.django_db(transaction=True)
def test_two_loops_that_come_together_get_no_more_than_there_is() -> None:
    here = host()
    with held_up(lambda: add_loop("w", here.pk, None, 3)[1]) as second:
        assert add_loop("w", here.pk, None, 3)[1] == 3
    assert second() == 1


def test_the_row_of_a_loop_stays_while_something_of_it_is_open() -> None:
    loop, _ = add_loop("w", None, None, 1)
    opened = AttemptFactory(loop=loop, outcome=None, finished_at=None)
    remove_loop(loop)
    assert WorkerLoop.objects.exists()
    Attempt.objects.filter(pk=opened.pk).update(outcome="failed", finished_at=Now())
    remove_loop(loop)
    assert not WorkerLoop.objects.exists()


def test_what_runs_elsewhere_or_is_a_job_of_a_service_keeps_no_row() -> None:
    loop, _ = add_loop("w", None, None, 1)
    opened = {"outcome": None, "finished_at": None}
    AttemptFactory(loop=add_loop("w", None, None, 1)[0], **opened)
    AttemptFactory(loop=loop, remote={"executor": 1}, **opened)
    remove_loop(loop)
    assert not WorkerLoop.objects.filter(pk=loop).exists()


@pytest.mark.parametrize(
    ("attempt", "kept", "runs"),
    [
        ({}, False, True),
        ({"remote": {"executor": 1}}, True, True),
        ({"remote": {"executor": 1}}, False, False),
        ({"outcome": "failed", "finished_at": Now()}, True, False),
    ],
)
def test_something_of_a_drain_runs_while_a_child_may_live_or_a_loop_looks_after_its_job(
    attempt: dict[str, Any], kept: bool, runs: bool
) -> None:
    (loop, _), session = add_loop("w", None, None, 1), SessionFactory()
    values = {"outcome": None, "finished_at": None, **attempt}
    AttemptFactory(session=session, loop=loop if kept else uuid4(), **values)
    assert runs_somewhere(session.pk) is runs
    assert not runs_somewhere(SessionFactory().pk)


def test_a_process_that_drains_by_itself_is_alive_as_long_as_its_lease() -> None:
    session, other = SessionFactory().pk, SessionFactory().pk
    loop, _ = add_loop("w", None, session, 1)
    assert [inline_loop_is_alive(each) for each in (session, other)] == [True, False]
    expire(loop)
    assert not inline_loop_is_alive(session)
