"""Drains by schedule: at their times, one at once, within a budget, and paused when they complete nothing."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from drain.engine.autopilot.recurring import (
    run_now,
    start_due,
)
from drain.engine.autopilot.rules import (
    pause_autopilot,
    remove_autopilot,
    resume_autopilot,
)
from drain.engine.errors import EngineError
from drain.engine.queue.selection import PhaseFilter
from drain.engine.sessions.verbs import resume_session
from drain.models import AuditEvent, Autopilot, DrainSession
from drain.policy.autopilot import Amount
from drain.policy.stopping.limits import Limits
from tests.engine.autopilot.conftest import ANN, HOUR, MINUTE
from tests.engine.autopilot.schedules import add, end, failed
from tests.factories import (
    NOON,
    ExecutorFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


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
