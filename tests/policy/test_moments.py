"""Times that people type: one grammar, whoever reads them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drain.policy.moments import MomentError, read_date, read_moment

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=BERLIN)
"""A noon in winter, an hour ahead of UTC."""


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31", "2026-01-30T23:00"),
        ("2026-01-31 18:00", "2026-01-31T17:00"),
        ("2026-01-31T18:00", "2026-01-31T17:00"),
        ("  2026-01-31 18:00:05 ", "2026-01-31T17:00:05"),
        ("2026-07-31 18:00", "2026-07-31T16:00"),
        ("2026-01-31T18:00+00:00", "2026-01-31T18:00"),
        ("2026-01-31t18:00:00.250z", "2026-01-31T18:00:00.250"),
        ("2026-01-31 18:00-0530", "2026-01-31T23:30"),
        ("2026-01-31 18:00+02", "2026-01-31T16:00"),
        ("2024-02-29 00:00", "2024-02-28T23:00"),
    ],
)
def test_a_date_is_read_in_the_reader_s_zone_unless_it_names_its_own(text, utc):
    expected = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    for coming in (False, True):
        assert read_moment(text, NOW, coming=coming) == expected


@pytest.mark.parametrize(
    ("text", "today", "coming"),
    [
        ("14:30", "2026-03-02T14:30", "2026-03-02T14:30"),
        ("8:15", "2026-03-02T08:15", "2026-03-03T08:15"),
        ("08:15:20", "2026-03-02T08:15:20", "2026-03-03T08:15:20"),
        ("12:00:30", "2026-03-02T12:00:30", "2026-03-03T12:00:30"),
        ("12:00:31", "2026-03-02T12:00:31", "2026-03-02T12:00:31"),
        ("00:00", "2026-03-02T00:00", "2026-03-03T00:00"),
        ("23:59", "2026-03-02T23:59", "2026-03-02T23:59"),
    ],
)
def test_a_time_of_day_is_today_s_and_the_next_where_something_is_to_come(text, today, coming):
    assert read_moment(text, NOW) == datetime.fromisoformat(today).replace(tzinfo=BERLIN)
    found = read_moment(text, NOW, coming=True)
    assert found == datetime.fromisoformat(coming).replace(tzinfo=BERLIN)
    assert found.tzinfo is BERLIN


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "soon", "noon", "tomorrow", "24:00", "12:60", "12", "1200", "-1:00", "12:00 Uhr", "12:00Z",
        "2026", "2026-01", "20260131", "2026-W05-6", "2026-1-31", "2026-02-29", "2026-13-01", "2026-01-32",
        "31.01.2026", "01/31/2026", "2026-01-31T", "2026-01-31 25:00", "2026-01-31T18", "2026-01-31_18:00",
        "2026-01-31 18:00:61", "2026-01-31 18:00 +01:00", "2026-01-31T18:00+14:01", "2026-01-31T18:00-23:59",
        "0001-01-01", "1969-12-31", "9999-12-31", "\u0662026-01-31", "\uff112:00", "2h", "1e9", "2026-01-31\n18:00",
        "x" * 9000,
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused_in_one_sentence_with_examples(text):
    for read in (lambda: read_moment(text, NOW), lambda: read_date(text)):
        with pytest.raises(
            MomentError, match=r"^“(?s:.*)” is not a time: write it like (18:00, )?2026-01-31"
        ) as refused:
            read()
        assert len(str(refused.value)) < 140


def test_a_time_that_clocks_leave_out_is_refused_and_one_that_comes_twice_is_the_first():
    with pytest.raises(MomentError, match=r"does not exist in Europe/Berlin.*: 03:30 is the next"):
        read_moment("2026-03-29 02:30", NOW)
    evening = datetime(2026, 3, 28, 22, tzinfo=BERLIN)
    with pytest.raises(MomentError, match="does not exist"):
        read_moment("02:30", evening, coming=True)
    twice = read_moment("2026-10-25 02:30", NOW)
    assert twice.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    again = datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)
    assert read_moment("02:45", again, coming=True) - again.astimezone(UTC) == timedelta(minutes=15)
    # The next 18:00 is a time of the clock, and not 24 hours away.
    assert read_moment("18:00", datetime(2026, 3, 28, 18, tzinfo=BERLIN), coming=True) == datetime(
        2026, 3, 29, 16, tzinfo=UTC
    )


def test_a_date_alone_keeps_to_what_is_written():
    assert read_date("2026-01-31 18:00").tzinfo is None
    with pytest.raises(MomentError):
        read_date("18:00")


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_refused(text):
    with suppress(MomentError):
        assert read_moment(text, NOW, coming=True).utcoffset() is not None


@given(st.integers(0, 8000 * 365 * 86_400))
def test_what_is_written_in_full_is_read_back(seconds):
    moment = datetime(1970, 1, 2, tzinfo=UTC) + timedelta(seconds=seconds)
    assert read_moment(moment.isoformat(), NOW) == moment
