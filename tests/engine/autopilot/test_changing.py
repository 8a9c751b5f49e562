"""An autopilot's settings are changed in place:
audited, never under a start, and never over somebody else's change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from drain.engine.autopilot.changing import change_autopilot, revision, wanted_of
from drain.engine.autopilot.recurring import pause_useless, run_now, start_due
from drain.engine.autopilot.rules import AutopilotRequest, add_autopilot, pause_autopilot
from drain.engine.errors import EngineError
from drain.engine.queue.selection import PhaseFilter
from drain.models import AuditEvent, Autopilot, DrainSession, SessionRun
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.policy.autopilot import Amount
from drain.policy.stopping.limits import LimitError, Limits
from tests.engine.attempts.meetings import held_up
from tests.factories import NOON, ExecutorFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
ANN = Person("ann", Origin.BROWSER)
MINUTE = timedelta(minutes=1)
HALF = "*/30 * * * *"


def add(**changes):
    return add_autopilot(
        AutopilotRequest(**{"name": "nightly", "cron": HALF, **changes}), ANN, NOON
    )


def change(now=NOON + MINUTE, seen=None, **changes):
    return change_autopilot(
        "nightly", lambda old: replace(old, **changes), ANN, now, "a test", seen=seen
    )


def failed(count=3):
    ExecutorFactory()
    run = RunFactory()
    return [PhaseFactory(run=run) for _ in range(count)]


def test_what_is_changed_is_in_the_audit_and_all_else_stays():
    add(
        limits=Limits(batch_size=7, ramp=0.3),
        filter=PhaseFilter(types=("test",)),
        quiet="20:00-21:00",
    )
    rule = change(budget=Amount(attempts=5), filter=PhaseFilter(labels=("gpu",)))
    rule.refresh_from_db()
    asked = wanted_of(rule)
    assert (asked.limits, asked.quiet, asked.cron) == (
        Limits(batch_size=7, ramp=0.3),
        "20:00-21:00",
        HALF,
    )
    assert (asked.filter, asked.budget) == (PhaseFilter(labels=("gpu",)), Amount(attempts=5))
    line = AuditEvent.objects.get(verb="autopilot.change")
    assert (line.actor, line.reason) == ("ann", "a test")
    assert line.old == {"filter": {"types": ["test"]}, "budget_attempts": None}
    assert line.new == {"filter": {"labels": ["gpu"]}, "budget_attempts": 5}


def test_a_new_schedule_begins_now_and_a_time_that_has_come_is_not_lost_by_any_other_change():
    failed()
    rule = add()
    assert rule.next_at == NOON + 30 * MINUTE
    assert change(now=NOON + 31 * MINUTE, limits=Limits(batch_size=2)).next_at == rule.next_at
    assert len(start_due(NOON + 31 * MINUTE)) == 1
    assert DrainSession.objects.get().selected == 2
    assert change(now=NOON + 32 * MINUTE, cron="@hourly").next_at == NOON + 60 * MINUTE
    assert change(timezone="Asia/Kathmandu").next_at == NOON + 15 * MINUTE


def test_a_drain_that_runs_goes_on_as_it_began_and_useless_ones_are_counted_anew():
    failed()
    add(pause_after=1)
    drain = run_now("nightly", ANN, NOON, "x")
    change(limits=Limits(batch_size=1), pause_after=2)
    drain.refresh_from_db()
    assert drain.selected == 3
    assert drain.limits["batch_size"] == 10
    DrainSession.objects.update(state="finished", ended_at=NOON, created_at=NOON)
    SessionRun.objects.update(complete=0, failed=1)
    change(pause_after=1)
    assert pause_useless(NOON + 2 * MINUTE) == []


def test_a_paused_one_stays_paused():
    add()
    pause_autopilot("nightly", ANN, NOON, "x")
    rule = change(cron="@daily")
    assert (rule.next_at, rule.paused_by) == (None, "ann")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Nothing would be changed"),
        ({"cron": "nonsense"}, "is no schedule"),
        ({"cron": ""}, "Give a schedule"),
        ({"cron": "", "on_fix": True}, "stays: add another one"),
        ({"name": "other"}, "stays: add another one"),
        ({"limits": Limits(batch_size=0)}, "batch-size"),
        ({"budget": Amount(attempts=0)}, "makes no sense"),
        ({"filter": PhaseFilter(sources=("nowhere",))}, "nowhere"),
        ({"quiet": "00:00-24:00"}, "quiet"),
    ],
)
def test_a_refusal_changes_nothing(changes, sentence):
    add()
    before = Autopilot.objects.values().get()
    with pytest.raises((EngineError, LimitError), match=sentence):
        change(**changes)
    with pytest.raises(EngineError, match="reason"):
        change_autopilot("nightly", lambda old: replace(old, cron="@daily"), ANN, NOON, " ")
    with pytest.raises(EngineError, match="there are: nightly"):
        change_autopilot("nobody", lambda old: old, ANN, NOON, "x")
    assert Autopilot.objects.values().get() == before
    assert not AuditEvent.objects.filter(verb="autopilot.change").exists()


def test_what_somebody_else_changed_meanwhile_is_not_overwritten():
    seen = revision(add())
    change(cron="@daily", seen=seen)
    with pytest.raises(EngineError, match="changed meanwhile"):
        change(cron="@hourly", seen=seen)
    assert Autopilot.objects.get().cron == "@daily"
    # Pausing is no other setting.
    seen = revision(Autopilot.objects.get())
    pause_autopilot("nightly", ANN, NOON, "x")
    change(cron="@hourly", seen=seen)


@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_a_start_that_is_being_made_and_starts_of_it_no_second():
    failed()
    add()
    with held_up(lambda: change(limits=Limits(batch_size=1))) as changed:
        assert len(start_due(NOON + 30 * MINUTE)) == 1
    assert changed().limits["batch_size"] == 1
    drain = DrainSession.objects.get()
    assert drain.selected == 3, "it began before the change"
    assert start_due(NOON + 30 * MINUTE) == []


@pytest.mark.django_db(transaction=True)
def test_two_changes_of_different_settings_at_once_are_both_kept():
    add()
    with held_up(lambda: change(limits=Limits(batch_size=1))) as changed:
        change(budget=Amount(attempts=9))
    changed()
    found = wanted_of(Autopilot.objects.get())
    assert (found.limits.batch_size, found.budget.attempts) == (1, 9)
