"""Intervals equal those of scipy and statsmodels and keep what they promise."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index, arg-type"

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from drain.evidence.statistics import intervals as ours

NEAR = 1e-6


@pytest.mark.parametrize("n", [1, 2, 5, 17, 100, 100_000])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_wilson_equals_statsmodels(n, confidence):
    for successes in {0, 1, n // 3, n // 2, n - 1, n}:
        got = ours.wilson(successes, n, confidence)
        low, high = proportion_confint(successes, n, 1 - confidence, method="wilson")
        assert (got.low, got.high) == pytest.approx((low, high), rel=NEAR, abs=NEAR)


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("n", [1, 2, 10, 137, 5000])
def test_quantiles_equal_numpy(n, share):
    values = sorted(float(x) for x in np.random.default_rng(n).integers(0, 50, n))
    pairs = [(value, values.count(value)) for value in sorted(set(values))]
    got = ours.quantile(pairs, share)
    assert got == pytest.approx(np.quantile(values, share), rel=NEAR, abs=NEAR)


def test_nothing_is_said_without_data():
    assert ours.wilson(0, 0) is None
    assert ours.quantile([], 0.5) is None


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
