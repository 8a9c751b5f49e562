"""The guards of what is held to be alike before a fix and since:
which part of the trials shows it, and which does not.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest

from drain.evidence.fixes.composition import (
    elsewhere,
    given_up,
    hollow,
    not_done,
    reworded,
    side_by_side,
)
from drain.evidence.fixes.contrast import FEWEST, Contrast, Done
from drain.evidence.fixes.doubts import doubt
from drain.evidence.fixes.trials import Earlier, Trial
from drain.evidence.fixes.verdict import Evidence, Ruling, judge
from drain.fingerprints.model import Category

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
PLACE = attrgetter("place")


def tries(
    failed, n, at=NOON - HOUR, *, each=1, first=0, session=1, seconds=30.0, apart=SECOND, **more
):
    """n phases, `each` of a run, tried in one drain one after the other; the first of them fail so."""
    return [
        Trial(
            1000 * session + first + i // each, i < failed, i < failed, session, at + i * apart,
            seconds=seconds, **more,
        )
        for i in range(n)
    ]  # fmt: skip


def healed(n=40, failed=2, **more):
    return tries(failed, n, more.pop("at", NOON + HOUR), session=9, **more)


def sides(before, after=None, category="", **more):
    return Contrast(category, before, healed() if after is None else after, **more)


def test_a_few_trials_show_nothing_whatever_their_shares():
    few, enough = tries(FEWEST - 1, FEWEST - 1), tries(FEWEST, FEWEST)
    for found in (sides(few).shown_by(few), sides(few).fewer_fail(few, healed())):
        assert not found
    assert sides(enough).shown_by(enough)
    assert sides(enough).fewer_fail(enough, healed())


def test_a_part_of_the_trials_counts_as_its_runs_do():
    """Of the part alone nobody could see that phases of one run end alike."""
    before, after = tries(20, 20, each=4), healed(40, 8, each=4)
    assert not sides(before, after).shown_by(before)
    assert sides(tries(20, 20), healed(40, 8)).shown_by(tries(20, 20))


def test_an_outage_takes_no_more_than_a_day_and_no_trial_that_healed():
    day = [one._replace(had_at=NOON - 3 * DAY) for one in tries(10, 10)]
    assert not doubt(sides(day, category=Category.NETWORK))
    inside = tries(12, 12, NOON - HOUR)
    around = tries(4, 4, NOON - 30 * HOUR, session=2) + tries(4, 4, NOON - 27 * HOUR, session=3)
    found = doubt(sides(inside + around[:4], category=Category.NETWORK))
    assert "12 before the fix lie within" in found
    assert not doubt(sides(inside + around, category=Category.NETWORK))
    # Those that healed in the same minutes are of no outage: with four of two days ago they do not show it.
    mixed = tries(16, 20) + tries(4, 4, NOON - 2 * DAY, session=2)
    assert "16 before the fix lie within" in doubt(sides(mixed, category=Category.NETWORK))


def test_the_hours_of_a_day_go_round():
    after = healed(at=NOON + 13 * HOUR)
    for hour, told in ((10, False), (9, False), (8, True), (17, False), (18, True)):
        before = [
            trial
            for day in range(3)
            for trial in tries(
                8, 8, NOON + hour * HOUR - (day + 3) * DAY, session=day, first=20 * day
            )
        ]
        found = doubt(sides(before, after, Category.DATABASE))
        assert ("the time of day" in found) is told, hour
        assert not doubt(sides(before, after, Category.TYPE))


def test_what_had_gone_before_the_marker_is_asked_where_it_changed_most():
    gone = tries(20, 26)
    assert (
        "of the last 6 tried before the marker 0 failed this way, of the 20 before them 20"
        in doubt(sides(gone))
    )
    # Four that healed tell nothing, nor does an order that nobody knows: all of them began at once.
    assert not doubt(sides(tries(20, 24)))
    assert not doubt(sides([one._replace(at=NOON - HOUR) for one in gone]))
    # One that healed on the way: the change lies behind the failures that followed it.
    stray = [one._replace(failed_so=n != 3, failed=n != 3) for n, one in enumerate(tries(20, 20))]
    assert (
        "of the last 9 tried before the marker 0 failed this way, of the 20 before them 19"
        in doubt(sides(stray + tries(0, 9, NOON - HOUR / 2)))
    )
    # Promising ones first is the order of every drain.
    assert not doubt(sides(tries(0, 5) + tries(20, 20, NOON - HOUR / 2)))
    assert not doubt(sides(tries(9, 9)))


def test_an_earlier_fix_takes_what_was_tried_before_it_where_it_was_for():
    fix = Earlier(3, NOON - 2 * HOUR)
    old = tries(20, 20, NOON - 3 * HOUR, place="7/1")
    between = tries(8, 8, NOON - HOUR, place="7/1", first=50)
    after = healed(place="7/1")
    assert (
        "from FM-3, a fix of the same before it: of the phases that failed this way none had been"
        in doubt(sides(old, after, earlier=fix))
    )
    assert "only 3 had been tried again between the two" in doubt(
        sides(old + between[:3], after, earlier=fix)
    )
    assert not doubt(sides(old + between, after, earlier=fix))
    assert not doubt(sides(old, after, earlier=fix._replace(source=70)))
    assert "FM-3" in doubt(sides(old, after, earlier=fix._replace(source=7)))


def test_who_was_given_up_shows_nothing():
    hopeless = [one._replace(given_up=True) for one in tries(20, 20)]
    assert "20 of 24 phases that failed this way again" in given_up(
        sides(hopeless + tries(4, 4, first=50))
    )
    assert not given_up(sides(hopeless + tries(12, 12, first=50)))
    assert not given_up(sides(tries(20, 20)))


def test_of_two_mixes_as_many_are_taken_of_each_place():
    """A third of what was tried before and most of what was since is of the place where it seldom fails."""
    here, there = tries(12, 12, place="a"), tries(1, 20, place="b", first=50)
    since = healed(6, 6, place="a") + healed(60, 3, place="b", first=50)
    assert "of the same sources and executors, as many of each, there are 23 before" in elsewhere(
        sides(here + there, since), PLACE, "sources and executors"
    )
    assert "there are 0 before the fix and 0 since" in elsewhere(
        sides(here, healed(place="b")), PLACE, "sources"
    )
    # As many of each on both sides, from the first to the last: a drain tries promising ones first.
    late = tries(0, 20, place="a") + tries(20, 20, NOON - HOUR / 2, place="a", first=50)
    assert not elsewhere(sides(late, healed(20, 0, place="a")), PLACE, "sources")


def test_fewer_side_by_side_is_less_than_half_of_those_that_ran():
    kind = Category.OUT_OF_MEMORY
    crowd = tries(30, 30, seconds=10)
    for seconds, told in ((1.0, True), (5.0, True), (6.0, False), (10.0, False)):
        assert bool(side_by_side(sides(crowd, healed(seconds=seconds), kind))) is told, seconds
    assert not side_by_side(sides(crowd, healed(seconds=1), Category.TYPE))
    # One that ended at the very moment at which the next one began was not beside it.
    one_by_one = tries(8, 8, NOON - DAY, seconds=1.0, first=50)
    assert not side_by_side(sides(crowd + one_by_one, healed(seconds=1), kind))
    assert "ran beside at most 0 others, before it beside 9" in side_by_side(
        sides(crowd + one_by_one[:3], healed(seconds=1), kind)
    )


def test_failures_by_something_else_are_failures():
    other = [one._replace(failed=n < 30) for n, one in enumerate(healed(60, 0))]
    assert (
        "as many fail as before, 30 of 60 phases since the fix by whatever, before it 10 of 20"
        in (reworded(sides(tries(10, 20), other)))
    )
    assert not reworded(sides(tries(20, 20), other))


@pytest.mark.parametrize(
    ("done", "after", "said"),
    [
        (Done(0, 3, 30), {"events": 0}, "of what completed 0 of 38 phases brought an event"),
        (Done(0, 3, 30), {"events": 1}, ""),
        (Done(0, 12, 30), {"events": 2}, "38 of 38 phases that completed brought less than a quarter of the 12"),
        (Done(0, 12, 30), {"events": 3}, ""),
        (Done(0, 0, 30), {"seconds": 2.0}, "38 of 38 phases that completed took less than a tenth of the 30.0 s"),
        (Done(0, 0, 30), {"seconds": 3.0}, ""),
        (Done(0, 0, 0.9), {"seconds": 0.01}, ""),
    ],
)  # fmt: skip
def test_work_is_done_as_it_was(done, after, said):
    before = [done._replace(run=n) for n in range(20)]
    assert said in hollow(sides(tries(20, 20), healed(**after), done=before))
    if not said:
        assert not hollow(sides(tries(20, 20), healed(**after), done=before))
    assert not hollow(sides(tries(20, 20), healed(**after), done=before[:4]))
    assert not hollow(sides(tries(20, 20), healed(6, 2, **after), done=before))


@pytest.mark.parametrize(
    ("done", "completed", "said"),
    [
        (Done(0, 12, 30.0), [Done(0, 12, 30.0)], ""),
        (Done(0, 12, 30.0), [Done(0, 3, 3.0)], ""),
        (Done(0, 12, 30.0), [Done(0, 0, 30.0)], "0 of 1 phase brought an event"),
        (Done(0, 12, 30.0), [Done(0, 2, 30.0)], "less than a quarter of the 12 events"),
        (Done(0, 0, 30.0), [Done(0, 0, 2.9)], "less than a tenth of the 30.0 s"),
        (Done(0, 0, 0.9), [Done(0, 0, 0.01)], ""),
        (Done(0, 0, 30.0), [Done(0, 0, 30.0)], ""),
        (Done(0, 12, 30.0), [Done(0, 0, 30.0), Done(1, 12, 30.0)], ""),
        (Done(0, 12, 30.0), [], ""),
    ],
)
def test_a_guard_waits_where_most_work_looks_undone_and_needs_no_proof_of_it(done, completed, said):
    before = [done._replace(run=n) for n in range(20)]
    found = not_done(before, completed)
    assert said in found
    assert bool(found) is bool(said)
    assert not not_done(before[: FEWEST - 1], completed)
    assert not not_done(before, completed, surely=True)
    rare = [one._replace(events=int(n < 6)) for n, one in enumerate(before)]
    assert not said.startswith("0 of 1") or not not_done(rare, completed)


@pytest.mark.parametrize("less", [{"events": 1}, {"events": 12, "seconds": 0.5}])
def test_half_of_the_work_that_is_less_is_no_proof(less):
    """14 of 24 is more than half and may be less of all."""
    done = [Done(n, 12, 30.0) for n in range(20)]
    some = healed(14, 0, **less) + healed(10, 0, events=12, first=100)
    assert not hollow(sides(tries(20, 20), some, done=done))


def test_a_few_more_without_an_event_are_no_proof():
    done = [Done(n, 1, 30.0) for n in range(20)]
    some = healed(26, 0, events=1) + healed(24, 0, first=100)
    assert not hollow(sides(tries(20, 20), some, done=done))
    rare = [Done(n, int(n < 8), 30.0) for n in range(20)]
    assert not hollow(sides(tries(20, 20), healed(12, 0), done=rare))


def unended(n):
    return [Trial(5000 + i, True, True) for i in range(n)]


@pytest.mark.parametrize(
    ("failed", "n", "open_", "ruling", "enough"),
    [
        (0, 30, 7, Ruling.WORKS, None),
        (0, 30, 8, Ruling.NOT_ENOUGH_DATA, 32),
        (0, 30, 60, Ruling.NOT_ENOUGH_DATA, 240),
        (0, 20, 3, Ruling.NOT_ENOUGH_DATA, 24),
        (30, 100, 20, Ruling.PARTLY, None),
        (30, 100, 90, Ruling.PARTLY, None),
        (30, 100, 150, Ruling.NOT_ENOUGH_DATA, 123),
        (90, 100, 50, Ruling.DOES_NOT_WORK, None),
        (4, 20, 0, Ruling.NOT_ENOUGH_DATA, 24),
    ],
)
def test_a_verdict_stands_if_all_that_has_not_ended_had_failed_so(failed, n, open_, ruling, enough):
    found = judge(Evidence("k", "k", healed(n, failed), tries(20, 20), unended=unended(open_)))
    assert (found.ruling, found.unended) == (ruling, open_)
    if enough is None:
        assert found.enough is None
        return
    assert found.enough == enough
    more = healed(enough, failed * enough // n)
    assert judge(Evidence("k", "k", more, tries(20, 20), unended=unended(open_))).ruling in (
        Ruling.WORKS, Ruling.PARTLY,
    )  # fmt: skip
