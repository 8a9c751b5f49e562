"""Gauges show how near each stop is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from drain.policy.stopping.gauges import gauges, pace_gauges
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.tallies import RunTally, SessionTally

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def read(limits, session=None, runs=(), processed=0, minutes=8):
    later = NOW + timedelta(minutes=minutes)
    found = gauges(limits, session or SessionTally(), runs, processed, NOW, later)
    return {gauge.rule: gauge for gauge in found}


def test_limits_that_are_off_are_shown_without_a_limit():
    found = read(Limits())
    off = found["max_total_minutes"]
    assert (off.observed, off.limit, off.near, off.tripped) == (8, None, False, False)
    assert found["max_timeouts_per_run"].evidence == "none yet"
    assert "until" not in found
    assert "sample" not in found


def test_a_gauge_is_near_from_two_thirds_on_and_tripped_at_the_limit():
    assert read(Limits(max_total_minutes=12))["max_total_minutes"].near
    assert not read(Limits(max_total_minutes=13))["max_total_minutes"].near
    full = read(Limits(batch_size=4), processed=4)["batch_size"]
    assert full.tripped
    assert not full.near


def test_the_worst_run_is_the_evidence():
    runs = [("a", RunTally({"x": 1}, 1)), ("b", RunTally({"y": 2}))]
    session = SessionTally({"x": 1, "y": 2}, zero_yields=3, sample_ended=1)
    limits = Limits(until=NOW + timedelta(minutes=10), sample=2)
    found = read(limits, session, runs)
    assert found["max_timeouts_per_run"].evidence == "most in run a"
    assert found["max_fingerprint_repeats"].evidence == "y in run b"
    assert found["max_session_fingerprint_repeats"].evidence == "y"
    assert found["max_consecutive_zero_yield"].observed == 3
    assert found["until"].near
    assert found["sample"].evidence == "0 passed, 1 needed"


def test_the_failure_rate_is_shown_as_it_is_and_does_not_trip_before_its_window_is_full():
    limits = Limits(max_failure_rate=0.5)
    early = read(limits, SessionTally(recent="ffcf"))["max_failure_rate"]
    assert (early.observed, early.tripped, early.near) == (0.75, False, True)
    assert read(limits, SessionTally(recent="ffcff"))["max_failure_rate"].tripped


def test_a_drain_s_pace_is_shown_beside_its_limit_and_never_trips():
    limits = Limits(starts_per_minute=10, ramp=0.2, parallel=8)
    tally = SessionTally(ramp=16, ramp_ended=3, ramp_failed=1)
    starts, ramp = pace_gauges(limits, tally, 10)
    assert (starts.observed, starts.limit, starts.tripped) == (10, 10, False)
    assert (ramp.observed, ramp.limit, ramp.tripped) == (8, 8, False)
    assert ramp.evidence == "at once; 3 of 16 ended, 1 failed"
    assert pace_gauges(Limits(), SessionTally(), 0) == []
