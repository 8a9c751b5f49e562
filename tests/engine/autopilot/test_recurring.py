"""Drains by schedule: at their times, one at once, within a budget, and paused when they complete nothing."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from drain.engine.autopilot.recurring import (
    pause_useless,
    run_now,
    start_due,
    stop_over_budgets,
)
from drain.engine.autopilot.rules import (
    Wanted,
    add_autopilot,
    described,
    pause_autopilot,
    remove_autopilot,
    resume_autopilot,
)
from drain.engine.errors import EngineError
from drain.engine.maintenance import tend
from drain.engine.queue.selection import PhaseFilter
from drain.engine.sessions.verbs import resume_session
from drain.models import Attempt, AuditEvent, Autopilot, DrainSession, SessionRun
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.policy.autopilot import Amount
from drain.policy.stopping.limits import Limits
from tests.factories import (
    NOON,
    AttemptFactory,
    ExecutorFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
ANN = Person("ann", Origin.BROWSER)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def add(name="nightly", cron="*/30 * * * *", now=NOON, **changes):
    return add_autopilot(Wanted(name=name, cron=cron, **changes), ANN, now)


def failed(count=3):
    ExecutorFactory()
    run = RunFactory()
    return [PhaseFactory(run=run) for _ in range(count)]


def end(pk, state="finished", complete=0, at=NOON, **changes):
    """End a drain as if its phases had run."""
    DrainSession.objects.filter(pk=pk).update(state=state, ended_at=at, **changes)
    SessionRun.objects.filter(session=pk).update(complete=complete, failed=1)


def test_a_drain_starts_when_its_time_has_come_and_is_like_one_that_somebody_asked_for():
    phases = failed()
    rule = add(limits=Limits(batch_size=2, parallel=2))
    assert start_due(NOON + 29 * MINUTE) == []
    (pk,) = start_due(NOON + 30 * MINUTE)
    drain = DrainSession.objects.get(pk=pk)
    assert (drain.state, drain.selected, drain.parallel) == ("planned", 2, 2)
    assert (drain.started_by, drain.origin) == ("autopilot nightly", "schedule")
    assert drain.autopilot_id == rule.pk
    line = AuditEvent.objects.get(verb="session.start")
    assert (line.actor, line.origin) == ("autopilot nightly", "schedule")
    assert len(phases) == 3


def test_times_that_were_missed_count_as_one_and_a_drain_that_runs_is_not_doubled():
    failed()
    add()
    (pk,) = start_due(NOON + 9 * HOUR)
    assert start_due(NOON + 9 * HOUR) == []
    assert start_due(NOON + 10 * HOUR) == []
    rule = Autopilot.objects.get()
    assert rule.said == f"Drain {pk} of it has not ended."
    assert rule.next_at == NOON + 10 * HOUR + 30 * MINUTE
    end(pk, complete=1)
    assert len(start_due(NOON + 11 * HOUR)) == 1
    assert Autopilot.objects.get().said == ""


def test_nothing_failed_starts_nothing_and_says_so():
    ExecutorFactory()
    PhaseFactory(state="COMPLETE")
    add()
    add("labelled", filter=PhaseFilter(labels=("x",)))
    assert start_due(NOON + HOUR) == []
    assert not DrainSession.objects.exists()
    said = dict(Autopilot.objects.values_list("name", "said"))
    assert said == {
        "nightly": "Nothing was selected (nothing is failed).",
        "labelled": "No failed phase matches these filters: nothing was started.",
    }


def test_a_scope_that_is_filtered_is_looked_up_at_each_start():
    ExecutorFactory()
    run, other = RunFactory(labels=["gpu"]), RunFactory()
    PhaseFactory(run=other)
    PhaseFactory(run=run)
    add(filter=PhaseFilter(labels=("gpu",)))
    (pk,) = start_due(NOON + HOUR)
    end(pk, complete=1)
    PhaseFactory(run=run)
    (pk,) = start_due(NOON + 2 * HOUR)
    assert DrainSession.objects.get(pk=pk).selected == 2


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


def test_people_pause_resume_run_and_remove_with_a_reason_that_stands_in_the_audit():
    failed()
    add(quiet="11:00-13:00", filter=PhaseFilter(names=("phase*",)))
    drain = run_now("nightly", ANN, NOON, "a try")
    assert (drain.started_by, drain.origin) == ("autopilot nightly", "browser")
    assert drain.note == "ann: a try"
    pause_autopilot("nightly", ANN, NOON, "holiday")
    with pytest.raises(EngineError, match="paused already, by ann: holiday"):
        pause_autopilot("nightly", ANN, NOON, "again")
    resume_autopilot("nightly", ANN, NOON, "back")
    for verb in (pause_autopilot, resume_autopilot, remove_autopilot):
        with pytest.raises(EngineError, match="reason is missing"):
            verb("nightly", ANN, NOON, " ")
        with pytest.raises(EngineError, match="no autopilot “other”; there are: nightly"):
            verb("other", ANN, NOON, "x")
    remove_autopilot("nightly", ANN, NOON, "enough")
    assert not Autopilot.objects.exists()
    assert DrainSession.objects.get(pk=drain.pk).state == "planned"
    verbs = (
        AuditEvent.objects.filter(subject="autopilot").order_by("pk").values_list("verb", "reason")
    )
    assert list(verbs) == [
        ("autopilot.add", ""), ("autopilot.run", "a try"), ("autopilot.pause", "holiday"),
        ("autopilot.resume", "back"), ("autopilot.remove", "enough"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": " "}, "needs a name"),
        ({"name": "x" * 61}, "60 are the most"),
        ({"cron": ""}, "Give a schedule, or say that it drains on fix"),
        ({"on_fix": True}, "and not both"),
        ({"cron": "61 * * * *"}, "is no minute"),
        ({"cron": "0 0 30 2 *"}, "never comes"),
        ({"timezone": "Mars/Olympus"}, "no time zone"),
        ({"timezone": "../etc/passwd"}, "no time zone"),
        ({"quiet": "late"}, "no quiet hours"),
        ({"cron": "0 3 * * *", "quiet": "22:00-07:00"}, "lies in the quiet hours"),
        ({"filter": PhaseFilter(run_ids=("nowhere",))}, "no run “nowhere”"),
        ({"limits": Limits(until=NOON + HOUR)}, "give quiet hours"),
        ({"limits": Limits(batch_size=0)}, "--batch-size 0"),
        ({"budget": Amount(attempts=0)}, "budget attempts 0 makes no sense"),
        ({"budget": Amount(minutes=float("nan"))}, "makes no sense"),
        ({"pause_after": -1}, "pause after -1"),
        ({"sample": 4}, "sample of 4"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence_and_adds_nothing(changes, sentence):
    with pytest.raises((EngineError, ValueError), match=sentence):
        add(**changes)
    assert not Autopilot.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_name_is_given_once():
    add()
    with pytest.raises(EngineError, match="already"):
        add()


def test_postgresql_itself_refuses_two_live_drains_of_one_autopilot():
    rule = add()
    SessionFactory(state="running", ended_at=None, autopilot=rule)
    SessionFactory(autopilot=rule)
    with pytest.raises(IntegrityError), transaction.atomic():
        SessionFactory(state="paused", ended_at=None, autopilot=rule)


def test_an_interrupted_drain_is_not_resumed_beside_the_one_that_came_after_it():
    failed()
    rule = add()
    old = SessionFactory(state="interrupted", autopilot=rule)
    (pk,) = start_due(NOON + HOUR)
    with pytest.raises(EngineError, match=f"has drain {pk} at work"):
        resume_session(old.pk, ANN)
    end(pk)
    resume_session(old.pk, ANN)


def test_one_that_breaks_does_not_stop_the_others(monkeypatch):
    failed()
    add("broken")
    add("good")
    Autopilot.objects.filter(name="broken").update(cron="nonsense")
    (pk,) = start_due(NOON + HOUR)
    assert DrainSession.objects.get(pk=pk).started_by == "autopilot good"


@pytest.mark.django_db(transaction=True)
def test_hosts_that_look_at_the_same_time_start_one_drain():
    failed(20)
    for number in range(4):
        add(f"rule {number}")
    gate = threading.Barrier(4)
    started: list[int] = []

    def look():
        gate.wait()
        try:
            started.extend(start_due(NOON + HOUR))
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    rules = DrainSession.objects.values_list("autopilot", flat=True)
    assert len(started) == len(rules) == len(set(rules))
    # The first rule's drain may hold every phase; no rule has two.
    assert DrainSession.objects.exists()
