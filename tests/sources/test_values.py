"""Values of sources as PostgreSQL and pages can hold them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drain.engine.process.health import HealthAnswer, read_answer
from drain.sources.values import TEXT_LIMIT, as_json, as_time


@pytest.mark.parametrize(
    "value",
    [
        "9999-12-31T23:59:00-12:00",
        "9999-12-31T23:59:00",
        "0001-01-01T00:00:00+14:00",
        253402300799,
        1e300,
        10**400,
        "yesterday",
        True,
        None,
    ],
)
def test_what_no_page_could_show_in_every_zone_counts_as_no_time(value):
    assert as_time(value) is None


def test_a_time_is_kept_in_utc_whatever_its_offset():
    assert as_time("2026-01-01T00:00:00-23:59") == datetime(2026, 1, 1, 23, 59, tzinfo=UTC)


def test_what_no_reader_can_go_down_into_stays_text():
    assert as_json("[" * 100_000) == ("[" * 100_000)[:TEXT_LIMIT]


def test_what_a_health_address_says_a_hundred_thousand_deep_names_nobody():
    assert read_answer(b"[" * 100_000) == HealthAnswer()
