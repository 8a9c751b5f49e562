"""A session in the controller's terms, and the backlog over time."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.comparison.backlog_trend import analyse, backlog, recent_backlog
from drain.models import StateSnapshot, Transition
from tests.factories import NOON, AttemptFactory, PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_a_session_shows_its_share_with_events_its_yield_and_its_top_causes():
    session = SessionFactory()
    for count in (0, 2, 4):
        AttemptFactory(
            session=session, telemetry_count=count, outcome="complete" if count else "failed"
        )
    found = analyse(session)
    assert (found.share_with_events.complete, found.share_with_events.n) == (2, 3)
    assert found.telemetry.median.value == 2
    assert found.zero_yield == {"unknown": 1}
    assert found.causes[0].attempts == 1
    assert found.rate.n == 3


def test_the_backlog_is_reckoned_back_from_now_and_says_when_it_is_empty():
    phases = [PhaseFactory(state="FAILED") for _ in range(10)]
    for hour in range(10):
        for _ in range(5):
            Transition.objects.create(
                subject="phase", subject_pk=phases[0].pk, from_state="EXECUTING" if hour < 0 else "FAILED",
                to_state="COMPLETE", verb="finish", actor="w", at=NOON + hour * HOUR,
            )  # fmt: skip
    found = backlog(NOON - HOUR, NOON + 10 * HOUR)
    assert [point.failed for point in found.points] == [60, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10]
    assert found.trend.slope.value == pytest.approx(-5)
    assert found.trend.hours_left == pytest.approx(2)
    assert "empty in 2.0 hours" in found.trend.sentence
    assert backlog(NOON, NOON + HOUR, runs=[0]).trend.sentence == "The backlog is empty."


def test_the_backlog_of_the_last_hours_is_read_from_snapshots():
    PhaseFactory(state="FAILED")
    for hour, failed in enumerate((9, 9, 7, 7, 5, 3)):
        StateSnapshot.objects.create(hour=NOON + hour * HOUR, counts={"FAILED": failed})
    found = recent_backlog(8, NOON + 6 * HOUR)
    assert [point.failed for point in found.points] == [9, 9, 7, 7, 5, 3, 1]
    assert (found.trend.points, found.trend.latest) == (5, 1)
    assert found.trend.slope.high < 0
    assert "The backlog is falling" in found.trend.sentence
