"""A check says pass, fail or not enough data, and names what it stands on."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from drain.engine.prune import prune
from drain.evidence.checks import matching
from drain.evidence.checks.run import checks_of, judge, run_checks
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import Check, CheckResult
from drain.models.vocabulary import CheckKind, Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return SessionFactory()


def _attempts(session, count, **fields):
    return [AttemptFactory(session=session, **fields) for _ in range(count)]


def _judge(session, kind, **fields):
    return judge(Check.objects.create(name="check", kind=kind, **fields), session)


def test_a_known_bad_pattern_that_came_back_fails_with_its_attempts(session):
    bad = _attempts(session, 1, error="ModuleNotFoundError: No module named 'COVERAGE_tracker'")
    _attempts(session, 3, outcome="complete")
    found = _judge(session, CheckKind.NO_PATTERN, pattern="no module named 'coverage_tracker'")
    assert found.verdict == "fail"
    assert found.observed["attempts"] == [bad[0].pk]
    assert found.sentence.startswith("1 of 4 attempts failed with")


def test_a_pattern_that_did_not_come_back_passes_with_how_sure_that_is(session):
    assert _judge(session, CheckKind.NO_PATTERN, pattern="x").verdict == "not_enough_data"
    FingerprintFactory(key="x", title="x")
    for attempt in _attempts(session, 60, outcome="complete"):
        CandidateFactory(session=session, phase=attempt.phase, fingerprint="x")
    found = _judge(session, CheckKind.NO_PATTERN, pattern="x")
    assert found.verdict == "pass"
    assert "None of 60 attempts" in found.sentence
    assert 0 < found.observed["high"] < 0.07


@pytest.mark.parametrize("named", [{"fingerprint": "k"}, {"pattern": "boom"}])
@pytest.mark.parametrize(
    ("had", "again", "others", "verdict", "said"),
    [
        (5, 0, 40, "not_enough_data", "0 of 5 phases that failed with"),
        (5, 1, 0, "not_enough_data", "before was tried again: not enough data, 3 would be enough."),
        (5, 3, 0, "pass", "; 3 of 5 phases that had failed this way before were tried again."),
        (1, 1, 0, "pass", "; 1 of 1 phase that had failed this way before was tried again."),
        (0, 0, 30, "not_enough_data", "before: nothing could have shown it."),
    ],
)
def test_a_cause_stayed_away_only_where_enough_that_could_have_failed_so_was_tried(
    session, named, had, again, others, verdict, said
):
    """Half of those that had failed so have an attempt before, of the others the plan alone knows it."""
    cause = FingerprintFactory(key="k", title="Boom", sample="boom")
    for index in range(had):
        known = index % 2 == 0
        phase = CandidateFactory(session=session, fingerprint="" if known else "k").phase
        if known:
            before = session.started_at - timedelta(hours=1)
            AttemptFactory(phase=phase, fingerprint="k", error="Boom!", started_at=before)
        if index < again:
            AttemptFactory(phase=phase, session=session, outcome="complete")
    _attempts(session, others, outcome="complete")
    kind = CheckKind.NO_PATTERN if "pattern" in named else CheckKind.NO_FINGERPRINT
    found = _judge(session, kind, **(named if "pattern" in named else {"fingerprint": cause}))
    assert (found.verdict, found.observed["n"]) == (verdict, again + others)
    assert said in found.sentence


def test_a_pattern_is_literal_unless_it_asks_to_be_a_regular_expression(session):
    _attempts(session, 1, error="SyntaxError: invalid syntax")
    found = _judge(session, CheckKind.NO_PATTERN, pattern="Syntax.rror")
    assert (found.verdict, found.observed["found"]) == ("not_enough_data", 0)
    assert _judge(session, CheckKind.NO_PATTERN, pattern="re:syntax.rror").verdict == "fail"


def test_a_hostile_pattern_costs_a_bounded_time_and_says_so(session, monkeypatch):
    monkeypatch.setattr(matching, "PATTERN_SECONDS", 0.2)
    _attempts(session, 1, error="a" * 4000 + "!")
    started = time.monotonic()
    found = _judge(session, CheckKind.NO_PATTERN, pattern=r"re:^(.+)(.+)(.+)\1\2\3$")
    assert time.monotonic() - started < 5
    assert found.verdict == "not_enough_data"
    assert "took more than" in found.sentence
    assert "cannot read" in _judge(session, CheckKind.NO_PATTERN, pattern="re:(").sentence


def test_no_fingerprint_counts_what_was_merged_into_it(session):
    target = FingerprintFactory(key="t")
    FingerprintFactory(key="m", merged_into=target)
    CandidateFactory(
        session=session,
        fingerprint="m",
        phase=AttemptFactory(session=session, outcome="complete").phase,
    )
    assert _judge(session, CheckKind.NO_FINGERPRINT, fingerprint=target).verdict == "pass"
    _attempts(session, 1, fingerprint="m")
    assert _judge(session, CheckKind.NO_FINGERPRINT, fingerprint=target).verdict == "fail"
    assert _judge(session, CheckKind.NO_FINGERPRINT).verdict == "not_enough_data"


@pytest.mark.parametrize(
    ("complete", "failed", "threshold", "verdict"),
    [
        (79, 0, 0.9, "pass"),
        (10, 0, 0.9, "not_enough_data"),
        (5, 40, 0.9, "fail"),
        (0, 0, 0.9, "not_enough_data"),
        (3, 0, 1.0, "pass"),
        (30, 1, 1.0, "fail"),
    ],
)
def test_completion_rate(session, complete, failed, threshold, verdict):
    _attempts(session, complete, outcome="complete")
    _attempts(session, failed)
    _attempts(session, 2, outcome="retryable")
    found = _judge(session, CheckKind.COMPLETION_RATE, threshold=threshold)
    assert found.verdict == verdict
    assert found.observed["n"] == complete + failed
    if verdict == "not_enough_data":
        assert found.observed["enough"] == 79
        assert "79 would be enough" in found.sentence


def test_all_of_them_is_decided_by_the_first_attempt(session):
    found = _judge(session, CheckKind.COMPLETION_RATE, threshold=1.0)
    assert found.sentence.endswith("not enough data, about 1 would be enough.")


def test_that_phases_which_had_all_failed_complete_now_is_no_better_rate(session):
    for _ in range(8):
        phase = PhaseFactory()
        CandidateFactory(session=session, phase=phase, fingerprint="k")
        AttemptFactory(session=session, phase=phase, outcome="complete")
    found = _judge(session, CheckKind.RATE_NOT_WORSE)
    assert found.verdict == "not_enough_data"
    assert "a second try alone may do that" in found.sentence


def test_what_may_be_the_cause_fails_the_check_that_it_stays_away(session):
    reason = FingerprintFactory(key="r", headline="h")
    FingerprintFactory(key="t", headline="h", place_known=True)
    FingerprintFactory(key="u", headline="other", place_known=True)
    _attempts(session, 2, fingerprint="t")
    _attempts(session, 3, fingerprint="u")
    found = _judge(session, CheckKind.NO_FINGERPRINT, fingerprint=reason)
    assert (found.verdict, found.observed["found"]) == ("fail", 2)
    assert "or with what may be it" in found.sentence


def test_two_places_of_one_headline_are_two_causes(session):
    here = FingerprintFactory(key="h", headline="h", place_known=True)
    FingerprintFactory(key="t", headline="h", place_known=True)
    _attempts(session, 2, fingerprint="t")
    assert _judge(session, CheckKind.NO_FINGERPRINT, fingerprint=here).verdict == "not_enough_data"


def test_a_fix_that_does_not_concern_the_drain_has_its_checks_left_out(session):
    phase = CandidateFactory(session=session, fingerprint="here").phase
    AttemptFactory(session=session, phase=phase, fingerprint="here")
    for key in ("here", "elsewhere"):
        FingerprintFactory(key=key)
        add_marker(key, By("ada", Origin.BROWSER, NOON), keys=[key], guarded=True)
    assert {check.marker.title for check in checks_of(session)} == {"here"}


def test_a_rate_that_did_not_move_on_many_phases_is_a_fail(session):
    for _ in range(120):
        phase = PhaseFactory()
        CandidateFactory(session=session, phase=phase, fingerprint="k")
        AttemptFactory(session=session, phase=phase)
    found = _judge(session, CheckKind.RATE_NOT_WORSE)
    assert found.verdict == "fail"
    assert "None of 120" in found.sentence
    assert "ruled out" in found.sentence


def test_a_rate_is_not_compared_without_attempts(session):
    assert _judge(session, CheckKind.RATE_NOT_WORSE).verdict == "not_enough_data"


@pytest.mark.parametrize(
    ("events", "threshold", "verdict"),
    [
        ([5] * 20, 2, "pass"),
        ([0, 1] * 20, 2, "fail"),
        (
            [0] * 99,
            2,
            "not_enough_data",
        ),  # a hundred runs without an event leave few that bring any
        ([0] * 100, 2, "fail"),
        ([2, 3] * 10, 2, "not_enough_data"),
        ([50] + [0] * 9, 2, "not_enough_data"),  # one attempt brought all of them
    ],
)
def test_yield_per_minute(session, events, threshold, verdict):
    for count in events:
        _attempts(session, 1, outcome="complete", telemetry_count=count)
    assert _judge(session, CheckKind.YIELD, threshold=threshold).verdict == verdict


def test_yield_needs_an_attempt(session):
    assert _judge(session, CheckKind.YIELD, threshold=1).verdict == "not_enough_data"


def test_no_phase_left_in_a_state(session):
    assert _judge(session, CheckKind.NO_STATE, state="FAILED").verdict == "not_enough_data"
    phase = PhaseFactory(state="COMPLETE")
    CandidateFactory(session=session, phase=phase)
    found = _judge(session, CheckKind.NO_STATE, state="FAILED")
    assert (found.verdict, found.sentence) == ("pass", "None of 1 phase is FAILED now.")
    left = CandidateFactory(session=session, phase=PhaseFactory(state="FAILED")).phase
    found = _judge(session, CheckKind.NO_STATE, state="FAILED")
    assert (found.verdict, found.observed["phases"]) == ("fail", [left.pk])


def test_what_is_recorded_of_each_attempt_is_looked_at_in_full(session):
    silent = "No attempt printed anything: not enough data, 1 would be enough."
    _attempts(session, 2, outcome="complete", log_bytes=0)
    assert _judge(session, CheckKind.LOGS_KEPT).sentence == silent
    _attempts(session, 1, failure_category="import", log_bytes=9, log_inline=b"x")
    found = _judge(session, CheckKind.NO_UNKNOWN)
    assert (found.verdict, found.sentence) == (
        "pass",
        "None of 3 attempts failed with an unknown error: each was looked at.",
    )
    assert _judge(session, CheckKind.LOGS_KEPT).observed["n"] == 1
    assert _judge(session, CheckKind.LOGS_KEPT).verdict == "pass"
    _attempts(session, 1, failure_category="unknown", log_bytes=9)
    assert _judge(session, CheckKind.NO_UNKNOWN).verdict == "fail"
    assert _judge(session, CheckKind.LOGS_KEPT).verdict == "fail"


def test_a_log_that_was_pruned_is_not_one_that_was_lost():
    session = SessionFactory(state="running", ended_at=None)
    _attempts(session, 1, log_bytes=9, log_inline=b"x", outcome="lost")
    prune(timezone.now() + timedelta(days=1), timedelta(hours=1))
    found = _judge(session, CheckKind.LOGS_KEPT)
    assert (found.verdict, found.observed["n"]) == ("pass", 1)


def test_a_check_of_a_marker_looks_only_at_attempts_started_after_the_fix(session):
    marker = add_marker("fix", By("ada", Origin.BROWSER, NOON))
    phase = CandidateFactory(session=session).phase
    for outcome, minute in (("failed", 0), ("complete", 1)):
        at = NOON + timedelta(minutes=minute)
        error = "boom" if outcome == "failed" else ""
        AttemptFactory(phase=phase, session=session, outcome=outcome, error=error, started_at=at)
    found = _judge(session, CheckKind.NO_PATTERN, pattern="boom", marker=marker)
    assert (found.verdict, found.observed["n"], found.observed["had"]) == ("pass", 1, 1)


def test_running_checks_stores_a_result_for_each_that_concerns_the_session(session):
    _attempts(session, 1, outcome="complete")
    marker = add_marker("fix", By("ada", Origin.BROWSER, NOON))
    late = add_marker("late", By("ada", Origin.BROWSER, NOON + timedelta(days=1)))
    for fields in (
        {"session": session},
        {"session": SessionFactory()},
        {"marker": marker},
        {"marker": late},
        {},
        {"enabled": False},
    ):
        Check.objects.create(name="c", kind=CheckKind.NO_PATTERN, pattern="x", **fields)
    results = run_checks(session, NOON)
    assert len(results) == len(checks_of(session)) == 3
    assert CheckResult.objects.filter(session=session).count() == 3
