"""Times as programs write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from drain.sources.files.times import as_file_time, is_day_or_month_first

MOMENT = "2026-01-02T03:04:05"


@pytest.mark.parametrize(
    "written",
    [
        MOMENT, "2026-01-02 03:04:05", "2026-01-02T03:04:05Z", "2026-01-02T04:04:05+01:00", "2026-01-02 04:04:05 +0100",
        "2026-01-02 03:04:05 UTC", "2026-01-02 03:04:05+00", "20260102T030405Z", "Fri, 02 Jan 2026 03:04:05 GMT",
        "Fri, 2 Jan 2026 04:04:05 +0100", "02 Jan 2026 03:04:05 -0000", 1767323045, 1767323045.0, "1767323045",
        1767323045000, "1767323045000", 1767323045000000, 1767323045000000000, " 1767323045 ",
    ],
    ids=repr,
)  # fmt: skip
def test_a_moment_is_the_same_in_every_dress(written):
    assert as_file_time(written) == datetime.fromisoformat(f"{MOMENT}+00:00")


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("31/01/2026", "2026-01-31T00:00:00+00:00"),
        ("31.1.2026 18:00", "2026-01-31T18:00:00+00:00"),
        ("02/01/2026 03:04:05", f"{MOMENT}+00:00"),
    ],
)
def test_the_day_comes_first_only_where_it_is_said(written, iso):
    assert as_file_time(written) is None
    assert is_day_or_month_first(written)
    assert as_file_time(written, day_first=True) == datetime.fromisoformat(iso)


@pytest.mark.parametrize(
    "written",
    ["", "yesterday", True, None, [], {}, float("nan"), float("inf"), -1e300, 10**30, "9" * 21, "9" * 5000,
     "0001-01-01T00:00:00Z", "31/31/2026", "2026-13-01", "Fri, 99 Jan 2026 03:04:05 GMT"],
    ids=lambda written: repr(written)[:30],
)  # fmt: skip
def test_what_is_no_time_is_none(written):
    assert as_file_time(written, day_first=True) is None
