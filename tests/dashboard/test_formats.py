"""Numbers, durations and shares as pages write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drain.dashboard.ui import formats

NOW = datetime(2025, 12, 28, 14, 32, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0, "0 s"),
        (0.84, "0.8 s"),
        (9.96, "10 s"),
        (59.7, "1 min 00 s"),
        (192, "3 min 12 s"),
        (timedelta(hours=6, minutes=11), "6 h 11 min"),
        (timedelta(days=4, hours=2), "4 d 02 h"),
        (-30, "−30 s"),
    ],
)
def test_a_duration_keeps_its_two_largest_units(seconds, text):
    assert formats.duration(seconds) == text


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=14, seconds=5), "14 min"),
        (timedelta(seconds=-3), "0 s"),
    ],
)
def test_an_age_is_whole_and_never_negative(ago, text):
    assert formats.age(NOW - ago, NOW) == text


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


def test_a_password_in_an_address_is_never_shown():
    assert (
        formats.masked("postgresql://m:s3cr%40t@db-02:5432/x") == "postgresql://m:•••@db-02:5432/x"
    )
    assert formats.masked("sqlite:///srv/x.db") == "sqlite:///srv/x.db"
