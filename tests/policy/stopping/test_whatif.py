"""A replay under other limits says what would not have run, and what that saves or loses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from drain.policy.reasons import RunStop, StopReason
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.tallies import Ended
from drain.policy.stopping.whatif import Past, what_if

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
GENEROUS = {"batch_size": 100, "max_fingerprint_repeats": 100, "max_timeouts_per_run": 100}


def past(n, outcome=Outcome.FAILED, *, run=1, key="a", took=1.0, at=None, **more):
    start = START + timedelta(minutes=n if at is None else at)
    key = "" if outcome is Outcome.COMPLETE else key
    end = Ended(outcome, key, position=n + 1, **more)
    return Past(run, more.pop("phase", n), end, start, start + timedelta(minutes=took))


def replay(attempts, planned=10, **limits):
    return what_if(attempts, Limits(**{**GENEROUS, **limits}), planned, START)


def test_the_same_limits_change_nothing():
    found = replay([past(n) for n in range(6)])
    assert (found.kept, found.skipped, found.attempt_minutes_saved) == (6, 0, 0)
    assert (found.clock_minutes_saved, found.stop, found.never_tried) == (0, None, 4)


def test_fewer_repeats_save_the_rest_of_the_run_and_lose_what_it_completed():
    attempts = [*(past(n) for n in range(4)), past(4, Outcome.COMPLETE, telemetry=3)]
    found = replay([*attempts, past(5, run=2)], max_fingerprint_repeats=2)
    assert (found.kept, found.skipped, found.attempt_minutes_saved) == (3, 3, 3)
    assert (found.completes_lost, found.telemetry_lost) == (1, 3)
    assert [(run, card.rule) for run, card in found.run_stops] == [(1, RunStop.FINGERPRINT_REPEATS)]


def test_what_ended_in_one_moment_is_counted_in_the_order_in_which_it_ended():
    """Attempts that end in one transaction share their time; only their numbers tell which came first."""
    fruitful = past(0, Outcome.COMPLETE, telemetry=1, took=9.0, at=0)
    others = [past(n, Outcome.COMPLETE, took=9.0, at=0) for n in (1, 2)]
    for numbers, stops in (((2, 1, 3), False), ((1, 2, 3), True)):
        attempts = [
            replace(each, number=number)
            for each, number in zip((fruitful, *others), numbers, strict=True)
        ]
        found = replay(attempts, max_consecutive_zero_yield=2)
        assert (found.stop is not None) is stops


def test_what_was_already_running_when_a_rule_tripped_is_kept():
    attempts = [past(0), past(1, at=0.5), past(2, at=1.2)]
    assert replay(attempts, max_fingerprint_repeats=1).kept == 2


def test_less_time_ends_the_session_sooner():
    found = replay([past(n, Outcome.COMPLETE) for n in range(6)], max_total_minutes=3)
    assert found.stop.rule is StopReason.MAX_TOTAL_MINUTES
    assert (found.kept, found.completes_lost, found.clock_minutes_saved) == (3, 3, 3)


def test_a_smaller_batch_drops_phases_not_second_attempts():
    again = Past(1, 0, past(1).ended, START + timedelta(minutes=1), START + timedelta(minutes=2))
    found = replay([past(0), again, past(2)], batch_size=1)
    assert (found.kept, found.skipped) == (2, 1)
    assert replay([past(0), again], max_attempts_per_phase=1).skipped == 1


def test_a_repeated_fingerprint_takes_back_second_attempts():
    again = Past(1, 0, past(3).ended, START + timedelta(minutes=3), START + timedelta(minutes=4))
    found = replay([past(0), past(1), again], max_session_fingerprint_repeats=2)
    assert found.skipped == 1


def test_a_failed_sample_leaves_the_rest_undone():
    found = replay([past(n) for n in range(4)], sample=2)
    assert found.stop.rule is StopReason.SAMPLE_FAILED
    assert found.kept == 2


def test_what_ran_beside_the_sample_waits_behind_its_gate():
    found = replay([past(0, Outcome.COMPLETE), past(1, at=0.5)], sample=1)
    assert found.skipped == 1


def test_a_shorter_timeout_cuts_long_attempts_and_counts_them():
    done = past(0, Outcome.COMPLETE, took=5)
    timed_out = past(1, Outcome.TIMEOUT, at=6, took=2.1)
    put_back = past(2, Outcome.CANCELLED, at=9, took=9)
    found = replay([done, timed_out, put_back], phase_timeout_seconds=120)
    assert (found.timeouts_added, found.completes_lost, found.attempt_minutes_saved) == (1, 1, 3)


def test_a_session_without_attempts_has_nothing_to_replay():
    found = replay([])
    assert (found.kept, found.clock_minutes_saved, found.never_tried) == (0, 0, 10)
