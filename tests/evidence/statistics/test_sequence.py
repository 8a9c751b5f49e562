"""Bounds keep the true share at every look, and phases of one run prove less than independent ones."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from drain.evidence.statistics.sequence import (
    RHO,
    Observation,
    bounds,
    correlation,
    design_effect,
    fixed_bounds,
)


def alone(failures):
    """Phases each in a run of its own."""
    return [Observation(run, failed) for run, failed in enumerate(failures)]


@pytest.mark.parametrize(
    ("failed", "n"), [(0, 6), (3, 30), (15, 30), (18, 20), (20, 20), (2.5, 7.5)]
)
def test_one_look_equals_the_mixture_solved_by_scipy(failed, n):
    def excess(p):
        mixture = special.betaln(0.5 + failed, 0.5 + n - failed) - special.betaln(0.5, 0.5)
        return mixture - special.xlogy(failed, p) - special.xlog1py(n - failed, -p) - math.log(20)

    low, high = fixed_bounds(failed, n)
    share = failed / n
    if failed:
        assert low == pytest.approx(optimize.brentq(excess, 1e-12, share), abs=1e-8)
    if failed < n:
        assert high == pytest.approx(optimize.brentq(excess, share, 1 - 1e-12), abs=1e-8)
    assert (low == 0) == (failed == 0)
    assert (high == 1) == (failed == n)


@given(st.lists(st.booleans(), max_size=60), st.randoms(use_true_random=False))
def test_bounds_hold_the_observed_share_and_know_no_order(failures, rng):
    found = bounds(alone(failures))
    assert 0 <= found.low <= found.share <= found.high <= 1
    assert (found.n, found.failed) == (len(failures), sum(failures))
    rng.shuffle(failures)
    assert bounds(alone(failures)) == found


def kept_at_every_look(rng, share, n):
    """Whether the true share stays within the bounds however often somebody looks."""
    failed = 0
    for looked in range(1, n + 1):
        failed += rng.random() < share
        low, high = fixed_bounds(failed, looked)
        if not low <= share <= high:
            return False
    return True


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_the_true_share_is_within_the_bounds_at_every_look_as_often_as_promised(share):
    rng = random.Random(7)
    assert sum(kept_at_every_look(rng, share, 60) for _ in range(300)) >= 0.95 * 300


@pytest.mark.verify
@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("n", [10, 30, 100])
@pytest.mark.timeout(900)
def test_coverage_in_ten_thousand_draws(share, n):
    rng = random.Random(n)
    draws = 10_000
    kept = sum(kept_at_every_look(rng, share, n) for _ in range(draws))
    assert kept / draws >= 0.95


def test_runs_that_end_as_one_prove_as_much_as_there_are_runs():
    failed = [run % 2 == 0 for run in range(10)]
    together = [Observation(run, failed[run]) for run in range(10) for _ in range(8)]
    found = bounds(together)
    assert found.effective == pytest.approx(10, rel=0.05)
    single = bounds(alone(failed))
    assert found.high - found.low > 0.8 * (single.high - single.low)


def test_independent_phases_of_many_runs_lose_next_to_nothing():
    rng = random.Random(3)
    apart = [Observation(run, rng.random() < 0.5) for run in range(40) for _ in range(5)]
    assert bounds(apart).effective > 150


def test_the_correlation_of_few_runs_is_taken_for_one_half():
    few = [Observation(run, phase % 2 == 0) for run in range(3) for phase in range(10)]
    assert correlation([few]) == RHO
    assert bounds(few).effective == pytest.approx(30 / design_effect([10, 10, 10], RHO))


def test_phases_that_all_ended_alike_do_not_show_that_runs_are_independent():
    alike = [Observation(run, False) for run in range(12) for _ in range(10)]
    assert correlation([alike]) == RHO
    mixed = [Observation(run, run % 2 == 0) for run in range(12) for _ in range(10)]
    assert correlation([alike, mixed]) == pytest.approx(1, abs=0.01)
