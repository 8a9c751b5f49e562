"""An autopilot takes up fixes of its phases and drains them by a sample and ramps, within its rules."""

from __future__ import annotations

import pytest

from drain.engine.autopilot.recurring import run_now
from drain.engine.autopilot.rollouts import (
    advance,
    listen,
)
from drain.engine.autopilot.rules import (
    AutopilotRequest,
    add_autopilot,
    pause_autopilot,
    remove_autopilot,
    resume_autopilot,
)
from drain.engine.errors import EngineError
from drain.engine.queue.selection import PhaseFilter
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import (
    Autopilot,
    DrainSession,
    FixMarker,
    Phase,
    Rollout,
    Run,
    Source,
)
from drain.policy.autopilot import Amount
from tests.engine.autopilot.conftest import ANN, HOUR, MINUTE
from tests.engine.autopilot.ends import always, over
from tests.factories import NOON, FingerprintFactory, SourceFactory

pytestmark = pytest.mark.django_db


def rule(now=NOON, **changes):
    return add_autopilot(AutopilotRequest(name="fixes", on_fix=True, **changes), ANN, now)


def test_an_autopilot_takes_up_a_fix_of_its_phases_once_and_drains_those_alone(story):
    told = story(40, tried_before=20)
    gpu = told.runs[:30]
    Run.objects.filter(pk__in=[run.pk for run in gpu]).update(labels=["gpu"])
    rule(NOON - HOUR, filter=PhaseFilter(labels=("gpu",)), sample=10)
    marker = told.marker()
    assert listen(told.now) == [marker.pk]
    assert listen(told.now) == []
    assert told.to_the_end(always) == [10, 14, 6]
    assert over() == ("finished", "drained")
    assert Phase.objects.filter(state="FAILED").count() == 10
    assert {drain.started_by for drain in DrainSession.objects.all()} == {"autopilot fixes"}


def test_a_fix_of_other_phases_or_of_before_is_not_taken_up(story):
    told = story(5, tried_before=0)
    other = FingerprintFactory(key="other")
    old = told.marker()
    rule(told.now, filter=PhaseFilter(names=("phase*",)))
    told.now += MINUTE
    by = By(ANN.name, ANN.origin, told.now)
    add_marker("Another", by, keys=[other.key])
    FixMarker.objects.exclude(pk=old.pk).update(created_at=told.now)
    assert listen(told.now) == []
    Phase.objects.update(last_fingerprint="other")
    told.now += 3 * MINUTE
    assert len(listen(told.now)) == 1, "what nobody looked at yet is looked at, however late"


def test_a_filter_that_names_what_is_gone_is_said_and_ends_what_had_begun(story):
    told = story(40, tried_before=20)
    source = SourceFactory(name="old")
    Run.objects.update(source=source)
    rule(NOON - HOUR, filter=PhaseFilter(sources=("old",)))
    told.marker()
    listen(told.now)
    advance(told.now)
    told.play(always)
    Source.objects.update(name="new")
    assert told.to_the_end(always) == []
    assert over() == ("stopped", "nothing_selected")
    assert "no source “old”" in Rollout.objects.get().card["sentence"]
    told.marker()
    assert listen(told.now) == []
    assert "no source “old”" in Autopilot.objects.get().said


def test_a_fix_that_was_about_nothing_stays_so(story):
    told = story(2, tried_before=0)
    rule(NOON - HOUR)
    Phase.objects.update(last_fingerprint="")
    told.marker()
    assert listen(told.now + 2 * MINUTE) == []
    Phase.objects.update(last_fingerprint="cause")
    assert listen(told.now + 9 * MINUTE) == []


def test_a_paused_or_quiet_autopilot_waits_between_the_steps_and_says_why(story):
    told = story(60, tried_before=20)
    rule(NOON - HOUR, quiet="13:00-14:00")
    told.marker()
    listen(told.now)
    advance(told.now)
    told.play(always)
    pause_autopilot("fixes", ANN, told.now, "holiday")
    assert advance(told.now) == []
    assert Rollout.objects.get().said == "It is paused by ann: holiday"
    resume_autopilot("fixes", ANN, told.now, "back")
    assert advance(NOON + 70 * MINUTE) == []
    assert Rollout.objects.get().said == "It is quiet until 14:00 UTC."
    told.now = NOON + 2 * HOUR
    assert told.to_the_end(always) == [24, 12]


def test_its_budget_ends_it_and_its_removal_too(story):
    told = story(60, tried_before=20)
    rule(NOON - HOUR, budget=Amount(attempts=30))
    told.marker()
    listen(told.now)
    DrainSession.objects.update(created_at=told.now)
    assert told.to_the_end(always) == [24, 6]
    assert over() == ("stopped", "budget")
    with pytest.raises(EngineError, match="add a fix marker"):
        run_now("fixes", ANN, told.now, "now")


def test_removing_the_autopilot_ends_its_drains_on_fix(story):
    told = story(60, tried_before=20)
    rule(NOON - HOUR)
    told.marker()
    listen(told.now)
    remove_autopilot("fixes", ANN, told.now, "enough")
    assert over() == ("stopped", "person")
    assert "ann removed the autopilot fixes" in Rollout.objects.get().card["sentence"]
    assert not Autopilot.objects.exists()
