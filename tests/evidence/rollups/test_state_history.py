"""The past of the states: exact at the beginning of each hour, whenever maintenance comes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.rollups.fold import fold
from drain.evidence.rollups.state_history import KEPT, history, keep_history
from drain.models import StateSnapshot, Transition
from tests.factories import NOON, PhaseFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def moved(at, to_state, from_state=""):
    Transition.objects.create(
        subject="phase", subject_pk=1, from_state=from_state, to_state=to_state, verb="v",
        actor="a", at=at,
    )  # fmt: skip


def the_past():
    """Three phases were imported as failed at noon; one was drained at 13:30, one began at 14:10."""
    PhaseFactory(state="FAILED")
    PhaseFactory(state="EXECUTING")
    PhaseFactory(state="COMPLETE")
    for _ in range(3):
        moved(NOON + timedelta(minutes=5), "FAILED")
    moved(NOON + timedelta(minutes=90), "COMPLETE", "FAILED")
    moved(NOON + timedelta(minutes=130), "EXECUTING", "FAILED")


EXPECTED = [{}, {"FAILED": 3}, {"FAILED": 2, "COMPLETE": 1}]


def test_the_first_time_everything_kept_of_the_history_is_reckoned_back():
    the_past()
    assert keep_history(NOON + 2 * HOUR + timedelta(minutes=20)) == 3
    assert [counts for _, counts in history(NOON)] == EXPECTED


def test_a_snapshot_is_of_the_beginning_of_its_hour_before_and_after_a_fold():
    the_past()
    fold()
    keep_history(NOON + 2 * HOUR + timedelta(minutes=59))
    assert [counts for _, counts in history(NOON)] == EXPECTED


def test_hours_that_maintenance_missed_are_filled_in_later():
    the_past()
    StateSnapshot.objects.create(hour=NOON, counts={})
    assert keep_history(NOON + 3 * HOUR) == 3
    assert history(NOON)[-1] == (
        NOON + 3 * HOUR,
        {"FAILED": 1, "COMPLETE": 1, "EXECUTING": 1},
    )


def test_a_second_round_in_the_same_hour_writes_nothing():
    the_past()
    keep_history(NOON + 2 * HOUR)
    assert keep_history(NOON + 2 * HOUR + timedelta(minutes=30)) == 0


def test_an_empty_installation_has_no_past():
    assert keep_history(NOON) == 0
    assert history(NOON - HOUR) == []


def test_what_is_older_than_ninety_days_goes():
    the_past()
    StateSnapshot.objects.create(hour=NOON - KEPT, counts={"FAILED": 1})
    keep_history(NOON + HOUR)
    assert not StateSnapshot.objects.filter(hour__lt=NOON + HOUR - KEPT).exists()


def test_moves_of_sessions_and_causes_are_no_moves_of_phases():
    the_past()
    Transition.objects.create(
        subject="session", subject_pk=1, from_state="", to_state="FAILED", verb="v", actor="a",
        at=NOON + timedelta(minutes=6),
    )  # fmt: skip
    keep_history(NOON + HOUR)
    assert [counts for _, counts in history(NOON)][1] == {"FAILED": 3}
