"""Causes of two sides are told apart: gone, new, come again, and merged ones as one."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.comparison.compare import compare
from drain.evidence.comparison.figures import figures
from drain.evidence.comparison.sides import (
    of_window,
)
from tests.factories import (
    NOON,
    AttemptFactory,
    FingerprintFactory,
    PhaseFactory,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def test_a_cause_that_regressed_is_not_called_new():
    FingerprintFactory(key="k", status="regressed")
    AttemptFactory(fingerprint="k", started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert [cause.key for cause in found.causes.regressed] == ["k"]
    assert found.causes.new == ()


def test_a_cause_is_only_called_gone_when_phases_that_had_it_were_tried_again():
    again, never = PhaseFactory(), PhaseFactory()
    AttemptFactory(phase=again, fingerprint="a", started_at=NOON - HOUR)
    AttemptFactory(phase=never, fingerprint="n", started_at=NOON - HOUR)
    AttemptFactory(phase=again, outcome="complete", started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert [cause.key for cause in found.causes.gone] == ["a"]
    assert [cause.key for cause in found.causes.untried] == ["n"]
    assert found.pairs.tried() == {"a": 1}


def test_a_cause_whose_phases_were_only_lost_on_the_way_is_not_gone():
    for _ in range(2):
        phase = PhaseFactory()
        AttemptFactory(phase=phase, fingerprint="a", started_at=NOON - HOUR)
        AttemptFactory(phase=phase, outcome="lost", fingerprint="worker", started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert found.causes.gone == ()
    assert [cause.key for cause in found.causes.untried] == ["a"]


@pytest.mark.parametrize(
    ("completed", "gone", "replaced"), [(0, [], ["a"]), (1, ["a"], []), (3, ["a"], [])]
)
def test_a_cause_of_which_every_retry_fails_by_something_else_is_not_gone(
    completed, gone, replaced
):
    """A crash on import comes before whatever the phase had failed by could."""
    for number in range(3):
        phase = PhaseFactory()
        AttemptFactory(phase=phase, fingerprint="a", started_at=NOON - HOUR)
        ended = {"outcome": "complete"} if number < completed else {"fingerprint": "crash"}
        AttemptFactory(phase=phase, started_at=NOON, **ended)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert [cause.key for cause in found.causes.gone] == gone
    assert [cause.key for cause in found.causes.replaced] == replaced
    assert found.causes.untried == ()
    assert found.pairs.completed() == ({"a": completed} if completed else {})


def test_what_timed_out_when_it_was_tried_again_is_replaced_and_not_gone():
    phase = PhaseFactory()
    AttemptFactory(phase=phase, fingerprint="a", started_at=NOON - HOUR)
    AttemptFactory(phase=phase, outcome="timeout", fingerprint="t", started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert [cause.key for cause in found.causes.replaced] == ["a"]


def test_a_cause_known_by_its_headline_that_comes_again_with_its_place_is_neither_gone_nor_new():
    FingerprintFactory(key="reason", headline="h")
    FingerprintFactory(key="placed", headline="h", place_known=True)
    for _ in range(3):
        tried = PhaseFactory()
        AttemptFactory(phase=tried, fingerprint="reason", started_at=NOON - HOUR)
        AttemptFactory(phase=tried, fingerprint="placed", started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert [cause.key for cause in found.causes.may_be] == ["placed"]
    assert found.causes.gone == found.causes.new == ()
    assert [move.may_be_same for move in found.pairs.moves] == [True]
    assert found.difference.sentence == "None of 3 phases that had failed before completed."


def test_merged_causes_are_one_cause_in_every_figure():
    target = FingerprintFactory(key="t")
    FingerprintFactory(key="m", merged_into=target)
    for key in "tm":
        AttemptFactory(fingerprint=key)
    found = figures(of_window(NOON, NOON + HOUR))
    assert [(cause.key, cause.attempts) for cause in found.causes] == [("t", 2)]


def test_a_failure_without_a_fingerprint_is_neither_gone_nor_new():
    phase = PhaseFactory()
    AttemptFactory(phase=phase, fingerprint="", started_at=NOON - HOUR)
    AttemptFactory(phase=phase, outcome="complete", started_at=NOON)
    AttemptFactory(fingerprint="", started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR)).causes
    assert found.gone == found.replaced == found.untried == found.new == found.still == ()
