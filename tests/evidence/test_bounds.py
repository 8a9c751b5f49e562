"""A side that is too large for a page is cut to its newest attempts, and says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.bounds import bounded
from drain.evidence.rollups import fold
from drain.evidence.sides import Side, figures, of_session
from drain.models import AttemptDelta
from tests.factories import NOON, AttemptFactory, PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NOW = NOON + 20 * HOUR


@pytest.fixture
def hourly():
    """Ten attempts an hour for six hours from noon, counted in the rollups."""
    session, phase = SessionFactory(), PhaseFactory()
    for number in range(60):
        at = NOON + number * HOUR / 10
        AttemptFactory(phase=phase, session=session, started_at=at, finished_at=at)
        AttemptDelta.objects.create(
            finished_at=at, run_pk=phase.run_id, category="", outcome="failed",
            seconds=0, telemetry_events=0,
        )  # fmt: skip
    fold()
    return session


def test_a_small_side_is_left_as_it_is(hourly):
    side = Side("all", since=NOON)
    assert bounded(side, NOW, most=60).side == side
    assert bounded(side, NOW, most=60).note == ""


@pytest.mark.parametrize(
    "side", [Side("open", since=NOON), Side("closed", since=NOON, until=NOON + 6 * HOUR)]
)
def test_a_large_stretch_of_time_keeps_its_newest_attempts(hourly, side):
    found = bounded(side, NOW, most=25)
    assert found.cut
    assert 25 <= figures(found.side).attempts <= 27
    assert found.side.until == side.until
    assert "Only the newest of" in found.note


def test_a_large_drain_keeps_its_newest_attempts(hourly):
    found = bounded(of_session(hourly), NOW, most=25)
    assert figures(found.side).attempts == 26
    assert not bounded(of_session(hourly), NOW, most=60).cut


def test_a_side_of_a_plan_is_as_long_as_the_plan(hourly):
    assert not bounded(Side("before", until=NOW, plan_of=hourly.pk), NOW, most=1).cut
