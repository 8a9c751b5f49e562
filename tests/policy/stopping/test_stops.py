"""Every stop trips exactly when its limit is reached, on what it counts and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drain.policy.reasons import ExclusionReason, RunStop, SampleVerdict, StopReason
from drain.policy.states import Outcome
from drain.policy.stopping.limits import Limits
from drain.policy.stopping.stops import (
    failure_rate,
    judge_attempt,
    judge_sample,
    judge_time,
    sample_gate_open,
)
from drain.policy.stopping.tallies import Ended, RunTally, SessionTally

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
COMPLETE, FAILED, TIMEOUT = Outcome.COMPLETE, Outcome.FAILED, Outcome.TIMEOUT


def ended(outcome=FAILED, key="a", **more):
    return Ended(outcome, "" if outcome is COMPLETE else key, **more)


def replay(limits, ends, plan_size=100):
    run, session, found = RunTally(), SessionTally(), []
    for end in ends:
        judged = judge_attempt(limits, run, session, end, run_has_verdict=True, plan_size=plan_size)
        run, session = judged.run, judged.session
        found.append(judged)
    return found


def first_trip(found, part):
    return next((n for n, judged in enumerate(found, 1) if getattr(judged, part)), None)


def after(limits, *ends):
    return replay(limits, ends)[-1].session_stop


ELSEWHERE = {
    StopReason.PERSON, StopReason.PREFLIGHT_FAILED, StopReason.INTERRUPTED, StopReason.BUDGET,
    StopReason.NOTHING_SELECTED,
}  # fmt: skip
"""Reasons that no limit gives."""
TRIPPED = {
    StopReason.MAX_TOTAL_MINUTES: lambda: judge_time(
        Limits(max_total_minutes=1), NOW, NOW + timedelta(minutes=1)
    ),
    StopReason.UNTIL: lambda: judge_time(Limits(until=NOW), NOW, NOW),
    StopReason.MAX_CONSECUTIVE_ZERO_YIELD: lambda: after(
        Limits(max_consecutive_zero_yield=1), ended()
    ),
    StopReason.FAILURE_RATE: lambda: after(
        Limits(max_failure_rate=1, failure_rate_window=1), ended()
    ),
    StopReason.SAMPLE_FAILED: lambda: after(Limits(sample=1), ended(position=1)),
}


@pytest.mark.parametrize("reason", sorted(set(StopReason) - ELSEWHERE))
def test_every_stop_reason_has_its_rule(reason):
    rule = "drain/policy/stopping/stops.py"
    assert reason in TRIPPED, (
        f"TRIPPED says not what trips {reason.value}: add it, its rule is in {rule}"
    )
    card = TRIPPED[reason]()
    assert card is not None, f"nothing trips {reason.value}: its rule is in {rule}"
    assert card.rule is reason


REPEATS = [
    ([ended()] * 5, 3),
    ([ended(key="a"), ended(key="b")] * 3, 5),
    ([ended(key="")] * 9, None),
    ([ended(Outcome.RETRYABLE)] * 9, None),
    ([ended(Outcome.INTERRUPTED)] * 9, None),
    ([ended(Outcome.DIVERTED)] * 9, None),
    ([ended(Outcome.LOST)] * 4, 3),
    ([ended(COMPLETE)] * 9, None),
]


@pytest.mark.parametrize(("ends", "at"), REPEATS)
def test_a_run_stops_at_the_third_equal_failure(ends, at):
    found = replay(Limits(), ends)
    assert first_trip(found, "run_stop") == at
    if at:
        card = found[at - 1].run_stop
        assert (card.rule, card.limit, card.observed) == (RunStop.FINGERPRINT_REPEATS, 3, 3)
        assert card.rule.exclusion is ExclusionReason.RUN_STOPPED


def test_timeouts_stop_a_run_by_their_own_limit_alone():
    card = replay(Limits(), [ended(TIMEOUT, run_id="r1")] * 2)[1].run_stop
    assert card.rule is RunStop.TIMEOUTS
    assert card.rule.exclusion is ExclusionReason.RUN_TIMEOUTS
    assert card.sentence == "Run r1 had 2 timeouts; the limit is 2."
    many = replay(Limits(max_timeouts_per_run=50, max_fingerprint_repeats=1), [ended(TIMEOUT)] * 9)
    assert first_trip(many, "run_stop") is None


def test_a_fingerprint_stops_over_all_runs_only_when_asked():
    ends = [ended()] * 6
    assert first_trip(replay(Limits(), ends), "fingerprint_stop") is None
    found = replay(Limits(max_session_fingerprint_repeats=4), ends)
    assert first_trip(found, "fingerprint_stop") == 4
    assert found[3].fingerprint_stop.to_json() == {
        "rule": "fingerprint_stopped",
        "limit": 4,
        "observed": 4,
        "sentence": "The drain met the same failure 4 times; the limit is 4.",
        "key": "a",
    }


ZERO_YIELDS = [
    ([ended()] * 3, 3),
    ([ended(COMPLETE)] * 3, 3),
    ([ended(), ended(telemetry=1), ended(), ended()], None),
    ([ended(), ended(Outcome.CANCELLED), ended(), ended()], 4),
]


@pytest.mark.parametrize(("ends", "at"), ZERO_YIELDS)
def test_attempts_in_a_row_without_telemetry_stop_the_session(ends, at):
    limits = Limits(max_consecutive_zero_yield=3)
    found = replay(limits, ends)
    assert first_trip(found, "session_stop") == at
    if at:
        assert found[at - 1].session_stop.rule is StopReason.MAX_CONSECUTIVE_ZERO_YIELD


BREAKER = [
    ([ended()] * 5, 5),
    ([ended(), ended(COMPLETE)] * 5, None),
    ([ended(COMPLETE)] * 2 + [ended()] * 4, 6),
    ([ended(Outcome.RETRYABLE)] * 9 + [ended(Outcome.SKIPPED)] * 9, None),
]


@pytest.mark.parametrize(("ends", "at"), BREAKER)
def test_the_breaker_opens_when_the_latest_attempts_fail_too_often(ends, at):
    found = replay(Limits(max_failure_rate=0.8), ends)
    assert first_trip(found, "session_stop") == at
    if at:
        card = found[at - 1].session_stop
        assert card.rule is StopReason.FAILURE_RATE
        assert card.sentence.endswith("of the last 5 attempts failed; the limit is 80%.")


def test_without_attempts_the_failure_rate_is_zero():
    assert failure_rate(SessionTally()) == 0


@pytest.mark.parametrize(
    ("limits", "minutes", "paused", "rule"),
    [
        (Limits(), 9999, 0, None),
        (Limits(max_total_minutes=10), 9.9, 0, None),
        (Limits(max_total_minutes=10), 10, 0, StopReason.MAX_TOTAL_MINUTES),
        (Limits(max_total_minutes=10), 12, 5, None),
        (Limits(max_total_minutes=10), -3, 0, None),
        (Limits(until=NOW + timedelta(minutes=5)), 4.9, 0, None),
        (Limits(until=NOW + timedelta(minutes=5)), 5, 0, StopReason.UNTIL),
    ],
)
def test_time_is_up_exactly_at_the_limit_and_pauses_do_not_count(limits, minutes, paused, rule):
    now = NOW + timedelta(minutes=minutes)
    card = judge_time(limits, NOW, now, timedelta(minutes=paused))
    assert (card and card.rule) == rule


SAMPLES = [
    ([COMPLETE, FAILED], 100, None, True),
    ([FAILED, FAILED], 100, StopReason.SAMPLE_FAILED, False),
    ([FAILED, Outcome.DIVERTED], 100, StopReason.SAMPLE_FAILED, False),
    ([FAILED, Outcome.INTERRUPTED], 100, None, False),
    ([FAILED], 100, None, False),
    ([FAILED], 1, StopReason.SAMPLE_FAILED, True),
]


@pytest.mark.parametrize(("outcomes", "plan_size", "rule", "gate"), SAMPLES)
def test_a_session_goes_on_only_after_enough_of_its_sample_passed(outcomes, plan_size, rule, gate):
    limits = Limits(sample=2, sample_passes=1)
    ends = [ended(outcome, position=n) for n, outcome in enumerate(outcomes, 1)]
    last = replay(limits, ends, plan_size)[-1]
    assert (last.session_stop and last.session_stop.rule) == rule
    assert sample_gate_open(limits, last.session, plan_size) is gate


def test_a_retry_and_a_phase_beyond_the_sample_do_not_count_for_it():
    ends = [ended(COMPLETE, position=1, attempt=2), ended(COMPLETE, position=3)]
    assert replay(Limits(sample=2), ends)[-1].session.sample_ended == 0


def test_a_dropped_phase_cannot_pass():
    limits = Limits(sample=2)
    dropped = SessionTally().sample_dropped().sample_dropped()
    card = judge_sample(limits, dropped, 9)
    assert card is not None
    assert card.observed == 0


def test_without_a_sample_nothing_waits_for_it():
    assert sample_gate_open(Limits(), SessionTally(), 9)


def test_tallies_survive_storage():
    judged = replay(Limits(sample=2), [ended(position=1), ended(TIMEOUT)])[-1]
    assert RunTally.from_json(judged.run.to_json()) == judged.run
    assert SessionTally.from_json(judged.session.to_json()) == judged.session
    assert SessionTally.from_json({}) == SessionTally()


VERDICTS = [
    (ended(COMPLETE), SampleVerdict.PROMISING),
    (ended(TIMEOUT), SampleVerdict.PROMISING),
    (ended(key="new"), SampleVerdict.PROMISING),
    (ended(key=""), SampleVerdict.PROMISING),
    (ended(key="a", telemetry=1), SampleVerdict.PROMISING),
    (ended(key="a"), SampleVerdict.DEPRIORITISED),
    (ended(Outcome.SKIPPED), SampleVerdict.PROMISING),
    (ended(Outcome.LOST), None),
    (ended(Outcome.RETRYABLE), None),
    (ended(Outcome.INTERRUPTED), None),
]


@pytest.mark.parametrize(("end", "verdict"), VERDICTS)
def test_a_sample_judges_its_run(end, verdict):
    before = SessionTally(repeats={"a": 1})
    judged = judge_attempt(Limits(), RunTally(), before, end, run_has_verdict=False, plan_size=9)
    assert judged.verdict is verdict


def test_a_run_is_judged_once():
    assert replay(Limits(), [ended()])[0].verdict is None


def test_every_stop_reason_has_a_sentence_for_people():
    assert all(reason.sentence.endswith(".") for reason in StopReason)
