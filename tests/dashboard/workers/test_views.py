"""The workers page: who is alive, and what nobody can run."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from drain.engine.attempts.losses import losses
from drain.models import DrainSession, ExecutorProfile, SessionRun, WorkerHost
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import AttemptFactory, PhaseFactory, SessionFactory

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


def test_what_was_lost_is_shown_with_what_became_of_it():
    noon = timezone.now() - timedelta(hours=1)
    session = SessionFactory(state="running", ended_at=None)
    for again in (True, False):
        phase = PhaseFactory()
        AttemptFactory(
            phase=phase,
            session=session,
            number=1,
            outcome="lost",
            worker="gpu-7/123/abc",
            started_at=noon,
        )
        if again:
            AttemptFactory(
                phase=phase, session=session, number=2, outcome="complete", started_at=noon
            )
    long_ago = timezone.now() - timedelta(days=2)
    AttemptFactory(outcome="lost", worker="old-9/1/x", started_at=long_ago)
    (loss,) = losses(session=session.pk)
    assert (loss.worker, loss.attempts, loss.again) == ("gpu-7/123/abc", 2, 1)
    page = signed_in(Role.VIEWER).get("/workers/").content.decode()
    assert "Lost with their worker" in page
    assert "gpu-7" in page
    assert "old-9" not in page


def test_a_host_that_takes_no_tasks_is_not_shown_as_alive():
    asked = timezone.now() - timedelta(seconds=20)
    WorkerHost.objects.create(host="h", pid=1, version="1", workers=2, asked_at=asked)
    page = signed_in(Role.VIEWER).get("/workers/").content.decode()
    assert "Takes no tasks" in page


def test_a_drain_shows_what_it_lost():
    session = SessionFactory()
    run = PhaseFactory().run
    SessionRun.objects.create(session=session, run=run, lost=1)
    AttemptFactory(session=session, outcome="lost", worker="gpu-7/123/abc")
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "Lost with their worker" in page


def test_an_executor_is_changed_from_here_by_who_may():
    for role, may in ((Role.ADMINISTRATOR, True), (Role.MANAGER, False)):
        page = signed_in(role).get("/workers/").content.decode()
        assert ('href="/executors/set/"' in page) is may
