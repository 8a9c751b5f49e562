"""Holds: set aside with a reason, released by name, each act with an audit line."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from drain.engine.errors import EngineError
from drain.engine.queue.holds import hold, hold_matching, in_force, release
from drain.engine.queue.selection import PhaseFilter
from drain.models import AuditEvent
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from tests.engine.attempts.meetings import held_up
from tests.factories import NOON, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
ADA = Person("ada", Origin.BROWSER)


def test_a_run_is_held_once_and_released_once():
    RunFactory(run_id="r1")
    made = hold("r1", "waits for a key", ADA, NOON)
    assert (made.kind, made.value) == ("run", "r1")
    with pytest.raises(EngineError, match="held already, by ada"):
        hold("r1", "again", ADA, NOON)
    assert release("r1", ADA, NOON) == 1
    with pytest.raises(EngineError, match="Nothing holds r1"):
        release("r1", ADA, NOON)
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == [
        "hold",
        "release",
    ]


def test_a_prefix_holds_runs_that_do_not_exist_yet_and_ends_by_itself():
    hold("research-*", "quota", ADA, NOON, NOON + timedelta(hours=1))
    assert in_force(NOON).get().kind == "prefix"
    assert not in_force(NOON + timedelta(hours=2)).exists()


@pytest.mark.parametrize(
    ("target", "reason", "minutes", "sentence"),
    [
        ("nowhere", "x", 5, "There is no run"),
        ("*", "x", 5, "every run"),
        ("a*", " ", 5, "reason is missing"),
        ("a*", "x", -5, "in the past"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_way_out(target, reason, minutes, sentence):
    with pytest.raises(EngineError, match=sentence):
        hold(target, reason, ADA, NOON, NOON + timedelta(minutes=minutes))


def test_a_hold_until_the_end_of_the_calendar_is_refused_and_any_offset_is_kept():
    RunFactory(run_id="r1")
    for far in ("9999-12-31T23:59:00-12:00", "9999-12-31T23:59:00+00:00"):
        with pytest.raises(EngineError, match="within ten years, or leave it out"):
            hold("r1", "x", ADA, NOON, datetime.fromisoformat(far))
    odd = (NOON + timedelta(days=2)).astimezone(timezone(timedelta(hours=-23, minutes=-59)))
    assert hold("r1", "x", ADA, NOON, odd).until == odd
    assert in_force(NOON).get().until == odd


def test_only_the_hold_that_is_named_ends_and_only_its_like_stands_in_the_way_of_another():
    for run in ("r1", "r2"):
        RunFactory(run_id=run)
    for target in ("r1", "r1*", "r2", "r2*"):
        hold(target, "x", ADA, NOON)
    assert release("r1", ADA, NOON) == 1
    assert {str(each) for each in in_force(NOON)} == {"r1*", "r2", "r2*"}


def test_a_run_below_a_held_prefix_gets_a_hold_of_its_own_by_a_filter():
    for run in ("r1", "r2"):
        PhaseFactory(run=RunFactory(run_id=run))
    hold("r1*", "x", ADA, NOON)
    hold("r2", "x", ADA, NOON)
    made, already = hold_matching(PhaseFilter(run_prefixes=("r",)), "y", ADA, NOON)
    assert ([each.value for each in made], already) == (["r1"], 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_that_release_a_hold_at_once_one_does():
    hold("r*", "x", ADA, NOON)

    def second() -> str:
        try:
            release("r*", ADA, NOON)
        except EngineError as error:
            return str(error)
        return "released"

    with held_up(second) as said:
        release("r*", ADA, NOON)
    assert "Nothing holds" in said()
