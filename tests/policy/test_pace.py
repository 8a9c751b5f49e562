"""Pace against small models: never more than so many in a window, never fewer than might be,
and ramps that double.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.pace import MINUTE, Ramp, executor_problem, room, windows

RATES = st.integers(1, 200)
STEPS = st.lists(st.tuples(st.floats(0.001, 40), st.integers(1, 8)), max_size=60)


def most_that_fit(times: list[float], now: float, per_minute: int) -> int:
    """By trying: how many more starts at this moment leave every window within its bound."""
    fit = 0
    while True:
        tried = [*times, *[now] * (fit + 1)]
        for most, seconds in windows(per_minute):
            if sum(now - at < seconds for at in tried) > most:
                return fit
        fit += 1


@given(RATES, STEPS)
def test_no_window_ever_holds_more_than_it_may_and_nothing_waits_that_might_start(
    per_minute, steps
):
    now, times = 0.0, list[float]()
    for later, wanted in steps:
        now += later
        ages = sorted(now - at for at in times)
        # What the engine reads: no more than the last so many.
        found = room(ages[:per_minute], per_minute)
        assert found.starts == most_that_fit(times, now, per_minute)
        assert (found.wait > 0) == (found.starts == 0)
        times += [now] * min(found.starts, wanted)
        for most, seconds in windows(per_minute):
            for end in times:
                assert sum(0 <= end - at < seconds for at in times) <= most


@given(RATES, STEPS)
def test_after_the_wait_one_may_start_and_not_a_moment_earlier(per_minute, steps):
    now, times = 0.0, list[float]()
    for later, _ in steps:
        now += later
        found = room(sorted(now - at for at in times), per_minute)
        if found.starts:
            times += [now] * found.starts
            continue
        soon = now + found.wait
        assert room([soon + 1e-6 - at for at in reversed(times)], per_minute).starts
        assert not room([soon - 1e-4 - at for at in reversed(times)], per_minute).starts


@pytest.mark.parametrize("per_minute", [1, 7, 60, 90, 6000])
def test_a_minute_s_starts_are_spread_over_it(per_minute):
    (most, seconds), (at_once, part) = windows(per_minute)
    assert (most, seconds) == (per_minute, MINUTE)
    assert at_once == max(1, math.ceil(per_minute / 60))
    assert part == pytest.approx(at_once * 60 / per_minute)


@given(
    st.lists(st.booleans(), max_size=80),
    st.floats(0.01, 1),
    st.integers(1, 40),
)
def test_a_ramp_doubles_after_each_step_that_went_well_and_begins_anew_after_one_that_did_not(
    failures, limit, most
):
    ramp, size, left, failed = Ramp(), 1, 1, 0
    for each in failures:
        ramp = ramp.after(each, limit, most)
        left, failed = left - 1, failed + each
        if left == 0:
            size = min(2 * size, most) if failed / size < limit else 1
            left, failed = size, 0
        assert (ramp.size, ramp.size - ramp.ended, ramp.failed) == (size, left, failed)
        assert 1 <= ramp.size <= most


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ((None, None, None, None), ""),
        ((8, 60, 0.2, 0.5), ""),
        ((8, None, 1.0, 86_400.0), ""),
        ((0, None, None, None), "--max-parallel must be between 1 and 100,000, not 0."),
        ((None, 0, None, None), "--starts-per-minute must be between 1 and 6,000, not 0."),
        ((8, None, 0.0, None), "--ramp must be more than 0 and at most 1, not 0."),
        ((8, None, 1.5, None), "--ramp must be more than 0 and at most 1, not 1.5."),
        ((8, None, math.nan, None), "--ramp must be more than 0 and at most 1, not nan."),
        ((None, None, 0.2, None), "A ramp doubles up to --max-parallel: give the executor one."),
        ((None, None, None, 0.0), "--run-delay-seconds must be more than 0 and at most 86,400, not 0."),
        ((None, None, None, math.inf), "--run-delay-seconds must be more than 0 and at most 86,400, not inf."),
    ],
)  # fmt: skip
def test_limits_of_an_executor_that_make_no_sense_are_one_sentence(limits, said):
    assert executor_problem(*limits) == said
