"""The moves of the same phases: their counts, their order, and the causes that may be one."""

from __future__ import annotations

import pytest

from drain.evidence.comparison.compare import speak_for_both
from drain.evidence.comparison.pairs import Pairs, pairs_of
from drain.evidence.comparison.query import MoveRead
from drain.evidence.fingerprints.aliases import FingerprintSummary
from drain.evidence.fingerprints.identity import FingerprintIdentity

A, B, C = (FingerprintSummary(key, f"Error {key}", "ongoing", "other") for key in "abc")
KNOWN = {"a": A, "b": B, "c": C}
IDENTITY = {
    "a": FingerprintIdentity("a", "h", False, 1),
    "b": FingerprintIdentity("b", "h", True, 1),
    "c": FingerprintIdentity("c", "other", True, 1),
}


def paired(*moves: tuple[str, str, str, str, bool, int]) -> Pairs:
    return pairs_of([MoveRead(*move) for move in moves], KNOWN, IDENTITY)


def test_phases_are_counted_by_where_they_were_and_where_they_went():
    found = paired(
        ("failed", "a", "complete", "", False, 5),
        ("failed", "a", "failed", "c", True, 3),
        ("failed", "a", "failed", "c", False, 4),
        ("failed", "b", "lost", "", True, 2),
        ("complete", "", "failed", "a", False, 1),
        ("complete", "", "complete", "", False, 8),
    )
    assert (found.n, found.from_plan) == (23, 5)
    assert (found.gained(), found.lost(), found.failed()) == (5, 1, (14, 10))
    assert (found.tried(), found.completed()) == ({"a": 12}, {"a": 5})
    assert not found.all_failed_before
    assert [move.phases for move in found.moves] == [8, 7, 5, 2, 1]


@pytest.mark.parametrize(
    ("became", "may_be"), [("a", False), ("b", True), ("c", False), ("", False)]
)
def test_two_causes_that_may_be_one_are_told_from_one_and_from_two(became, may_be):
    (move,) = paired(("failed", "a", "failed", became, False, 1)).moves
    assert move.may_be_same is may_be


def test_phases_on_both_sides_speak_for_both_where_they_are_half_of_the_smaller_one():
    assert speak_for_both(5, 10)
    assert not speak_for_both(4, 10)
    assert not speak_for_both(0, 0)


def test_moves_of_as_many_phases_stand_in_the_order_of_their_causes():
    found = paired(
        ("failed", "b", "failed", "c", False, 2),
        ("failed", "b", "failed", "a", False, 2),
        ("failed", "a", "failed", "c", False, 2),
    )
    causes = [(move.was_cause, move.became_cause) for move in found.moves]
    assert causes == [(A, C), (B, A), (B, C)]
