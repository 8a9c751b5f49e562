"""Drains on fix: a sample, ramps while the verdict holds, and an end that says why; nothing twice."""

from __future__ import annotations

import threading

import pytest
from django.db import IntegrityError, connection, transaction

from drain.engine.autopilot.rollouts import (
    OnFix,
    advance,
    drain_on_fix,
    stop_rollout,
)
from drain.engine.errors import EngineError
from drain.engine.sessions.verbs import stop_session_by_person
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import (
    AuditEvent,
    DrainSession,
    Hold,
    Phase,
    Rollout,
)
from drain.policy.stopping.limits import Limits
from tests.engine.autopilot.conftest import ANN, HOUR, chance, tried
from tests.engine.autopilot.ends import always, never, over
from tests.factories import NOON, SessionFactory

pytestmark = pytest.mark.django_db


def test_a_fix_that_works_is_drained_by_a_sample_and_ramps_to_the_end(story):
    told = story(200, tried_before=20)
    rollout = told.mark(limits=Limits(parallel=3))
    assert told.to_the_end(always) == [24, 24, 48, 96, 8]
    assert over() == ("finished", "drained")
    assert not Phase.objects.filter(state="FAILED").exists()
    drains = DrainSession.objects.order_by("pk")
    assert [drain.rollout_step for drain in drains] == [1, 2, 3, 4, 5]
    assert {drain.parallel for drain in drains} == {3}
    assert {drain.started_by for drain in drains} == {f"drain on fix FM-{rollout.marker_id}"}
    assert "Works: Since the fix 0 of 200 phases" in Rollout.objects.get().card["sentence"]


def test_a_fix_that_does_not_work_stops_after_the_sample_and_says_so(story):
    told = story(200, tried_before=20)
    told.mark()
    assert told.to_the_end(never) == [24]
    assert over() == ("stopped", "does_not_work")
    card = Rollout.objects.get().card
    assert (
        "the rest was not drained. Does not work: Since the fix 24 of 24 phases" in card["sentence"]
    )
    assert card["advice"].startswith("Mend it again")
    assert Phase.objects.filter(state="FAILED").count() == 200


@pytest.mark.parametrize("seed", range(3))
def test_a_placebo_is_never_ramped_to_the_whole_backlog(story, seed):
    told = story(150, tried_before=24, healed_before=chance(0.5, seed))
    told.mark()
    told.to_the_end(chance(0.5, seed + 100))
    state, rule = over()
    assert state == "stopped"
    assert rule in ("does_not_work", "undecided", "partly", "cannot_be_told")
    assert tried(told.now) <= 96


def test_a_fix_without_a_past_cannot_be_told_from_a_second_try(story):
    told = story(100, tried_before=0)
    told.mark()
    assert told.to_the_end(always) == [24]
    assert over() == ("stopped", "cannot_be_told")
    assert "12 phases before the fix" in Rollout.objects.get().card["advice"]


def test_a_fix_that_stops_working_is_left_in_the_middle(story):
    told = story(250, tried_before=20)
    told.mark()
    assert told.to_the_end(lambda number: number <= 60) == [24, 24, 48]
    assert over()[0] == "stopped"


def test_nothing_is_begun_while_its_drain_runs_and_a_step_comes_once(story):
    told = story(60, tried_before=20)
    rollout = told.mark()
    assert advance(told.now) == [rollout.pk]
    assert advance(told.now) == []
    told.play(always)
    assert advance(told.now) == [rollout.pk]
    assert DrainSession.objects.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        SessionFactory(rollout=rollout, rollout_step=2)


def test_a_phase_that_was_tried_since_the_fix_is_not_tried_again(story):
    told = story(80, tried_before=20)
    told.mark()
    told.to_the_end(lambda number: number % 20 != 0)
    attempts = Phase.objects.filter(pk__in=[each.pk for each in told.phases])
    assert {each.attempt_set.count() for each in attempts} == {1}


def test_a_fix_of_nothing_that_is_failed_says_so_and_claims_no_more(story):
    story(0, tried_before=3).mark()
    assert advance(NOON + HOUR)
    assert over() == ("finished", "nothing_failed")
    assert not DrainSession.objects.exists()


def test_phases_that_no_drain_can_take_end_it_with_the_reason(story):
    told = story(6, tried_before=20)
    Hold.objects.create(kind="prefix", value="run-", reason="x", created_by="a", origin="command")
    told.mark()
    assert told.to_the_end(always) == []
    assert over() == ("stopped", "nothing_selected")
    assert "None of 6 phases can be drained now." in Rollout.objects.get().card["sentence"]


def test_a_drain_of_it_that_is_stopped_stops_it(story):
    told = story(60, tried_before=20)
    told.mark()
    advance(told.now)
    drain = told.live()
    stop_session_by_person(drain.pk, ANN)
    assert told.to_the_end(always) == []
    assert over() == ("stopped", "drain_stopped")
    assert f"Drain {drain.pk} was stopped (person)." in Rollout.objects.get().card["sentence"]


def test_a_person_stops_it_with_the_drain_that_runs(story):
    told = story(60, tried_before=20)
    rollout = told.mark()
    advance(told.now)
    with pytest.raises(EngineError, match="reason is missing"):
        stop_rollout(rollout.marker_id, ANN, told.now, "")
    stop_rollout(rollout.marker_id, ANN, told.now, "wrong fix")
    assert over() == ("stopped", "person")
    assert DrainSession.objects.get().state == "stopped"
    assert AuditEvent.objects.get(verb="rollout.stop").reason == "wrong fix"
    assert advance(told.now) == []
    with pytest.raises(EngineError, match="stopped already"):
        stop_rollout(rollout.marker_id, ANN, told.now, "again")
    with pytest.raises(EngineError, match="no drain on fix FM-99"):
        stop_rollout(99, ANN, told.now, "x")


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"sample": 4}, "sample of 4"),
        ({"sample": 10_001}, "sample of 10,001"),
        ({"limits": Limits(until=NOON + HOUR)}, "no end by the clock"),
        ({"limits": Limits(sample=3)}, "a sample of its own"),
        ({"limits": Limits(parallel=0)}, "--parallel 0"),
    ],
)
def test_what_makes_no_sense_is_refused(story, wanted, sentence):
    with pytest.raises((EngineError, ValueError), match=sentence):
        story(1, 0).mark(**wanted)
    assert not Rollout.objects.exists()


def test_a_fix_that_names_nothing_is_refused(db):
    by = By(ANN.name, ANN.origin, NOON)
    with pytest.raises(EngineError, match="Name the fingerprints"):
        drain_on_fix(add_marker("Everything", by), OnFix(), ANN, NOON)


@pytest.mark.django_db(transaction=True)
def test_hosts_that_look_at_the_same_time_begin_a_step_once(story):
    told = story(60, tried_before=20)
    told.mark()
    for number in (1, 2):
        gate = threading.Barrier(3)

        def look(gate=gate):
            gate.wait()
            try:
                advance(told.now)
            finally:
                connection.close()

        threads = [threading.Thread(target=look) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert DrainSession.objects.count() == Rollout.objects.get().steps == number
        told.play(always)
