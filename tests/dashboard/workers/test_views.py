"""The workers page: who is alive, and what nobody can run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drain.models import DrainSession, ExecutorProfile, WorkerHost
from drain.models.roles import Role
from tests.dashboard.people import signed_in

pytestmark = pytest.mark.django_db


def test_workers_say_who_is_alive_and_what_nobody_can_run():
    ExecutorProfile.objects.create(name="gpu", argv=["/nowhere"])
    WorkerHost.objects.create(
        host="db-02", pid=1, version="1", workers=2, slots=3, profiles=["true"]
    )
    silent = WorkerHost.objects.create(host="old", pid=2, version="1", workers=2, profiles=[])
    WorkerHost.objects.filter(pk=silent.pk).update(last_seen=timezone.now() - timedelta(minutes=5))
    now = timezone.now()
    DrainSession.objects.create(
        state="running", parallel=8, started_by="x", origin="command", started_at=now
    )
    page = signed_in(Role.VIEWER).get("/workers/").content.decode()
    assert "8 asked, 3 slots." in page
    assert "No capable worker" in page
    assert "Silent" in page
    assert "Alive" in page
