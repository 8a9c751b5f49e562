"""Limits that make no sense are refused in one sentence that names the flag and the way out."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from drain.policy.selection.rows import Scope
from drain.policy.stopping.limits import (
    KeyLevel,
    LimitError,
    Limits,
    QueuedPolicy,
    parse_queued_policy,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        (
            "batch_size",
            0,
            "--batch-size 0 makes no sense: give a whole number from 1 up to 1,000,000.",
        ),
        ("batch_size", 10_000_000, "up to 1,000,000"),
        ("batch_size", 2.5, "a whole number"),
        ("batch_size", None, "--batch-size None"),
        ("batch_size", True, "--batch-size True"),
        ("parallel", -1, "--parallel -1"),
        ("phase_timeout_seconds", 0, "--phase-timeout-seconds 0"),
        ("max_total_minutes", 0, "give a number above 0 and up to"),
        ("max_total_minutes", float("nan"), "--max-total-minutes nan"),
        ("max_timeouts_per_run", 0, "--max-timeouts-per-run 0"),
        ("max_attempts_per_phase", 0, "--max-attempts-per-phase 0"),
        ("max_fingerprint_repeats", -3, "--max-fingerprint-repeats -3"),
        ("max_session_fingerprint_repeats", 0, "--max-session-fingerprint-repeats 0"),
        ("max_consecutive_zero_yield", 0, "--max-consecutive-zero-yield 0"),
        ("max_failure_rate", 1.2, "a number above 0 and up to 1"),
        ("max_failure_rate", "high", "--max-failure-rate high"),
        ("failure_rate_window", 0, "--failure-rate-window 0"),
        ("sample", 0, "--sample 0"),
    ],
)
def test_a_senseless_number_is_refused_by_its_flag(field, value, words):
    with pytest.raises(LimitError) as refused:
        Limits(**{field: value}).validate()
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(sample_passes=1), "add --sample N"),
        (Limits(sample=2, sample_passes=3), "can never be reached with --sample 2"),
        (Limits(until=datetime(2027, 1, 1)), "no time zone"),  # noqa: DTZ001 - the point
        (Limits(until=NOW), "is in the past"),
        (Limits(until=datetime(9999, 12, 31, tzinfo=UTC)), "within ten years"),
    ],
)
def test_contradictions_are_refused(limits, words):
    with pytest.raises(LimitError, match=words):
        limits.validate(NOW)


def test_sensible_limits_are_returned():
    limits = Limits(
        sample=3, sample_passes=2, until=datetime(2026, 1, 2, tzinfo=UTC), max_failure_rate=1
    )
    assert limits.validate(NOW) is limits
    Limits(until=NOW).validate()
    Limits().validate(NOW)


def test_limits_survive_storage():
    limits = Limits(
        until=NOW, queued_policy=QueuedPolicy.RUN, key_level=KeyLevel.COARSE, max_failure_rate=0.5
    )
    assert Limits.from_json(limits.to_json()) == limits
    assert Limits.from_json(Limits().to_json()) == Limits()
    assert Limits.from_json({}) == Limits()


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"batch": 3}, "no limit called “batch”"),
        ({"queued_policy": "all"}, "use one of phase, dependents, run, ignore"),
        ({"key_level": "deep"}, "use one of key, coarse, fine"),
        ({"until": "tomorrow"}, "is not a time"),
    ],
)
def test_what_cannot_be_read_is_refused(stored, words):
    with pytest.raises(LimitError, match=words):
        Limits.from_json(stored)


def test_a_policy_is_known_by_its_name():
    assert parse_queued_policy("dependents") is QueuedPolicy.DEPENDENTS


@pytest.mark.parametrize(
    ("own", "profile", "seconds"), [(5, 7, 5), (None, 7, 7), (None, None, 900)]
)
def test_the_phase_timeout_is_the_sessions_else_the_profiles_else_900(own, profile, seconds):
    assert Limits(phase_timeout_seconds=own).phase_timeout(profile) == seconds


@pytest.mark.parametrize(("batch", "window"), [(1, 1), (10, 5), (1000, 20)])
def test_the_breaker_window_always_fits_the_batch(batch, window):
    assert Limits(batch_size=batch).breaker_window == window


@pytest.mark.parametrize(("sample", "passes", "needed"), [(None, None, 0), (3, None, 1), (3, 2, 2)])
def test_a_sample_needs_one_pass_unless_told_otherwise(sample, passes, needed):
    assert Limits(sample=sample, sample_passes=passes).passes_needed == needed


@pytest.mark.parametrize(
    ("scope", "words"),
    [
        (Scope(skip_run_prefixes=("",)), "would skip every run"),
        (Scope(fingerprints={""}), "--fingerprint is empty"),
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(scope, words):
    with pytest.raises(LimitError, match=words):
        scope.validate()


def test_a_sensible_scope_is_returned():
    scope = Scope(skip_run_prefixes=("old-",), fingerprints={"a"})
    assert scope.validate() is scope
