"""A side that is too large for a page is cut to its newest attempts, and says so."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.comparison import bounds
from drain.evidence.comparison.figures import figures
from drain.evidence.comparison.sides import Side, of_session
from tests.factories import NOON, AttemptFactory, PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
NOW = NOON + 20 * HOUR


def bounded(side, now, most):
    (found,) = bounds.bounded([side], now, most)
    return found


@pytest.fixture
def hourly():
    """Ten attempts an hour for six hours from noon."""
    session, phase = SessionFactory(), PhaseFactory()
    for number in range(60):
        at = NOON + number * HOUR / 10
        AttemptFactory(phase=phase, session=session, started_at=at, finished_at=at)
    return session


def test_a_small_side_is_left_as_it_is(hourly):
    side = Side("all", since=NOON)
    assert bounded(side, NOW, most=60).side == side
    assert bounded(side, NOW, most=60).note == ""


@pytest.mark.parametrize(
    "side",
    [
        Side("open", since=NOON),
        Side("closed", since=NOON, until=NOON + 6 * HOUR),
        Side("quiet at its end", since=NOON, until=NOON + 19 * HOUR),
    ],
)
def test_a_large_stretch_of_time_keeps_its_newest_attempts(hourly, side):
    found = bounded(side, NOW, most=25)
    assert found.cut
    assert figures(found.side).attempts == 25
    assert found.side.until == side.until
    assert "Only the newest of" in found.note


def test_a_large_drain_keeps_its_newest_attempts(hourly):
    found = bounded(of_session(hourly), NOW, most=25)
    assert figures(found.side).attempts == 25
    assert not bounded(of_session(hourly), NOW, most=60).cut


def test_a_side_of_a_plan_is_as_long_as_the_plan(hourly):
    assert not bounded(Side("before", until=NOW, plan_of=hourly.pk), NOW, most=1).cut


def test_a_stretch_that_ended_long_ago_counts_only_what_it_holds(hourly):
    early = Side("early", since=NOON, until=NOON + 2 * HOUR)
    assert not bounded(early, NOW, most=20).cut
    found = bounded(early, NOW, most=15)
    assert (found.cut, figures(found.side).attempts) == (True, 15)


def test_two_sides_are_asked_for_at_once(hourly):
    plan = Side("before", until=NOW, plan_of=hourly.pk)
    found = bounds.bounded([of_session(hourly), plan, Side("all", since=NOON)], NOW, most=25)
    assert [one.cut for one in found] == [True, False, True]
    assert found[0].side.since == found[2].side.since == NOON + 3.4 * HOUR
