"""The words on a change of the rate: the verdict, what was compared, and what would be enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drain.evidence.comparison.compare import Difference, doubt_of_work
from drain.evidence.comparison.figures import CompletedWork
from drain.evidence.statistics.intervals import Interval

RISEN = Difference(Interval(0.3, 0.1, 0.5), 40, 50, False, None, shared=0, fewer=30)


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (Interval(0.3, 0.1, 0.5), "better"),
        (Interval(-0.3, -0.5, -0.1), "worse"),
        (Interval(0.1, -0.1, 0.3), "not_enough_data"),
        (None, "not_enough_data"),
    ],
)
def test_a_change_is_one_only_where_its_interval_has_no_zero(interval, verdict):
    assert replace(RISEN, interval=interval).verdict == verdict
    assert replace(RISEN, interval=interval, selected=True).verdict == "selected"


def test_a_side_without_an_attempt_says_how_many_would_be_needed():
    found = Difference(None, 0, 3, False, 5)
    assert found.sentence == (
        "Not enough data: 0 attempts before and 3 after; at least 5 on each side would be needed."
    )


@pytest.mark.parametrize(
    ("fields", "basis"),
    [
        ({}, "between two groups (40 attempts before and 50 after; no phase on both sides)."),
        ({"shared": 1}, "(40 attempts before and 50 after; 1 phase on both sides, fewer than half of the smaller side's 30)."),
        ({"shared": 20, "is_paired": True}, "on the same phases (20 phases on both sides, of the smaller side's 30)."),
    ],
    ids=["none shared", "one shared", "paired"],
)  # fmt: skip
def test_the_sides_of_a_comparison_are_said(fields, basis):
    assert replace(RISEN, **fields).sentence.endswith(basis)


@pytest.mark.parametrize(
    ("enough", "said"), [(None, "(40 attempts"), (90, "; about 90 would be enough.")]
)
def test_an_undecided_change_says_how_many_would_be_enough(enough, said):
    found = replace(RISEN, interval=Interval(0.1, -0.1, 0.3), enough=enough)
    assert found.sentence.startswith("Not enough data to tell: +10.0 (-10.0 to +30.0) percentage")
    assert said in found.sentence
    assert ("would be enough" in found.sentence) == (enough is not None)


@pytest.mark.parametrize(
    ("gained", "lost", "said"),
    [
        (0, 0, "None of 50 phases that had failed before completed."),
        (7, 0, "7 of 50 phases completed that had failed before; a second try"),
        (7, 2, "7 of 50 phases completed that had failed before, and 2 that had completed failed; a second"),
    ],
)  # fmt: skip
def test_a_second_try_is_no_change_of_the_rate(gained, lost, said):
    assert said in replace(RISEN, selected=True, gained=gained, lost=lost).sentence


def test_few_that_completed_before_or_a_rate_that_fell_make_no_doubt_of_the_work():
    assert doubt_of_work(CompletedWork(4, 4, 12), CompletedWork(40, 0, 0)) == ""
    assert doubt_of_work(CompletedWork(10, 5, 15), CompletedWork(40, 0, 0)) == ""
    assert doubt_of_work(CompletedWork(10, 6, 18), CompletedWork(0, 0, 0)) == ""
    assert doubt_of_work(CompletedWork(10, 6, 18), CompletedWork(40, 19, 900)) != ""
    assert doubt_of_work(CompletedWork(10, 6, 18), CompletedWork(40, 20, 900)) == ""
    fell = Difference(Interval(-0.3, -0.5, -0.1), 40, 40, False, None, doubt="the work is undone")
    assert fell.verdict == "worse"
