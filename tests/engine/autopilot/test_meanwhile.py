"""Changes between the look of a round of maintenance and its act are seen;
a start by hand is not held to hours.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drain.engine.autopilot import recurring
from drain.engine.autopilot.allowance import over_budget
from drain.engine.autopilot.recurring import pause_useless, run_now, stop_over_budgets
from drain.engine.autopilot.rules import AutopilotRequest, add_autopilot
from drain.engine.errors import EngineError
from drain.models import Autopilot, DrainSession
from drain.policy.autopilot import Amount, UsedBudget, allowed
from drain.policy.stopping.limits import Limits
from tests.engine.autopilot.conftest import ANN, HOUR, MINUTE
from tests.factories import NOON, AttemptFactory, ExecutorFactory, PhaseFactory

pytestmark = pytest.mark.django_db


def add(**changes: Any) -> Autopilot:
    given = {"name": "nightly", "cron": "*/30 * * * *", **changes}
    return add_autopilot(AutopilotRequest(**given), ANN, NOON)


def started(now: Any = NOON + MINUTE) -> DrainSession:
    ExecutorFactory()
    PhaseFactory()
    return run_now("nightly", ANN, now, "x")


def test_a_time_that_another_host_has_taken_care_of_is_not_due() -> None:
    rule = add()
    assert recurring._start_due(rule.pk, NOON) == []
    rule.refresh_from_db()
    assert (rule.next_at, rule.said) == (NOON + 30 * MINUTE, "")


def test_one_that_drains_on_fix_is_not_run_by_hand() -> None:
    add(cron="", on_fix=True)
    with pytest.raises(EngineError, match="drains on fix: add a fix marker"):
        started()
    assert not DrainSession.objects.exists()


def test_a_drain_by_hand_does_not_end_its_starts_before_quiet_hours() -> None:
    add(quiet="13:00-18:00")
    assert started().limits["until"] is None


def test_a_drain_over_its_budget_is_stopped_once_however_long_its_last_attempts_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    add(budget=Amount(events=5))
    drain = started()
    AttemptFactory(phase=PhaseFactory(), session=drain, telemetry_count=9, started_at=NOON)
    DrainSession.objects.update(state="stopping", stop_reason="budget")
    assert stop_over_budgets(NOON + HOUR) == []
    assert caplog.records == [], "nothing was tried in vain"
    DrainSession.objects.update(state="running", stop_reason="")
    assert stop_over_budgets(NOON + HOUR) == [drain.pk]


def test_what_runs_still_counts_and_that_a_budget_is_used_up_is_news_once_a_day() -> None:
    rule = add(budget=Amount(attempts=2))
    drain, phase = started(), PhaseFactory()
    AttemptFactory(phase=phase, session=drain, number=1, outcome="failed")
    assert over_budget(rule, NOON + HOUR) == ""
    AttemptFactory(phase=phase, session=drain, number=2, outcome=None, finished_at=None)
    assert "The budget of 2 attempts a day is used up: 2" in over_budget(rule, NOON + HOUR)
    assert over_budget(rule, NOON + 2 * HOUR)
    rule.refresh_from_db()
    assert rule.budget_used_at == NOON + HOUR


def test_a_sample_is_no_larger_than_what_is_left_of_the_budget() -> None:
    limits = Limits(batch_size=50, sample=10, sample_passes=8)
    found = allowed(limits, Amount(attempts=7), UsedBudget(attempts=3), None)
    assert (found.batch_size, found.sample, found.sample_passes) == (4, 4, 4)


def test_a_drain_that_still_runs_is_not_useless_yet() -> None:
    add(pause_after=1)
    drain = started()
    assert pause_useless(NOON + HOUR) == []
    DrainSession.objects.filter(pk=drain.pk).update(state="finished", ended_at=NOON + HOUR)
    assert pause_useless(NOON + HOUR) == ["nightly"]


@pytest.mark.parametrize(
    "changed",
    [
        {"armed_at": NOON + timedelta(seconds=1)},
        {"paused_at": NOON, "paused_by": "bo", "paused_reason": "by hand", "next_at": None},
    ],
    ids=["resumed", "paused"],
)
def test_who_resumed_or_paused_it_meanwhile_has_the_last_word(
    changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    rule = add(pause_after=3)

    def useless(_: Autopilot) -> int:
        Autopilot.objects.update(**changed)
        return 3

    monkeypatch.setattr(recurring, "_useless", useless)
    assert pause_useless(NOON + HOUR) == []
    rule.refresh_from_db()
    assert rule.paused_by == changed.get("paused_by", "")
