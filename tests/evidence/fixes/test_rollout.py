"""The course of a drain on fix: a table, and its invariants whatever the verdicts say."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.evidence.fixes.rollout import (
    MOST_SAMPLES,
    SAMPLE,
    Course,
    RolloutEnd,
    Step,
    Untried,
    draw,
    next_step,
)
from drain.evidence.fixes.trials import Trial
from drain.evidence.fixes.verdict import CauseVerdict, Evidence, Ruling, judge
from drain.evidence.statistics.sequence import Bounds

LEFT = {"a": 1000}


def said(
    ruling: Ruling, tried: int = 24, enough: int | None = None, key: str = "a"
) -> CauseVerdict:
    bounds = Bounds(0, tried, 0.0, 1.0, tried, tried)
    return CauseVerdict(key, key, ruling, bounds, bounds, enough=enough)


WORKS, OPEN = said(Ruling.WORKS), said(Ruling.NOT_ENOUGH_DATA, enough=40)


@pytest.mark.parametrize(
    ("course", "causes", "untried", "expected", "ramp"),
    [
        # The sample comes first, whatever is known by then, and of what there is.
        (Course(24), [], LEFT, Step(24), False),
        (Course(24), [said(Ruling.DOES_NOT_WORK)], LEFT, Step(24), False),
        (Course(24), [], {"a": 3, "b": 4}, Step(7), False),
        (Course(24), [], {}, Step(end=RolloutEnd.NOTHING_FAILED), False),
        # Ramps while it works: 1, 2, 4 times the sample, then what is left.
        (Course(24, 0, 1, 0), [WORKS], LEFT, Step(24), True),
        (Course(24, 23, 2, 1), [WORKS], LEFT, Step(48), True),
        (Course(24, 23, 3, 2), [WORKS], LEFT, Step(96), True),
        (Course(24, 23, 9, 8), [WORKS], LEFT, Step(1000), True),
        (Course(24, 23, 9, 8), [WORKS], {"a": 0}, Step(end=RolloutEnd.DRAINED), False),
        # It stops by what the verdict says.
        (Course(24, 0, 1), [said(Ruling.DOES_NOT_WORK)], LEFT, Step(end=RolloutEnd.DOES_NOT_WORK), False),
        (Course(24, 0, 1), [said(Ruling.CANNOT_BE_TOLD)], LEFT, Step(end=RolloutEnd.CANNOT_BE_TOLD), False),
        (Course(24, 0, 1), [said(Ruling.PARTLY)], LEFT, Step(end=RolloutEnd.PARTLY), False),
        (Course(24, 90, 5, 3), [said(Ruling.PARTLY, 91)], LEFT, Step(end=RolloutEnd.PARTLY), False),
        # What is open is tried a little more, up to a bound.
        (Course(24, 0, 1), [OPEN], LEFT, Step(16), False),
        (Course(24, 0, 1), [OPEN], {"a": 5}, Step(5), False),
        (Course(24, 60, 2), [said(Ruling.NOT_ENOUGH_DATA, 90, 400)], LEFT, Step(6), False),
        (Course(24, 90, 3), [said(Ruling.NOT_ENOUGH_DATA, 96, 400)], LEFT, Step(end=RolloutEnd.UNDECIDED), False),
        (Course(24, 0, 1), [said(Ruling.NOT_ENOUGH_DATA, enough=None)], LEFT, Step(end=RolloutEnd.UNDECIDED), False),
        # A drain by which nothing more is known is not repeated.
        (Course(24, 24, 1), [OPEN], LEFT, Step(end=RolloutEnd.UNDECIDED), False),
        (Course(24, 24, 1), [WORKS], LEFT, Step(end=RolloutEnd.UNDECIDED), False),
        # Of several causes each has to work; one of which nothing is left has no say.
        (Course(24, 0, 1), [WORKS, said(Ruling.DOES_NOT_WORK, key="b")], LEFT, Step(end=RolloutEnd.DOES_NOT_WORK), False),
        (Course(24, 0, 1), [WORKS, said(Ruling.NOT_ENOUGH_DATA, 3, 24, "b")], {"a": 9, "b": 90}, Step(21), False),
        (Course(24, 0, 1), [WORKS, said(Ruling.NOT_ENOUGH_DATA, 0, 5, "b")], LEFT, Step(24), True),
        (Course(24, 0, 1), [WORKS, said(Ruling.NOT_ENOUGH_DATA, 0, 5, "b")], {"a": 1, "b": 9}, Step(5), False),
    ],
)  # fmt: skip
def test_what_comes_next(course, causes, untried, expected, ramp):
    assert next_step(course, causes, untried) == (expected, ramp)


def test_every_end_has_a_sentence():
    assert all(each.sentence.endswith(".") for each in RolloutEnd)
    assert all(
        each.advice for each in RolloutEnd if each not in ("drained", "nothing_failed", "person")
    )


def drained(rng: random.Random, heals: float, before: float, controls: int, phases: int) -> int:
    """Return how many of a backlog a whole drain on fix tries, by the real verdict; phases heal at random."""
    past = [Trial(run, (bad := rng.random() > before), bad) for run in range(controls)]
    after: list[Trial] = []
    course = Course(SAMPLE)
    while True:
        left = phases - len(after)
        step, ramp = next_step(course, [judge(Evidence("a", "a", after, past))], {"a": left})
        if step.end is not None:
            return len(after)
        course = Course(SAMPLE, len(after), course.drained + 1, course.ramps + ramp)
        for _ in range(step.size):
            bad = rng.random() > heals
            after.append(Trial(1000 + len(after), bad, bad))


@pytest.mark.parametrize("controls", [0, 12, 30, 100])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.7])
def test_a_placebo_is_not_ramped_to_the_backlog(share, controls):
    rng = random.Random(f"{share} {controls}")
    tries = [drained(rng, share, share, controls, 2000) for _ in range(60)]
    assert max(tries) <= MOST_SAMPLES * SAMPLE


def test_a_real_fix_is_ramped_to_the_end_and_a_broken_one_stops_after_the_sample():
    rng = random.Random(1)
    real = [drained(rng, 0.97, 0.05, 30, 2000) for _ in range(40)]
    assert sum(found == 2000 for found in real) >= 36
    broken = [drained(rng, 0.05, 0.05, 30, 2000) for _ in range(40)]
    assert max(broken) < 2 * SAMPLE


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), max_size=60),
    st.integers(0, 70),
    st.integers(),
)
def test_lots_take_each_phase_once_and_spread_over_causes_and_runs(phases, size, seed):
    there = [Untried(number, run, cause) for number, (run, cause) in enumerate(phases)]
    found = draw(there, size, seed)
    assert len(found) == len(set(found)) == min(size, len(there))
    assert found == draw(reversed(there), size, seed)
    taken = [one for one in there if one.phase in found]
    for cause in {one.cause for one in there}:
        mine = {one.run for one in taken if one.cause == cause}
        all_runs = {one.run for one in there if one.cause == cause}
        count = sum(one.cause == cause for one in taken)
        assert len(mine) == min(count, len(all_runs))
    counts = [sum(one.cause == cause for one in taken) for cause in "abc"]
    whole = [sum(one.cause == cause for one in there) for cause in "abc"]
    open_ones = [got for got, most in zip(counts, whole, strict=True) if got < most]
    assert not open_ones or max(open_ones) - min(open_ones) <= 1
