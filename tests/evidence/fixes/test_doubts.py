"""Doubts that leave the shares of a fix without a verdict:
outages that end, drains that swing, work that is not done.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drain.evidence.fixes import doubts
from drain.evidence.fixes.contrast import OUTAGES, Contrast, Done
from drain.evidence.fixes.doubts import OUTAGE
from drain.evidence.fixes.trials import Trial
from drain.evidence.fixes.verdict import Evidence, Ruling, judge
from drain.fingerprints.model import Category

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def doubt(*sides):
    return doubts.doubt(Contrast(*sides))


def drain(number, at, failed, n, *, events=0, seconds=30.0):
    """n phases, each of its own run, tried in one drain; the first of them fail so."""
    return [
        Trial(100 * number + i, i < failed, i < failed, number, at + timedelta(seconds=i), None, events, seconds)
        for i in range(n)
    ]  # fmt: skip


def healed(**work):
    return drain(9, NOON + HOUR, 2, 40, **work)


@pytest.mark.parametrize("category", sorted(OUTAGES))
def test_failures_that_pass_by_themselves_within_a_day_may_be_one_outage(category):
    before = drain(1, NOON - HOUR, 20, 20)
    assert "an outage that ended" in doubt(category, before, healed(), ())
    found = judge(Evidence("k", "k", healed(), before, category))
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    assert found.doubt == doubt(category, before, healed(), ())


@pytest.mark.parametrize("category", [Category.IMPORT, Category.TYPE, Category.UNKNOWN, ""])
def test_other_failures_do_not_pass_by_themselves(category):
    assert (
        judge(Evidence("k", "k", healed(), drain(1, NOON - HOUR, 20, 20), category)).ruling
        is Ruling.WORKS
    )


def test_what_failed_so_for_longer_than_an_outage_lasts_is_none():
    before = drain(1, NOON - OUTAGE - HOUR, 10, 10) + drain(2, NOON - HOUR, 10, 10)
    assert judge(Evidence("k", "k", healed(), before, Category.NETWORK)).ruling is Ruling.WORKS


def test_when_a_phase_had_failed_before_its_retry_counts_as_well():
    before = [
        trial._replace(had_at=NOON - 2 * OUTAGE) for trial in drain(1, NOON - HOUR, 20, 20)
    ]  # fmt: skip
    assert not doubt(Category.NETWORK, before, healed(), ())


def test_a_drain_before_the_fix_in_which_it_was_as_well_gone_is_a_swing():
    swinging = (
        drain(1, NOON - 5 * HOUR, 20, 20)
        + drain(2, NOON - 4 * HOUR, 0, 20)
        + drain(3, NOON - HOUR, 20, 20)
    )
    assert "a swing: without the fix too 0 of 20 phases failed this way in one drain" in doubt(
        "", swinging, healed(), ()
    )
    assert (
        judge(Evidence("k", "k", healed(), [*swinging, *drain(4, NOON, 40, 40)])).ruling
        is Ruling.CANNOT_BE_TOLD
    )


def test_two_drains_at_once_are_told_apart():
    both = [
        trial
        for pair in zip(drain(1, NOON - HOUR, 20, 20), drain(2, NOON - HOUR, 0, 20), strict=True)
        for trial in pair
    ]
    assert "0 of 20 phases failed this way in one drain and 20 of 20 phases in another" in doubt(
        "", both, healed(), ()
    )


def test_drains_of_a_few_phases_show_no_swing():
    few = [trial for number in range(12) for trial in drain(number, NOON - HOUR, 4, 4)]
    assert not doubt("", few, healed(), ())


def test_drains_that_differ_by_chance_are_no_swing():
    steady = [trial for n in range(4) for trial in drain(n, NOON - (9 - n) * HOUR, 9 - n % 2, 10)]
    assert not doubt("", steady, healed(), ())


def test_the_fix_must_show_without_what_one_outage_explains():
    """Four of five days ago tell too little; six do, and whether they healed is theirs to say."""
    outage = drain(1, NOON - HOUR, 30, 30)
    for few, told in ((4, False), (6, True)):
        before = drain(2, NOON - 5 * OUTAGE, few, few) + outage
        assert bool(doubt(Category.NETWORK, before, healed(), ())) is not told
    healing = drain(2, NOON - 5 * OUTAGE, 2, 6) + outage
    assert (
        "30 before the fix lie within 1 min, less than 24 h; the other 6 tried before it"
        in doubt(Category.NETWORK, healing, healed(), ())
    )


def at_place(place, trials):
    return [trial._replace(place=place) for trial in trials]


def test_what_fails_in_one_place_and_was_tried_in_another_since_is_not_mended():
    here, there = at_place("a", drain(1, NOON - HOUR, 30, 30)), at_place("b", healed())
    assert "there are 0 before the fix and 0 since" in doubt("", here, there, ())
    assert judge(Evidence("k", "k", there, here)).ruling is Ruling.CANNOT_BE_TOLD
    some = [*there, *at_place("a", drain(8, NOON + HOUR, 3, 4))]
    same_drain = [trial._replace(session=1) for trial in drain(2, NOON - HOUR, 0, 5)]
    mixed = [*here, *at_place("b", same_drain)]
    assert "of the same sources and executors" in doubt("", mixed, some, ())


def test_a_fix_that_shows_in_the_places_of_both_sides_is_one_wherever_else_it_was_tried():
    before = at_place("a", drain(1, NOON - HOUR, 12, 12))
    after = at_place("a", drain(2, NOON + HOUR, 1, 14)) + at_place("b", healed())
    assert not doubt("", before, after, ())
    assert judge(Evidence("k", "k", after, before)).ruling is Ruling.WORKS


def test_what_runs_short_side_by_side_is_not_mended_by_trying_it_one_by_one():
    before = drain(1, NOON - HOUR, 30, 30)
    one_by_one = healed(seconds=0.5)
    found = doubt(Category.OUT_OF_MEMORY, before, one_by_one, ())
    assert "since the fix half of them ran beside at most 0 others, before it beside 22" in found
    # Other kinds do not come from running side by side, and side by side it would have failed still.
    assert not doubt(Category.IMPORT, before, one_by_one, ())
    assert not doubt(Category.OUT_OF_MEMORY, before, healed(), ())
    alone = drain(3, NOON - 5 * HOUR, 10, 10, seconds=0.5)
    assert not doubt(Category.OUT_OF_MEMORY, [*before, *alone], one_by_one, ())


def test_work_that_brings_no_event_although_it_did_before_may_not_have_been_done():
    before, done = drain(1, NOON - HOUR, 20, 20), [Done(n, 3, 30.0) for n in range(20)]
    assert (
        "of what completed 0 of 38 phases brought an event, of what completed before 20 of 20"
        in doubt("", before, healed(), done)
    )
    assert not doubt("", before, healed(events=1), done)
    assert not doubt("", before, healed(), [one._replace(events=0) for one in done])
    assert not doubt("", before, healed(), done[:4])


def test_work_that_takes_a_moment_although_it_took_long_may_not_have_been_done():
    before, done = drain(1, NOON - HOUR, 20, 20), [Done(n, 0, 30.0) for n in range(20)]
    assert "38 of 38 phases that completed took less than a tenth of the 30.0 s" in doubt(
        "", before, healed(seconds=0.1), done
    )
    assert not doubt("", before, healed(seconds=4.0), done)
    # Below a second how long something takes says nothing.
    assert not doubt("", before, healed(seconds=0.01), [Done(n, 0, 0.9) for n in range(20)])


def test_four_phases_that_healed_in_a_drain_are_no_swing():
    before = drain(1, NOON - HOUR, 20, 20) + drain(2, NOON - 2 * HOUR, 0, 4)
    assert not doubt("", before, healed(), ())


def test_work_of_which_most_brings_an_event_was_done():
    after = drain(9, NOON + HOUR, 0, 25, events=1) + drain(8, NOON + HOUR, 0, 15)
    done = [Done(n, 3, 30.0) for n in range(200)]
    assert not doubt("", drain(1, NOON - HOUR, 20, 20), after, done)
