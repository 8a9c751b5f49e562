"""Telemetry in series: exact totals, reasons and tokens of the newest, each with its n."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr"

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.rollups.fold import fold
from drain.evidence.telemetry import (
    attempt_yields,
    boundary_hits,
    first_hour,
    token_estimates,
    yields,
)
from drain.models import TelemetryEvent
from drain.models.rollups import AttemptDelta
from tests.factories import NOON, AttemptFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def ended(run, at, events, category="build", outcome="complete"):
    AttemptDelta.objects.create(
        finished_at=at, run_pk=run.pk, category=category, outcome=outcome, seconds=120,
        telemetry_events=events,
    )  # fmt: skip


def test_yield_over_time_and_by_category_is_the_same_before_and_after_a_fold():
    run = RunFactory()
    ended(run, NOON, 4)
    ended(run, NOON + 5 * HOUR, 0, "docs")
    ended(run, NOON + 30 * HOUR, 2)
    ended(run, NOON, 9, outcome="cancelled")
    before = yields(NOON, NOON + 48 * HOUR, "day")
    assert [(part.attempts, part.events) for _, part in before.slots] == [(2, 4), (1, 2)]
    assert [(name, part.attempts, part.without) for name, part in before.categories] == [
        ("build", 2, 0),
        ("docs", 1, 1),
    ]
    assert (before.total.minutes, before.total.rate) == (6.0, 1.0)
    assert (before.total.silent, before.total.rate) == (1 / 3, 1.0)
    fold()
    assert yields(NOON, NOON + 48 * HOUR, "day") == before
    assert first_hour() == NOON


def test_without_an_attempt_there_is_no_rate_to_show():
    found = yields(NOON, NOON + HOUR)
    assert (found.slots, found.total.rate, found.total.silent) == ([], None, None)
    assert first_hour() is None
    assert attempt_yields(NOON, NOON + HOUR).boundary_share is None
    assert token_estimates(NOON, NOON + HOUR).total is None


def test_attempts_without_an_event_are_split_by_reason_and_the_parts_sum_up():
    phase = PhaseFactory()
    for reason in ("timeout", "timeout", ""):
        AttemptFactory(phase=phase, zero_yield_reason=reason)
    AttemptFactory(phase=phase, telemetry_count=3, reached_limit_boundary=True)
    AttemptFactory(phase=phase, outcome="cancelled")
    found = attempt_yields(NOON, NOON + HOUR)
    assert found.reasons == [("timeout", 2), ("unknown", 1)]
    assert (found.attempts, found.without, found.boundary) == (4, 3, 1)
    assert (found.median, found.boundary_share) == (0, 0.25)


def test_only_the_newest_are_read_and_the_n_says_so():
    phase = PhaseFactory()
    for _ in range(3):
        AttemptFactory(phase=phase)
    assert attempt_yields(NOON, NOON + HOUR, newest=2).attempts == 2


def test_attempts_at_a_limit_are_named_newest_first():
    phase = PhaseFactory(category="build")
    old, new = (
        AttemptFactory(phase=phase, started_at=at, reached_limit_boundary=True)
        for at in (NOON, NOON + timedelta(minutes=5))
    )
    AttemptFactory(phase=phase)
    found = boundary_hits(NOON, NOON + HOUR, 8)
    assert [hit.pk for hit in found] == [new.pk, old.pk]
    assert (found[0].phase_id, found[0].run_id) == (phase.phase_id, phase.run.run_id)


def test_token_estimates_give_smape_waste_ratio_and_shortfall():
    phase = PhaseFactory()
    for predicted, actual in ((100, 100), (300, 100), (50, 100), (0, 0), (None, 5)):
        TelemetryEvent.objects.create(
            phase=phase, kind="tokens", at=NOON, category="build", model="m",
            predicted_tokens=predicted, actual_tokens=actual,
        )  # fmt: skip
    found = token_estimates(NOON, NOON + HOUR)
    assert (found.total.events, found.total.predicted, found.total.actual) == (4, 450, 300)
    assert found.total.smape == pytest.approx((0 + 1 + 2 / 3 + 0) / 4)
    assert found.total.waste == pytest.approx(450 / 300)
    assert found.total.short == pytest.approx(1 / 4)
    assert [one.group for one in found.models] == ["m"]
    assert [one.group for one in found.categories] == ["build"]


def test_an_event_that_used_nothing_has_no_waste_ratio():
    TelemetryEvent.objects.create(
        phase=PhaseFactory(), kind="tokens", at=NOON, predicted_tokens=5, actual_tokens=0
    )
    assert token_estimates(NOON, NOON + HOUR).total.waste is None
