"""Bounds of events per minute: they hold at every look, and nothing is said where too little came."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr"

from __future__ import annotations

import math
import random

import pytest
from scipy import integrate, stats

from drain.evidence.statistics.sequence import ALPHA, DECIDES
from drain.evidence.statistics.yields import (
    FEWEST_RUNS,
    SILENT_RUNS,
    Flow,
    enough_attempts,
    poisson_bounds,
    yields_more,
)


@pytest.mark.parametrize(("count", "exposure"), [(1, 2.0), (7, 12.0), (40.5, 30.0)])
def test_at_the_bounds_the_mixture_is_as_much_likelier_as_alpha_says(count, exposure):
    def likelihood(rate):
        return math.exp(count * math.log(rate) - rate * exposure - shift)

    shift = count * math.log(count / exposure) - count
    prior = stats.gamma(0.5, scale=2).pdf
    peak = count / exposure
    mixture, _ = integrate.quad(
        lambda r: prior(r) * likelihood(r), 0, 50 * peak, points=[peak], limit=200
    )
    for bound in poisson_bounds(count, exposure):
        assert mixture / likelihood(bound) == pytest.approx(1 / ALPHA, rel=1e-4)


def test_without_an_event_only_the_upper_bound_says_something():
    low, high = poisson_bounds(0, 20)
    assert low == 0
    assert 0 < high < poisson_bounds(0, 10)[1]


@pytest.mark.verify
def test_a_rate_leaves_its_bounds_at_some_look_no_oftener_than_promised():
    rng = random.Random(3)
    missed = 0
    for _ in range(400):
        count = 0
        for exposure in range(1, 151):
            count += sum(1 for _ in iter(lambda: rng.random() < 0.5, False))  # geometric, mean 1
            if exposure < FEWEST_RUNS:
                continue
            low, high = poisson_bounds(count / 2, exposure)  # its variance is twice its mean
            if not low <= 0.5 <= high:
                missed += 1
                break
    assert missed <= 400 * ALPHA


def test_bursts_are_worth_as_many_events_as_their_variance_says():
    flow = Flow.of([(50, 1), (0, 1), (0, 1), (0, 1)])
    mean, variance = 12.5, (37.5**2 + 3 * 12.5**2) / 3
    assert flow.at_once == pytest.approx(variance / mean)
    assert Flow.of([(2, 1)] * 9).at_once == 1
    assert Flow.of([(0, 1)] * 9).at_once == 1


def test_events_that_follow_the_minutes_are_no_bursts():
    assert Flow.of([(m * 3, m) for m in range(1, 30)]).at_once == 1


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([(5, 1)] * (FEWEST_RUNS - 1), False),
        ([(5, 1)] * FEWEST_RUNS, True),
        ([(500, 1), *[(0, 1)] * 60], False),
        ([(0, 1)] * (SILENT_RUNS - 1), False),
        ([(0, 1)] * SILENT_RUNS, True),
        ([], False),
    ],
)
def test_bounds_are_known_only_of_enough_runs_and_bursts(runs, said):
    assert (Flow.of(runs).bounds() is not None) is said


def test_more_is_said_only_of_two_sides_whose_bounds_do_not_meet_with_the_larger_bursts():
    few, many = Flow.of([(1, 1)] * 30), Flow.of([(9, 1)] * 30)
    assert yields_more(many, few)
    assert not yields_more(few, many)
    assert not yields_more(many, many)
    assert not yields_more(Flow.of([(9, 1)] * 5), few)
    # The silent side shows no burst: those of the other are taken for it.
    assert not yields_more(Flow.of([(300, 1), *[(0, 1)] * 29]), Flow.of([(0, 1)] * 30))
    assert not yields_more(Flow.of([]), Flow.of([]))


def test_what_would_be_enough_decides():
    flow = Flow.of([(1, 1), (3, 1)] * 8)
    attempts = enough_attempts(flow, 16, 1.8)
    assert attempts is not None
    assert flow.times(attempts // 16).bounds(DECIDES).excludes(1.8)
    assert not flow.times(attempts // 16 - 1).bounds(DECIDES).excludes(1.8)
    assert enough_attempts(flow, 16, 2.0) is None
    assert enough_attempts(Flow.of([]), 0, 1.0) is None
