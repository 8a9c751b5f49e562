"""The limits of a schedule: quiet hours, a budget of a day, an end to drains that complete nothing."""

from __future__ import annotations

import pytest

from drain.engine.autopilot.recurring import (
    pause_useless,
    run_now,
    start_due,
    stop_over_budgets,
)
from drain.engine.autopilot.rules import (
    described,
    resume_autopilot,
)
from drain.engine.errors import EngineError
from drain.engine.maintenance import tend
from drain.models import Attempt, AuditEvent, Autopilot, DrainSession
from drain.policy.autopilot import Amount
from drain.policy.stopping.limits import Limits
from tests.engine.autopilot.conftest import ANN, HOUR, MINUTE
from tests.engine.autopilot.schedules import add, end, failed
from tests.factories import (
    NOON,
    AttemptFactory,
)

pytestmark = pytest.mark.django_db


def test_it_starts_nothing_in_quiet_hours_and_a_drain_ends_its_starts_before_them():
    failed()
    add(quiet="12:45-18:00")
    (pk,) = start_due(NOON + 30 * MINUTE)
    drain = DrainSession.objects.get(pk=pk)
    assert drain.limits["until"] == (NOON + 45 * MINUTE).isoformat()
    assert Autopilot.objects.get().next_at == NOON + 6 * HOUR
    end(pk, complete=1)
    # A round of maintenance that comes late finds it quiet already.
    Autopilot.objects.update(next_at=NOON + 30 * MINUTE)
    assert start_due(NOON + 50 * MINUTE) == []
    assert Autopilot.objects.get().said == "It is quiet until 18:00 UTC."


def test_what_its_drains_of_a_day_have_used_is_missing_from_the_next_one():
    phases = failed(9)
    rule = add(budget=Amount(attempts=5, minutes=30), limits=Limits(batch_size=4))
    (pk,) = start_due(NOON + HOUR)
    DrainSession.objects.filter(pk=pk).update(created_at=NOON + HOUR, started_at=NOON + HOUR)
    first = DrainSession.objects.get(pk=pk)
    assert first.limits["max_attempts_per_phase"] == 1
    for phase, outcome in zip(
        phases, ["failed", "failed", "complete", "interrupted"], strict=False
    ):
        AttemptFactory(phase=phase, session=first, outcome=outcome)
    end(pk, complete=1, at=NOON + HOUR + 10 * MINUTE)
    (pk,) = start_due(NOON + 2 * HOUR)
    second = DrainSession.objects.get(pk=pk)
    assert (second.limits["batch_size"], second.limits["max_total_minutes"]) == (2, 20)
    used = described(rule, NOON + 2 * HOUR)["used"]
    assert used == {"attempts": 3, "minutes": 10, "events": 0}
    for phase in phases[4:6]:
        AttemptFactory(phase=phase, session=second)
    DrainSession.objects.filter(pk=pk).update(created_at=NOON + 2 * HOUR)
    end(pk, complete=1)
    assert start_due(NOON + 3 * HOUR) == []
    rule.refresh_from_db()
    assert rule.said == "The budget of 5 attempts a day is used up: 5 within 24 hours."
    assert rule.budget_used_at == NOON + 3 * HOUR
    with pytest.raises(EngineError, match="budget of 5 attempts"):
        run_now("nightly", ANN, NOON + 4 * HOUR, "now")
    assert len(start_due(NOON + 26 * HOUR)) == 1, "a day later there is a budget again"


def test_a_drain_whose_events_are_used_up_is_stopped_with_that_as_its_reason():
    phases = failed()
    add(budget=Amount(events=10))
    (pk,) = start_due(NOON + HOUR)
    DrainSession.objects.update(created_at=NOON + HOUR, state="running", started_at=NOON + HOUR)
    attempt = AttemptFactory(phase=phases[0], session_id=pk, telemetry_count=9)
    assert stop_over_budgets(NOON + HOUR + MINUTE) == []
    Attempt.objects.filter(pk=attempt.pk).update(telemetry_count=11)
    assert stop_over_budgets(NOON + HOUR + MINUTE) == [pk]
    assert stop_over_budgets(NOON + HOUR + MINUTE) == []
    drain = DrainSession.objects.get(pk=pk)
    assert (drain.state, drain.stop_reason) == ("stopped", "budget")
    assert "10 events a day is used up: 11" in drain.stop_card["sentence"]


def test_after_drains_that_completed_nothing_it_pauses_itself_and_starts_anew_when_resumed():
    failed()
    add(pause_after=2)
    for hours in (1, 2):
        assert pause_useless(NOON) == []
        (pk,) = start_due(NOON + hours * HOUR)
        DrainSession.objects.filter(pk=pk).update(created_at=NOON + hours * HOUR)
        end(pk)
    assert pause_useless(NOON + 3 * HOUR) == ["nightly"]
    assert pause_useless(NOON + 3 * HOUR) == []
    rule = Autopilot.objects.get()
    assert (rule.paused_by, rule.next_at) == ("autopilot nightly", None)
    assert rule.paused_reason.startswith("Its last 2 drains in a row completed nothing.")
    assert AuditEvent.objects.get(verb="autopilot.pause").actor == "autopilot nightly"
    assert start_due(NOON + 9 * HOUR) == []
    with pytest.raises(EngineError, match="paused by autopilot nightly"):
        run_now("nightly", ANN, NOON + 9 * HOUR, "now")
    resume_autopilot("nightly", ANN, NOON + 9 * HOUR, "mended")
    assert pause_useless(NOON + 9 * HOUR) == [], "what was before does not count"
    assert len(start_due(NOON + 10 * HOUR)) == 1


def test_maintenance_pauses_it_before_it_starts_one_drain_too_many():
    failed()
    add(pause_after=1)
    (pk,) = start_due(NOON + HOUR)
    end(pk)
    Autopilot.objects.update(next_at=NOON)
    tend()
    assert Autopilot.objects.get().paused_by == "autopilot nightly"
    assert DrainSession.objects.count() == 1
