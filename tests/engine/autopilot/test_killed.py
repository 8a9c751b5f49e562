"""Whoever drives an autopilot is killed (SIGKILL) at the worst moment:
the next round goes on, nothing is doubled.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.apps import apps

from drain.engine.autopilot.recurring import start_due
from drain.engine.autopilot.rollouts import advance
from drain.engine.autopilot.rules import AutopilotRequest, add_autopilot
from drain.models import Autopilot, Candidate, DrainSession, FixMarker, Rollout
from drain.models.roles import write_roles
from tests.engine.autopilot.conftest import ANN, HOUR
from tests.factories import NOON, ExecutorFactory, FingerprintFactory, PhaseFactory
from tests.hosts import ROOT, database_url

pytestmark = [pytest.mark.verify, pytest.mark.django_db(transaction=True)]
# Runs one step of maintenance, or the hook, in a process that ends itself where `place` is called.
CHILD = """
import os, signal, sys
from datetime import datetime
import django
django.setup()
from unittest import mock
place, now, step = sys.argv[1], datetime.fromisoformat(sys.argv[2]), sys.argv[3]
with mock.patch(place, side_effect=lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)):
    if step == "marker":
        from django.core.management import call_command
        call_command("marker", "add", "Pinned", "--fingerprint", "cause", "--drain-on-fix")
    elif step == "due":
        from drain.engine.autopilot.recurring import start_due
        start_due(now)
    else:
        from drain.engine.autopilot.rollouts import advance
        advance(now)
"""
ROLLOUTS = "drain.engine.autopilot.rollouts"
STARTING = "drain.engine.autopilot.starting"


def killed(place: str, step: str, now: object) -> None:
    """The step ran in another process, which was killed there."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, place, str(now), step],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "tests.settings"},
    )  # fmt: skip
    assert child.returncode == -9, child.stderr


@pytest.fixture(autouse=True)
def _roles(transactional_db: None) -> None:
    write_roles(apps)


def test_between_the_marker_and_its_drain_on_fix_there_is_neither():
    FingerprintFactory(key="cause")
    killed("drain.management.commands.marker.drain_on_fix", "marker", NOON)
    assert not FixMarker.objects.exists()
    killed(f"{ROLLOUTS}.record_audit", "marker", NOON)
    assert not FixMarker.objects.exists()
    assert not Rollout.objects.exists()


@pytest.mark.parametrize(
    "place",
    [
        f"{ROLLOUTS}.judge_marker", f"{ROLLOUTS}.preview", f"{ROLLOUTS}.begin",
        f"{STARTING}.create_session", f"{STARTING}.start_session",
    ],
)  # fmt: skip
def test_before_the_sample_and_before_a_ramp_the_next_round_goes_on(story, place):
    told = story(80, tried_before=20)
    told.mark()
    for step in (1, 2):
        killed(place, "advance", told.now)
        assert DrainSession.objects.count() == step - 1
        assert not Candidate.objects.filter(session__ended_at=None).exists()
        assert Rollout.objects.get().steps == step - 1
        assert len(advance(told.now)) == 1
        assert DrainSession.objects.count() == Rollout.objects.get().steps == step
        told.play(lambda _: True)
    assert told.to_the_end(lambda _: True) == [32]
    assert Rollout.objects.get().state == "finished"


@pytest.mark.parametrize("place", [f"{STARTING}.create_session", f"{STARTING}.start_session"])
def test_a_drain_by_schedule_that_was_killed_while_it_started_starts_once(place):
    ExecutorFactory()
    PhaseFactory()
    add_autopilot(AutopilotRequest(name="nightly", cron="@hourly"), ANN, NOON)
    killed(place, "due", NOON + HOUR)
    assert not DrainSession.objects.exists()
    assert Autopilot.objects.get().next_at == NOON + HOUR
    assert len(start_due(NOON + HOUR)) == 1
    assert start_due(NOON + HOUR) == []
    assert DrainSession.objects.count() == 1
