"""Intervals equal those of scipy and statsmodels and keep what they promise."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index, arg-type"

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import optimize, special, stats
from statsmodels.stats.proportion import proportion_confint

from drain.evidence.statistics import intervals as ours
from drain.evidence.statistics.gamma import gamma_cdf, gamma_quantile

NEAR = 1e-6


@pytest.mark.parametrize("n", [1, 2, 5, 17, 100, 100_000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_equals_statsmodels(n, confidence):
    for successes in {0, 1, n // 3, n // 2, n - 1, n}:
        got = ours.wilson(successes, n, confidence)
        low, high = proportion_confint(successes, n, 1 - confidence, method="wilson")
        assert (got.low, got.high) == pytest.approx((low, high), rel=NEAR, abs=NEAR)


def _likelihood_score(gained, lost, n, change):
    """Tango's statistic with the nuisance share maximised by scipy instead of in closed form."""

    def minus_log_likelihood(q):
        cells = (gained, q + change), (lost, q), (n - gained - lost, 1 - 2 * q - change)
        return -sum(k * math.log(max(p, 1e-300)) for k, p in cells if k)

    ends = (max(0.0, -change), (1 - change) / 2)
    best = optimize.minimize_scalar(
        minus_log_likelihood, bounds=ends, method="bounded", options={"xatol": 1e-13}
    ).x
    return (gained - lost - n * change) / math.sqrt(n * (2 * best + change * (1 - change)))


@pytest.mark.parametrize(
    ("gained", "lost", "n"), [(9, 1, 44), (3, 3, 20), (40, 12, 300), (1, 5, 9)]
)
def test_paired_limits_solve_tangos_score_equation(gained, lost, n):
    got = ours.paired(gained, lost, n)
    z = stats.norm.ppf(0.975)
    for bound, wanted in ((got.low, z), (got.high, -z)):
        assert _likelihood_score(gained, lost, n, bound) == pytest.approx(wanted, rel=1e-5)
    # McNemar's statistic is the score at no change
    assert ours._tango(gained, lost, n, 0) == pytest.approx(
        (gained - lost) / math.sqrt(gained + lost)
    )


def test_paired_ends_stay_within_minus_one_and_one():
    assert ours.paired(7, 0, 7).high == 1.0
    assert ours.paired(0, 7, 7).low == -1.0
    assert ours.paired(0, 0, 0) is None
    assert ours.paired(0, 0, 9).low < 0 < ours.paired(0, 0, 9).high


@pytest.mark.parametrize("events", [0, 1, 2, 9, 50, 1234, 100_000])
def test_poisson_rate_equals_scipys_chi_square(events):
    got = ours.poisson_rate(events, 7.5)
    low = stats.chi2.ppf(0.025, 2 * events) / 2 / 7.5 if events else 0
    high = stats.chi2.ppf(0.975, 2 * events + 2) / 2 / 7.5
    assert (got.low, got.high) == pytest.approx((low, high), rel=NEAR, abs=NEAR)


def test_gamma_functions_equal_scipy():
    for shape in (0.3, 1, 4.5, 99, 1e4, 1e6):
        for probability in (1e-6, 0.025, 0.5, 0.975, 1 - 1e-6):
            x = stats.gamma.ppf(probability, shape)
            assert gamma_quantile(shape, probability) == pytest.approx(x, rel=1e-8)
            assert gamma_cdf(shape, x) == pytest.approx(special.gammainc(shape, x), rel=1e-5)
    assert gamma_cdf(2, 0) == 0
    assert gamma_quantile(0.01, 1e-6) == 0  # below what a number can be
    with pytest.raises(ValueError, match="shape > 0"):
        gamma_quantile(0, 0.5)


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("n", [1, 2, 10, 137, 5000])
def test_quantiles_equal_numpy_and_binomial_ranks(n, share):
    values = sorted(float(x) for x in np.random.default_rng(n).integers(0, 50, n))
    pairs = [(value, values.count(value)) for value in sorted(set(values))]
    got = ours.quantile(pairs, share)
    assert got.value == pytest.approx(np.quantile(values, share), rel=NEAR, abs=NEAR)
    low, high = stats.binom.ppf([0.025, 0.975], n, share)
    assert got.low == values[max(int(low) - 1, 0)]
    assert got.high == values[min(int(high), n - 1)]


def test_binomial_quantile_equals_scipy():
    for n, p, q in itertools.product((1, 9, 1000, 100_000), (0.1, 0.5, 0.9), (0.025, 0.5, 0.975)):
        assert ours.binomial_quantile(n, p, q) == int(stats.binom.ppf(q, n, p))


def test_nothing_is_said_without_data():
    assert ours.wilson(0, 0) is None
    assert ours.poisson_rate(0, 0) is None
    assert ours.quantile([], 0.5) is None


def test_enough_for_a_rate_is_the_smallest_n_that_decides():
    for rate, threshold in ((1.0, 0.9), (0.95, 0.9), (0.5, 0.6), (0.0, 0.2)):
        n = ours.enough_for_rate(rate, threshold)
        assert ours.wilson(rate * n, n).excludes(threshold)
        assert not ours.wilson(rate * (n - 1), n - 1).excludes(threshold)
    assert ours.enough_for_rate(None, 0.9) == ours.enough_for_rate(1.0, 0.9) == 35
    assert ours.enough_for_rate(0.9, 0.9) is None


def test_what_comes_at_once_is_as_many_times_as_variable_as_single_events():
    values = [0, 0, 0, 7, 50, 1]
    counts = [(value, values.count(value)) for value in sorted(set(values))]
    assert ours.dispersion(counts) == pytest.approx(np.var(values, ddof=1) / np.mean(values))
    assert ours.dispersion([(2.0, 9)]) == ours.dispersion([(0.0, 9)]) == ours.dispersion([]) == 1


def test_enough_pairs_are_more_than_those_that_did_not_do():
    assert ours.enough_for_paired(2, 1, 10) > 10
    assert ours.enough_for_paired(0, 0, 10) is None
    assert ours.enough_for_paired(0, 0, 0) is None
    assert ours.enough_for_paired(500_001, 500_000, 2_000_000) is None


# Grid of the coverage promise: every n and p below, by exact enumeration, so it never varies.
SIZES = (10, 20, 50, 100)
RATES = np.linspace(0.05, 0.95, 37)


def _weights(n):
    return stats.binom.pmf(np.arange(n + 1)[:, None], n, RATES[None, :])


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_average_coverage_of_wilson_is_within_one_percent_of_the_promise(confidence):
    coverages = []
    for n in SIZES:
        intervals = [ours.wilson(k, n, confidence) for k in range(n + 1)]
        covers = np.array([[not i.excludes(p) for p in RATES] for i in intervals])
        coverages.append((covers * _weights(n)).sum(axis=0).mean())
    assert np.mean(coverages) == pytest.approx(confidence, abs=0.01)


def test_average_coverage_of_tango_is_within_one_percent_of_the_promise():
    n, coverages = 30, []
    limits = {
        (up, down): ours.paired(up, down, n) for up in range(n + 1) for down in range(n + 1 - up)
    }
    low = np.array([found.low for found in limits.values()])
    high = np.array([found.high for found in limits.values()])
    counts = np.array([(up, down, n - up - down) for up, down in limits])
    for up, down in itertools.product((0.05, 0.15, 0.3, 0.45), repeat=2):
        weight = stats.multinomial.pmf(counts, n, [up, down, 1 - up - down])
        coverages.append(weight[(low <= up - down) & (up - down <= high)].sum())
    assert np.mean(coverages) == pytest.approx(0.95, abs=0.01)
