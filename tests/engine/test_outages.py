"""After the database was away or stood still, nobody is rescued before every loop could report again."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from drain.engine import maintenance, rescue
from drain.models import WorkerLoop

pytestmark = pytest.mark.django_db(transaction=True)

LEASE = 1.0


@pytest.fixture(autouse=True)
def silent_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that has been silent for an hour, and a process that has seen no outage."""
    monkeypatch.setattr(rescue, "_trouble_at", float("-inf"))
    for module in (rescue, maintenance):
        monkeypatch.setattr(module, "LEASE_SECONDS", LEASE)
    monkeypatch.setattr(rescue, "RESCUE_MARGIN", LEASE / 3)
    monkeypatch.setattr(rescue, "RENEW_EVERY", LEASE / 5)
    expired = timezone.now() - timedelta(hours=1)
    WorkerLoop.objects.create(id=uuid4(), worker="far/1/a", slots=1, expires_at=expired)


def is_rescued_after_a_lease() -> bool:
    assert WorkerLoop.objects.exists()
    deadline = time.monotonic() + 60
    while WorkerLoop.objects.exists() and time.monotonic() < deadline:
        rescue.rescue()
        time.sleep(0.05)
    return not WorkerLoop.objects.exists()


def test_a_silent_loop_is_taken_away() -> None:
    rescue.rescue()
    assert not WorkerLoop.objects.exists()


def test_a_server_that_stood_still_gives_every_loop_its_lease_to_report_again() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    os.kill(backend, signal.SIGSTOP)
    going_on = threading.Timer(2 * LEASE / 5, os.kill, (backend, signal.SIGCONT))
    going_on.start()
    rescue.rescue()
    going_on.join()
    assert is_rescued_after_a_lease()


def test_a_server_that_takes_no_writes_gives_every_loop_its_lease_to_report_again() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(DatabaseError):
            rescue.rescue()
    rescue.rescue()
    assert is_rescued_after_a_lease()


@pytest.mark.verify
def test_a_round_of_maintenance_that_was_held_up_gives_every_loop_its_lease(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def held_up() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [LEASE * 1.2])

    loop = WorkerLoop.objects.values().get()
    monkeypatch.setattr(maintenance, "fold", held_up)
    maintenance.tend()
    WorkerLoop.objects.create(**loop)
    rescue.rescue()
    assert is_rescued_after_a_lease()
