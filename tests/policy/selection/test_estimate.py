"""An estimate names its basis, or says that there is not enough data."""

from __future__ import annotations

import pytest

from drain.policy.selection.estimate import estimate


def test_too_few_attempts_give_no_number():
    found = estimate([1.0] * 4, 10, 1, 900)
    assert found.seconds is None
    assert found.basis == "Not enough data: 4 past attempts, 5 are needed."


@pytest.mark.parametrize(
    ("selected", "parallel", "seconds"), [(10, 1, 20), (10, 4, 6), (2, 8, 2), (0, 4, 0)]
)
def test_the_median_times_the_rounds(selected, parallel, seconds):
    found = estimate([2.0] * 6, selected, parallel, 900)
    assert (found.seconds, found.slow_seconds, found.n) == (seconds, seconds, 6)
    assert found.basis.startswith("Median of 6 past attempts (2.0 s)")


def test_no_attempt_counts_for_more_than_the_timeout():
    assert estimate([1000.0] * 5, 1, 1, 60).seconds == 60
