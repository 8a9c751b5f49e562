"""Numbers and shares as pages write them."""

from __future__ import annotations

import pytest

from drain.dashboard.ui import formats


def test_a_number_has_thousands_separators_and_none_is_a_dash():
    assert (formats.number(1315), formats.number(4.25), formats.number(None)) == (
        "1,315",
        "4.2",
        "–",
    )


def test_a_rate_says_what_it_rests_on():
    assert formats.rate(0.847, 202, 0.79, 0.89) == "84.7 %, n 202, 79.0–89.0 %"


def test_a_rate_of_nothing_is_not_enough_data():
    assert formats.rate(None, 0) == "Not enough data, n 0"
    assert formats.percent(None) == "Not enough data"


@pytest.mark.parametrize(
    ("count", "text"), [(812, "812 B"), (16_400, "16.4 kB"), (1_200_000_000, "1.2 GB")]
)
def test_bytes_are_decimal(count, text):
    assert formats.size(count) == text
