"""Bounds keep the true share at every look, and phases of one run prove less than independent ones."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator"

from __future__ import annotations

import math
import random
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from drain.evidence.statistics.sequence import (
    ALIKE,
    DECIDES,
    FEW_RUNS,
    RHO,
    SURELY,
    Bounds,
    Observation,
    Spread,
    at_most,
    both_bounds,
    correlation,
    enough_for_gain,
    enough_for_share,
    fixed_bounds,
    gain,
)


def alone(failures):
    """Phases each in a run of its own."""
    return [Observation(run, failed) for run, failed in enumerate(failures)]


def bounds(observed):
    """Bounds of phases of which nothing else is known."""
    spread = Spread.of(observed)
    return spread.bounds(correlation([spread]))


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


bounds_of = cache(fixed_bounds)


def kept_at_every_look(rng, share, n):
    """Return whether the true share stays within the bounds however often somebody looks."""
    failed = 0
    for looked in range(1, n + 1):
        failed += rng.random() < share
        low, high = bounds_of(failed, looked)
        if not low <= share <= high:
            return False
    return True


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("n", [10, 30, 100])
def test_the_true_share_is_within_the_bounds_at_every_look_as_often_as_promised(share, n):
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
    assert correlation([Spread.of(few)]) == RHO
    assert bounds(few).effective == pytest.approx(30 / (1 + 9 * RHO))


@pytest.mark.parametrize(("runs", "effect"), [(FEW_RUNS - 1, 1 + 9 * RHO), (FEW_RUNS, 1.0)])
def test_of_fewer_than_five_runs_nobody_sees_that_their_phases_are_independent(runs, effect):
    """Few runs may hide more than another side shows."""
    some = [Observation(run, phase % 2 == 0) for run in range(runs) for phase in range(10)]
    assert Spread.of(some).effect(0.0) == pytest.approx(effect)
    assert (Spread.of(some).rho is None) == (runs < FEW_RUNS)
    together = [Observation(run, run % 2 == 0) for run in range(runs) for _ in range(10)]
    assert Spread.of(together).effect(1.0) == pytest.approx(10)


def test_the_share_that_completes_lies_between_the_bounds_of_what_fails():
    seen = Spread.of(alone([True, False, False, False]))
    found, failing = seen.completed(), bounds(alone([True, False, False, False]))
    assert (found.value, found.low, found.high) == (0.75, 1 - failing.high, 1 - failing.low)
    assert Spread.of([]).completed() is None


def test_phases_that_all_ended_alike_do_not_show_that_runs_are_independent():
    alike = [Observation(run, False) for run in range(12) for _ in range(10)]
    assert correlation([Spread.of(alike)]) == RHO
    mixed = [Observation(run, run % 2 == 0) for run in range(12) for _ in range(10)]
    both = [Spread.of(alike), Spread.of(mixed)]
    assert correlation(both) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize(
    ("fails", "runs", "each", "worth"),
    [
        (lambda run, phase: False, 12, 10, 12),
        (lambda run, phase: run % 2 == 0, 12, 10, 12),
        (lambda run, phase: phase % 2 == 0, 4, 10, 4),
        (lambda run, phase: phase % 2 == 0, 20, 2, 40 / (1 + ALIKE / 22)),
        (lambda run, phase: run % 2 == 0, 30, 1, 30),
    ],
    ids=["all alike", "runs alike", "few runs", "runs that differ within", "runs of one"],
)
def test_a_check_counts_a_run_once_unless_many_show_that_they_do_not_end_alike(
    fails, runs, each, worth
):
    seen = Spread.of(
        [Observation(run, fails(run, phase)) for run in range(runs) for phase in range(each)]
    )
    found = seen.bounds(seen.cautious_rho, DECIDES)
    assert found.effective == pytest.approx(worth)
    assert seen.decides().low == pytest.approx(1 - found.high)
    assert seen.decides().high == pytest.approx(1 - found.low)
    assert Spread.of([]).decides() is None


def test_a_check_says_how_many_would_be_enough_by_what_it_decides_with():
    some = Spread.of([Observation(run, run % 10 == 0) for run in range(20) for _ in range(4)])
    n = enough_for_share(some, 0.9, 0.7)

    def decided(size):
        high = fixed_bounds(0.1 * size / 4, size / 4, DECIDES)[1]
        return 1 - high > 0.7

    assert decided(n)
    assert not decided(n - 1)


def test_a_gain_is_one_only_where_the_bounds_of_both_sides_do_not_meet():
    few, many = bounds(alone([True] * 6 + [False])), bounds(alone([True] * 60 + [False]))
    none = bounds(alone([False] * 40))
    found = gain(many, none)
    assert found.value == pytest.approx(60 / 61)
    assert found.low == pytest.approx(many.low - none.high)
    assert found.low > 0
    assert not gain(few, bounds(alone([False] * 3))).excludes(0)
    assert gain(few, bounds([])) is None
    assert gain(bounds([]), few) is None


def test_none_of_thirty_leaves_at_most_a_tenth_and_none_of_none_anything():
    assert at_most(30) == pytest.approx(1 - 0.05 ** (1 / 30))
    assert 0.09 < at_most(30) < 0.1
    assert at_most(1) == pytest.approx(0.95)
    assert at_most(0) == 1.0


def test_the_gain_of_runs_that_end_as_one_needs_as_many_runs():
    def side(fails, runs, each):
        return Spread.of([Observation(r, fails(r)) for r in range(runs) for _ in range(each)])

    apart = both_bounds(side(lambda r: r % 5 > 0, 40, 1), side(lambda r: r % 5 == 0, 40, 1))
    joined = both_bounds(side(lambda r: r % 5 > 0, 8, 5), side(lambda r: r % 5 == 0, 8, 5))
    assert gain(*apart).excludes(0)
    assert not gain(*joined).excludes(0)


def test_enough_for_a_gain_is_the_smallest_n_that_decides():
    before, after = bounds(alone([True, False, False, False])), bounds(alone([True, False] * 2))
    n = enough_for_gain(before, after)

    def at(size):
        shares = (0.25, 0.5)
        return gain(*(
            Bounds(p * size, size, *fixed_bounds(p * size, size), size, size) for p in shares
        ))  # fmt: skip

    assert at(n).excludes(0)
    assert not at(n - 1).excludes(0)
    assert enough_for_gain(before, before) is None
    # An empty side is as far away as it can be, on whichever side that is.
    rare, often = alone([True] + [False] * 9), alone([False] + [True] * 9)
    assert enough_for_gain(bounds(rare), bounds([])) == enough_for_gain(bounds([]), bounds(often))
    assert enough_for_gain(bounds([]), bounds([])) == enough_for_gain(
        bounds(alone([True])), bounds([])
    )


def test_what_a_check_decides_with_is_said_as_it_is():
    assert f"{1 - DECIDES:.1%}" == SURELY.replace(" ", "")
