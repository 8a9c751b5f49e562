"""The words on a change of the rate: the verdict, what was compared, and what would be enough."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drain.evidence.checks.verdicts import better_than_before
from drain.evidence.comparison.compare import Difference
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


def test_a_rate_that_fell_is_worse_whatever_the_work_and_one_that_rose_is_doubtful():
    fell = replace(RISEN, interval=Interval(-0.3, -0.5, -0.1), doubt="the work is undone")
    assert fell.verdict == "worse"
    rose = replace(RISEN, doubt="the work is undone")
    assert rose.verdict == "doubtful"
    assert rose.sentence.endswith(", but the work is undone.")


def test_a_check_that_the_rate_rose_waits_where_the_work_is_in_doubt():
    assert better_than_before(RISEN).verdict == "pass"
    assert (
        better_than_before(replace(RISEN, doubt="the work is undone")).verdict == "not_enough_data"
    )
