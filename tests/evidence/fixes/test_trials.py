"""One trial a phase before a fix and one after it, from attempts as they happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drain.evidence.fixes.trials import PAST, FixWindow, Trial, Tried, trials_of

FIX = datetime(2026, 3, 1, tzinfo=UTC)


def tried(phase, hours, outcome="failed", key="a", *, session=None, planned="", run=1):
    start = FIX + timedelta(hours=hours)
    key = "" if outcome == "complete" else key
    return Tried(phase, run, session, start, start + timedelta(minutes=1), outcome, key, planned)


def same(key, had):
    """A place may be what is known without one, and is no other place."""
    return key == had or (key[:2], had) == ("a ", "a") or (had[:2], key) == ("a ", "a")


def read(*attempts, until=None):
    return trials_of(
        attempts, lambda key: "a" if key.startswith("a") else "", same, FixWindow(FIX, until)
    )


def brief(side):
    return {cause: [Trial(*trial[:3]) for trial in trials] for cause, trials in side.items()}


def test_a_trial_knows_its_drain_its_work_and_when_its_phase_had_failed_so():
    found = read(
        tried(1, -5), tried(1, 1, "complete", session=3)._replace(events=7),
        tried(2, 1, "complete", session=3, planned="a"),
    )  # fmt: skip
    one, two = found.after["a"]
    assert (one.session, one.at, one.events, one.seconds) == (3, FIX + timedelta(hours=1), 7, 60.0)
    assert (one.had_at, two.had_at) == (FIX - timedelta(hours=5), None)


def test_when_a_phase_had_failed_is_known_where_the_plan_says_what_its_attempt_did():
    (lost_since,) = read(
        tried(1, -5), tried(1, -3, "lost", "w"), tried(1, 1, "complete", session=3, planned="a")
    ).after["a"]
    assert lost_since.had_at == FIX - timedelta(hours=5)
    (other,) = read(tried(1, -5, key="b"), tried(1, 1, "complete", session=3, planned="a")).after[
        "a"
    ]
    assert other.had_at is None


def test_within_a_drain_a_phase_had_failed_by_its_last_attempt_and_not_by_the_plan():
    found = read(
        tried(1, -2, key="b", planned="a", session=1), tried(1, -1, key="b", planned="a", session=1)
    )
    assert brief(found.before) == {"a": [Trial(1, False, True)], "": [Trial(1, True, True)]}


def test_what_a_plan_learned_after_a_lost_attempt_counts():
    found = read(
        tried(1, -9), tried(1, -8, "lost", "w", session=1),
        tried(1, 1, "complete", session=2, planned="b"),
    )  # fmt: skip
    assert brief(found.after) == {"": [Trial(1, False, False)]}


def test_a_first_try_is_no_retry():
    found = read(tried(1, -5), tried(2, 5, planned=""))
    assert not found.before
    assert not found.after


def test_a_phase_counts_once_before_by_its_first_retry_and_once_after_by_its_first_attempt():
    found = read(
        tried(1, -5), tried(1, -4), tried(1, -3, "complete"), tried(1, -2),
        tried(1, 1, "complete"), tried(1, 2), tried(1, 3),
    )  # fmt: skip
    assert brief(found.before) == {"a": [Trial(1, True, True)]}
    assert brief(found.after) == {"a": [Trial(1, False, False)]}


def test_what_the_plan_of_a_drain_knew_counts_as_a_failure_before():
    found = read(
        tried(1, -1, planned="a", session=1), tried(2, 1, "complete", planned="a", session=2)
    )
    assert brief(found.before) == {"a": [Trial(1, True, True)]}
    assert brief(found.after) == {"a": [Trial(1, False, False)]}


def test_what_may_be_the_cause_is_a_failure_by_it():
    found = read(tried(1, 1, key="a in a place", planned="a", session=1))
    assert brief(found.after) == {"a": [Trial(1, True, True)]}


@pytest.mark.parametrize(("had", "key"), [("a", "b"), ("a here", "a there")])
def test_a_failure_by_something_else_is_no_failure_by_the_cause(had, key):
    found = read(tried(1, 1, key=key, planned=had, session=1))
    assert brief(found.after) == {"a": [Trial(1, False, True)]}


def test_lost_and_cancelled_attempts_are_passed_over_and_hide_nothing():
    found = read(
        tried(1, -9), tried(1, 1, "lost", "worker lost", session=1, planned="a"),
        tried(1, 2, session=2, planned="worker lost"),
        tried(2, -9), tried(2, 1, "cancelled", "", session=1, planned="a"),
    )  # fmt: skip
    assert brief(found.after) == {"a": [Trial(1, True, True)]}


def test_an_attempt_started_at_the_very_moment_ran_the_old_code():
    found = read(tried(1, 0, planned="a", session=1))
    assert brief(found.before) == {"a": [Trial(1, True, True)]}


def test_the_past_goes_thirty_days_back():
    hours = -PAST / timedelta(hours=1)
    assert not read(tried(1, hours - 2), tried(1, hours - 1)).before
    assert read(tried(1, hours - 2), tried(1, hours + 1)).before


def test_what_the_next_fix_of_the_cause_brought_is_not_this_ones():
    later = FIX + timedelta(hours=5)
    found = read(
        tried(1, 1, planned="a", session=1),
        tried(2, 6, "complete", planned="a", session=2),
        until=later,
    )
    assert brief(found.after) == {"a": [Trial(1, True, True)]}


def test_other_causes_fail_again_by_their_own():
    found = read(
        tried(1, -2, key="b"), tried(1, -1, key="c"), tried(2, -2, key="b"), tried(2, -1, key="b")
    )
    assert brief(found.before) == {"": [Trial(1, False, True), Trial(1, True, True)]}


def test_what_was_started_since_and_came_to_no_end_of_its_own_is_kept_apart():
    open_ = tried(1, 1, planned="a")._replace(outcome=None, finished_at=None)
    found = read(
        open_, tried(2, 1, "lost", planned="a"), tried(3, 1, "diverted", planned="a"),
        tried(4, -1, "lost", planned="a"), tried(5, 1, "lost", session=1, planned="a"),
        tried(5, 2, "complete", session=2, planned="a"), tried(6, 1, "lost", planned="b"),
    )  # fmt: skip
    assert brief(found.unended) == {"a": [Trial(1, True, True)] * 2, "": [Trial(1, True, True)]}
    assert brief(found.after) == {"a": [Trial(1, False, False)]}
    assert not found.before
    # What the next fix brought is not this one's: neither an end nor none.
    later = FIX + timedelta(hours=5)
    found = read(
        tried(1, 6, "lost", planned="a"), tried(2, 1, "lost", session=1, planned="a"),
        tried(2, 6, "complete", session=2, planned="a"), until=later,
    )  # fmt: skip
    assert (found.after, found.unended) == ({}, {})


def test_a_phase_was_given_up_if_it_failed_at_last_and_was_not_tried_since():
    def given_up(*attempts):
        found = read(*(each._replace(given_up=True) for each in attempts))
        return [trial.given_up for trial in found.before["a"]]

    again = tried(1, -1, planned="a", session=1)
    assert given_up(again) == [True]
    assert given_up(again, tried(1, 1, planned="a", session=2)) == [False]
    assert given_up(again, tried(1, -0.5, "complete", session=1)) == [False]
    assert given_up(again, tried(1, 1, "lost", session=2)) == [True]
    assert [one.given_up for one in read(again).before["a"]] == [False]


def test_trials_come_in_the_order_in_which_attempts_ended():
    slow = tried(1, 1, "complete", planned="a", run=7)._replace(
        finished_at=FIX + timedelta(hours=9)
    )
    found = read(slow, tried(2, 2, "complete", planned="a", run=8))
    assert [one.run for one in found.after["a"]] == [8, 7]
