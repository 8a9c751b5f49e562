"""Schedules in five fields come when crontab(5) says, whatever the clocks do, and nonsense is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.policy.cron import Cron, CronError

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def times(text: str, start: datetime, count: int = 3, zone: ZoneInfo = UTC_ZONE) -> list[str]:
    found, moment = [], start
    for _ in range(count):
        following = Cron.read(text).after(moment, zone)
        assert following is not None
        moment = following
        found.append(f"{moment:%m-%d %H:%M}")
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["03-02 12:01", "03-02 12:02", "03-02 12:03"]),
        ("*/20 * * * *", ["03-02 12:20", "03-02 12:40", "03-02 13:00"]),
        ("5/20 12 * * *", ["03-02 12:05", "03-02 12:25", "03-02 12:45"]),
        ("30 2 * * 1-5", ["03-03 02:30", "03-04 02:30", "03-05 02:30"]),
        ("0 9-17/4 * * MON,fri", ["03-02 13:00", "03-02 17:00", "03-06 09:00"]),
        ("0 0 * * 7", ["03-08 00:00", "03-15 00:00", "03-22 00:00"]),
        ("0 0 1 feb,Mar *", ["02-01 00:00", "03-01 00:00", "02-01 00:00"]),
        ("0 0 13 * fri", ["03-06 00:00", "03-13 00:00", "03-20 00:00"]),
        ("0 0 */2 * mon", ["03-09 00:00", "03-23 00:00", "04-13 00:00"]),
        ("0 0 29 2 *", ["02-29 00:00", "02-29 00:00", "02-29 00:00"]),
        ("@Daily", ["03-03 00:00", "03-04 00:00", "03-05 00:00"]),
    ],
)
def test_a_schedule_comes_at_its_times(text, expected):
    assert times(text, MONDAY) == expected


def test_a_time_that_the_clocks_leave_out_comes_later_and_one_that_comes_twice_comes_once():
    spring = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert times("30 2 * * *", spring, 2, BERLIN) == ["03-29 01:30", "03-30 00:30"]
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert times("30 2 * * *", autumn, 2, BERLIN) == ["10-25 00:30", "10-26 01:30"]


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 13 *",
        "* * * * 8", "*/0 * * * *", "5-3 * * * *", "a * * * *", "* * * mon *", "1,,2 * * * *", "-1 * * * *",
        "0 0 30 2 *", "0 0 31 4,6,9,11 *", "٣ * * * *", "* * * * *\x00", "1-2-3 * * * *", "9" * 200,
    ],
)  # fmt: skip
def test_what_is_no_schedule_or_never_comes_is_one_sentence(text):
    with pytest.raises(CronError) as refused:
        Cron.read(text)
    assert str(refused.value).endswith((".", "change it.", "monthly."))


def field(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ranges = st.tuples(number, number).map(lambda both: f"{min(both)}-{max(both)}")
    part = st.one_of(st.just("*"), number.map(str), ranges)
    stepped = st.tuples(part, st.integers(1, 70)).map(lambda both: f"{both[0]}/{both[1]}")
    return st.lists(st.one_of(part, stepped), min_size=1, max_size=3).map(",".join)


SCHEDULES = st.tuples(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)).map(
    " ".join
)
MOMENTS = st.integers(0, 5 * 525_600 * 60).map(lambda more: MONDAY + timedelta(seconds=more))
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])


@settings(max_examples=40)
@given(SCHEDULES, MOMENTS, ZONES.map(ZoneInfo))
def test_the_next_time_is_later_on_a_whole_minute_and_none_lies_between(text, moment, zone):
    cron = Cron.read(text)
    found = cron.after(moment, zone)
    assert found is not None
    assert found > moment
    assert (found.second, found.microsecond) == (0, 0)
    local = found.astimezone(zone)
    shifted = local - timedelta(hours=1)  # what was left out by the clocks comes an hour later
    assert any(each.minute in cron.minutes and each.hour in cron.hours for each in (local, shifted))
    before = found - timedelta(microseconds=1)
    if before > moment:
        assert cron.after(before, zone) == found
