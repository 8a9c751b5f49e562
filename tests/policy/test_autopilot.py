"""Starts of an autopilot: quiet hours, the rest of a budget, drains that completed nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drain.policy.autopilot import (
    Amount,
    AutopilotError,
    EndedDrain,
    Quiet,
    UsedBudget,
    allowed,
    upcoming,
    used_up,
    useless_in_a_row,
)
from drain.policy.cron import Cron
from drain.policy.stopping.limits import Limits

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "clock", "quiet"),
    [
        ("22:00-07:00", 21, False), ("22:00-07:00", 22, True), ("22:00-07:00", 3, True),
        ("22:00-07:00", 7, False), ("09:00-17:00", 8, False), ("09:00-17:00", 9, True),
        ("09:00-17:00", 16, True), ("09:00-17:00", 17, False),
    ],
)  # fmt: skip
def test_quiet_hours_hold_by_the_clock_of_their_zone(hours, clock, quiet):
    moment = datetime(2026, 3, 2, clock, tzinfo=BERLIN)
    assert Quiet.read(hours, BERLIN).holds(moment) is quiet


@pytest.mark.parametrize("text", ["", "22-7", "22:00", "24:00-01:00", "22:00-22:00", "22:00-7:00"])
def test_what_are_no_quiet_hours_is_refused(text):
    with pytest.raises(AutopilotError):
        Quiet.read(text, BERLIN)


def test_the_next_times_leave_quiet_hours_out_and_end_where_all_are_quiet():
    quiet = Quiet.read("13:00-16:00", BERLIN)
    found = islice(upcoming(Cron.read("0 * * * *"), BERLIN, quiet, NOON), 3)
    assert [f"{each.astimezone(BERLIN):%H:%M}" for each in found] == ["16:00", "17:00", "18:00"]
    assert list(upcoming(Cron.read("*/5 14 * * *"), BERLIN, quiet, NOON)) == []


@settings(max_examples=25)
@given(st.integers(0, 1439), st.integers(1, 1439), st.integers(0, 525_600))
def test_a_time_of_a_schedule_is_never_quiet(begins, length, minutes):
    ends = (begins + length) % 1440
    text = f"{begins // 60:02}:{begins % 60:02}-{ends // 60:02}:{ends % 60:02}"
    quiet = Quiet.read(text, BERLIN)
    now = NOON + timedelta(minutes=minutes)
    for found in islice(upcoming(Cron.read("*/7 * * * *"), BERLIN, quiet, now), 20):
        assert found > now
        assert not quiet.holds(found)
        now = found


@given(
    st.integers(1, 200), st.integers(1, 5), st.integers(1, 300), st.integers(0, 299),
    st.integers(1, 50),
)  # fmt: skip
def test_no_drain_can_use_more_attempts_than_are_left(batch, each, most, used, sample):
    budget = Amount(attempts=most)
    if used >= most:
        assert "attempts a day is used up" in used_up(budget, UsedBudget(attempts=used))
        return
    limits = Limits(
        batch_size=batch, max_attempts_per_phase=each, sample=sample, sample_passes=sample
    )
    found = allowed(limits, budget, UsedBudget(attempts=used), None).validate()
    assert 1 <= found.batch_size <= batch
    assert 1 <= found.max_attempts_per_phase <= each
    assert found.batch_size * found.max_attempts_per_phase <= most - used


def test_minutes_and_quiet_hours_become_limits_and_events_are_only_watched():
    until = NOON + timedelta(hours=1)
    found = allowed(Limits(), Amount(minutes=90, events=5), UsedBudget(minutes=30, events=4), until)
    assert (found.max_total_minutes, found.until, found.batch_size) == (60, until, 10)
    shorter = allowed(Limits(max_total_minutes=5), Amount(minutes=90), UsedBudget(minutes=30), None)
    assert (shorter.max_total_minutes, shorter.until) == (5, None)
    assert used_up(Amount(events=5), UsedBudget(events=4)) == ""
    assert used_up(Amount(events=5), UsedBudget(events=7)).startswith(
        "The budget of 5 events a day"
    )
    assert used_up(Amount(), UsedBudget(10**6, 10**6, 10**6)) == ""


def ended(
    complete: int = 0, state: str = "finished", reason: str = "", selected: int = 4
) -> EndedDrain:
    return EndedDrain(state, reason, selected, complete)


@pytest.mark.parametrize(
    ("latest_first", "expected"),
    [
        ([], 0),
        ([ended(), ended(), ended(1), ended()], 2),
        ([ended(1), ended()], 0),
        ([ended(state="refused", reason="preflight_failed"), ended(state="interrupted")], 2),
        ([ended(state="stopped", reason="failure_rate")], 1),
        # What a person ended, what had nothing to do and what had no budget says nothing either way.
        ([ended(), ended(state="stopped", reason="person"), ended()], 2),
        ([ended(state="cancelled"), ended(selected=0), ended(state="stopped", reason="budget")], 0),
    ],
)
def test_drains_that_completed_nothing_are_counted_up_to_the_last_that_did(latest_first, expected):
    assert useless_in_a_row(latest_first) == expected
