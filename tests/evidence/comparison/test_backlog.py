"""The change of the backlog has its sign, its window, and imports apart from what failed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.comparison.backlog import backlog, signed
from drain.models import StateSnapshot, Transition
from tests.factories import NOON, PhaseFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def moved(count, was, became, verb, at=NOON):
    for _ in range(count):
        Transition.objects.create(
            subject="phase",
            subject_pk=1,
            from_state=was,
            to_state=became,
            verb=verb,
            actor="w",
            at=at,
        )


def test_a_backlog_that_an_import_made_larger_is_no_progress():
    for _ in range(30):
        PhaseFactory(state="FAILED")
    moved(25, "", "FAILED", "imported")
    moved(2, "COMPLETE", "FAILED", "synced")
    moved(4, "FAILED", "EXECUTING", "start")
    moved(3, "EXECUTING", "FAILED", "finish")
    moved(9, "FAILED", "COMPLETE", "start", at=NOON - 3 * HOUR)
    found = backlog(2, NOON + HOUR)
    assert (found.before, found.now, found.change) == (4, 30, 26)
    assert found.sentence == (
        "4 failed phases 2 h ago, 30 now: +26, of which +27 by imports and −1 by attempts and people."
    )


def test_the_parts_sum_to_the_change():
    moved(5, "FAILED", "COMPLETE", "synced")
    found = backlog(1, NOON)
    assert found.change == found.imports == found.now - found.before == -5


def test_an_empty_backlog_says_so():
    assert backlog(24, NOON).sentence == "The backlog is empty, and was 24 h ago."


def test_the_points_are_those_of_the_history_and_now():
    PhaseFactory(state="FAILED")
    for hour, failed in enumerate((9, 7)):
        StateSnapshot.objects.create(hour=NOON + hour * HOUR, counts={"FAILED": failed})
    assert [point.failed for point in backlog(8, NOON + 2 * HOUR).points] == [9, 7, 1]


@pytest.mark.parametrize(("number", "text"), [(1531, "+1,531"), (-38, "−38"), (0, "±0")])
def test_a_change_has_its_sign(number, text):
    assert signed(number) == text
