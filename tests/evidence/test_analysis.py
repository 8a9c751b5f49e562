"""A session in the controller's terms, the backlog over time, and telemetry in series."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.analysis import analyse, backlog
from drain.evidence.yield_facts import GroupBy, token_estimates, zero_yield
from drain.models import TelemetryEvent, Transition
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


def test_reasons_for_no_yield_are_given_by_group():
    phase = PhaseFactory(category="build")
    AttemptFactory(phase=phase, zero_yield_reason="timeout")
    AttemptFactory(phase=phase, telemetry_count=3)
    AttemptFactory(phase=PhaseFactory(category="docs"))
    found = zero_yield(NOON, NOON + HOUR)
    assert [(one.group, one.attempts, one.reasons) for one in found] == [
        ("build", 2, {"timeout": 1}),
        ("docs", 1, {"unknown": 1}),
    ]
    assert [one.group for one in zero_yield(NOON, NOON + HOUR, GroupBy.OUTCOME)] == ["failed"]


def test_token_estimates_give_smape_waste_and_shortfall():
    phase = PhaseFactory()
    for predicted, actual in ((100, 100), (300, 100), (50, 100), (0, 0), (None, 5)):
        TelemetryEvent.objects.create(
            phase=phase, kind="tokens", at=NOON, category="build", model="m",
            predicted_tokens=predicted, actual_tokens=actual,
        )  # fmt: skip
    (found,) = token_estimates(NOON, NOON + HOUR)
    assert (found.group, found.events, found.predicted, found.actual) == ("build", 4, 450, 300)
    assert found.smape == pytest.approx((0 + 1 + 2 / 3 + 0) / 4)
    assert found.waste == pytest.approx(200 / 300)
    assert found.short == pytest.approx(1 / 4)
    assert token_estimates(NOON, NOON + HOUR, by_model=True)[0].group == "m"
