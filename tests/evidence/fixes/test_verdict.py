"""The verdict on a fix, line by line of its table, and the sentences that must never be said."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.evidence.fixes import sentences
from drain.evidence.fixes.contrast import FEWEST
from drain.evidence.fixes.trials import Trial
from drain.evidence.fixes.verdict import (
    FEWEST_TO_WORK,
    Evidence,
    FixDemands,
    Others,
    Ruling,
    judge,
    together,
)


def trials(failed_so, n, moved=0):
    """n phases, each of its own run, spread evenly: some fail so, some by something else."""
    kinds = [i * failed_so // n < (i + 1) * failed_so // n for i in range(n)]
    rest = iter(range(moved))
    return [Trial(run, so, so or next(rest, None) is not None) for run, so in enumerate(kinds)]


def verdict(after, before=(0, 0), others=None, limits=None, moved=0):
    evidence = Evidence(
        "k", "ValueError", trials(after[0], after[1], moved), trials(*before) if before[1] else ()
    )
    known = others and Others.of(trials(*others[0]), trials(*others[1]))
    return judge(evidence, known, limits)


@pytest.mark.parametrize(
    ("after", "before", "ruling"),
    [
        ((0, 0), (20, 20), Ruling.NOT_ENOUGH_DATA),
        ((0, FEWEST - 1), (20, 20), Ruling.NOT_ENOUGH_DATA),
        ((3, 30), (19, 20), Ruling.WORKS),
        ((0, 30), (20, 20), Ruling.WORKS),
        ((0, 20), (20, 20), Ruling.NOT_ENOUGH_DATA),  # half a fix may look so
        ((40, 100), (19, 20), Ruling.PARTLY),
        ((70, 100), (30, 30), Ruling.PARTLY),
        ((95, 100), (20, 20), Ruling.DOES_NOT_WORK),
        ((80, 100), (15, 30), Ruling.DOES_NOT_WORK),
        ((10, 200), (2, 30), Ruling.NOT_ENOUGH_DATA),
        ((50, 100), (15, 30), Ruling.NOT_ENOUGH_DATA),
        ((1, 40), (0, 0), Ruling.CANNOT_BE_TOLD),
        ((1, 40), (4, 4), Ruling.CANNOT_BE_TOLD),
        ((40, 40), (0, 0), Ruling.DOES_NOT_WORK),
        ((60, 80), (5, 5), Ruling.DOES_NOT_WORK),  # a majority fails, whatever it gained
        ((450, 1000), (400, 1000), Ruling.DOES_NOT_WORK),  # it gained less than asked for
        ((4, 6), (0, 0), Ruling.NOT_ENOUGH_DATA),
    ],
)
def test_the_table(after, before, ruling):
    assert verdict(after, before).ruling is ruling


def test_a_placebo_on_phases_that_had_all_failed_is_never_said_to_work():
    assert verdict((50, 100)).ruling is Ruling.CANNOT_BE_TOLD
    assert verdict((50, 100), (15, 30)).ruling is Ruling.NOT_ENOUGH_DATA


def test_a_general_recovery_is_not_the_fix():
    recovered = ((28, 30), (3, 30))
    assert verdict((3, 40), (28, 30), recovered).ruling is Ruling.CANNOT_BE_TOLD
    untouched = ((28, 30), (27, 30))
    assert verdict((3, 40), (28, 30), untouched).ruling is Ruling.WORKS


def test_a_few_others_tell_little_and_stand_against_a_verdict():
    assert verdict((3, 40), (19, 20), ((1, 2), (0, 1))).ruling is Ruling.CANNOT_BE_TOLD


def test_others_that_were_tried_on_one_side_alone_tell_nothing():
    some = [Trial(run, True, True) for run in range(30)]
    assert Others.of(some, []) is None
    assert Others.of([], some) is None
    assert Others.of(some, some) is not None


def test_what_does_not_work_is_said_whatever_else_may_have_been():
    swung = [
        Trial(run, session == 1, session == 1, session) for session in (1, 2) for run in range(30)
    ]
    failing = [Trial(run, True, True) for run in range(60)]
    found = judge(Evidence("k", "k", failing, swung))
    assert (found.ruling, found.doubt) == (Ruling.DOES_NOT_WORK, "")


def test_no_green_over_phases_that_now_fail_by_something_else():
    found = verdict((0, 60), (20, 20), moved=32)
    assert found.ruling is Ruling.PARTLY
    assert found.moved == 32
    # As many fail as before: the same failure in other words, or the next one.
    found = verdict((0, 60), (20, 20), moved=60)
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    assert "another text of the same failure: as many fail as before, 60 of 60" in found.doubt


def test_the_limits_of_a_marker_decide():
    assert verdict((8, 100), (19, 20)).ruling is Ruling.WORKS
    assert verdict((8, 100), (19, 20), limits=FixDemands(gain=0.05)).ruling is Ruling.PARTLY


@pytest.mark.parametrize(
    ("after", "before"),
    [((0, 10), (20, 20)), ((2, 10), (20, 20)), ((5, 10), (20, 20)), ((9, 10), (10, 10))],
)
def test_the_n_that_would_be_enough_does_decide(after, before):
    found = verdict(after, before)
    assert found.ruling is Ruling.NOT_ENOUGH_DATA
    n = found.enough
    share = after[0] / after[1]
    nearest = {math.floor(share * n), math.ceil(share * n)}
    decided = {verdict((failed, n), before).ruling for failed in nearest}
    assert decided != {Ruling.NOT_ENOUGH_DATA}


def test_where_no_number_of_phases_after_it_decides_none_is_named():
    assert verdict((30, 100), (3, 6)).enough is None


def test_a_number_is_named_only_where_it_is_still_open():
    assert verdict((0, 40), (20, 20)).enough is None
    assert verdict((19, 20), (20, 20)).enough is None


def test_before_any_is_tried_the_number_is_that_of_phases_which_all_complete():
    assert verdict((0, 0), (20, 20)).enough == FEWEST_TO_WORK
    assert verdict((0, 0), (0, 0)).enough is None


def test_phases_of_few_runs_take_more_of_them_to_decide():
    before = [Trial(run, True, True) for run in range(20)]
    alone, packed = (
        judge(Evidence("k", "k", [Trial(n // each, False, False) for n in range(12)], before))
        for each in (1, 12)
    )
    assert alone.enough == FEWEST_TO_WORK
    assert (packed.enough or 0) > FEWEST_TO_WORK


def test_no_number_is_named_with_which_it_still_could_not_be_told_from_a_second_try():
    found = verdict((0, 3), (0, 0))
    assert (found.ruling, found.enough) == (Ruling.NOT_ENOUGH_DATA, None)
    assert "no number of phases since the fix would do" in sentences.cause(found)
    found = verdict((3, 3), (0, 0))
    assert verdict((found.enough, found.enough), (0, 0)).ruling is Ruling.DOES_NOT_WORK


@given(
    st.lists(st.booleans(), max_size=80),
    st.lists(st.booleans(), max_size=40),
)
def test_nothing_works_without_a_past_of_its_own_or_over_a_failing_majority(after, before):
    one = [Trial(i, so, so) for i, so in enumerate(after)]
    two = [Trial(i, so, so) for i, so in enumerate(before)]
    found = judge(Evidence("k", "t", one, two))
    if found.ruling is Ruling.WORKS:
        assert len(before) >= FEWEST
        assert sum(before) > sum(after) / len(after) * len(before)
        assert 2 * sum(after) < len(after)


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_same_phases_before_and_after_show_no_gain(failures):
    same = [Trial(i, so, so) for i, so in enumerate(failures)]
    assert judge(Evidence("k", "t", same, same)).ruling not in (Ruling.WORKS, Ruling.PARTLY)


def test_a_fix_of_several_causes_works_partly_where_they_differ():
    works = verdict((1, 40), (20, 20))
    fails = verdict((40, 40), (20, 20))
    unknown = verdict((0, 2), (20, 20))
    untold = verdict((1, 40))
    assert together([works, works]) is Ruling.WORKS
    assert together([works, fails]) is Ruling.PARTLY
    assert together([works, unknown]) is Ruling.PARTLY
    assert together([fails, unknown]) is Ruling.DOES_NOT_WORK
    assert together([unknown, untold]) is Ruling.CANNOT_BE_TOLD
    assert together([]) is Ruling.NOT_ENOUGH_DATA
