"""That a cause stays away is shown by what completed of the phases that failed so, and by nothing else."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.checks.schedule import judge_due
from drain.models import Check, CheckResult
from drain.models.vocabulary import CheckKind
from tests.evidence.checks.test_run import _attempts, _judge
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    return SessionFactory()


@pytest.mark.parametrize("outcome", ["lost", "retryable", "skipped"])
def test_attempts_that_could_not_have_shown_a_cause_are_no_proof_that_it_stays_away(
    session, outcome
):
    cause = FingerprintFactory(key="k", title="Boom")
    for _ in range(4):
        phase = CandidateFactory(session=session, fingerprint="k").phase
        AttemptFactory(phase=phase, session=session, outcome=outcome, fingerprint="worker")
    for fields in (
        {"kind": CheckKind.NO_FINGERPRINT, "fingerprint": cause},
        {"kind": CheckKind.NO_PATTERN, "pattern": "boom"},
    ):
        found = _judge(session, **fields)
        assert (found.verdict, found.observed["n"]) == ("not_enough_data", 0)


@pytest.mark.parametrize("completed", [1, 3])
def test_what_fails_by_something_else_does_not_show_that_a_cause_stays_away(session, completed):
    """Each of them may have died before the cause could come."""
    cause = FingerprintFactory(key="k", title="Boom")
    for number in range(6):
        phase = CandidateFactory(session=session, fingerprint="k").phase
        ended = {"outcome": "complete"} if number < completed else {"fingerprint": "crash"}
        AttemptFactory(phase=phase, session=session, error="crash", **ended)
    for fields in (
        {"kind": CheckKind.NO_FINGERPRINT, "fingerprint": cause},
        {"kind": CheckKind.NO_PATTERN, "pattern": "boom"},
    ):
        found = _judge(session, **fields)
        assert found.verdict == ("pass" if completed == 3 else "not_enough_data")
        assert "6 of 6 phases that" in found.sentence
        assert f"tried again, {completed} of them completed" in found.sentence
        if completed == 3:
            assert found.observed["high"] == pytest.approx(1 - 0.05 ** (1 / 3))


def test_a_lost_attempt_speaks_against_the_check_that_nothing_is_lost(session):
    lost = FingerprintFactory(key="worker", title="worker lost")
    _attempts(session, 2, outcome="lost", fingerprint="worker")
    assert _judge(session, CheckKind.NO_FINGERPRINT, fingerprint=lost).verdict == "fail"


def test_how_often_a_cause_may_still_come_is_said_by_the_phases_that_could_have_shown_it(session):
    cause = FingerprintFactory(key="k", title="Boom")
    for _ in range(4):
        phase = CandidateFactory(session=session, fingerprint="k").phase
        AttemptFactory(phase=phase, session=session, outcome="complete")
    _attempts(session, 60, outcome="complete")
    found = _judge(session, CheckKind.NO_FINGERPRINT, fingerprint=cause)
    assert found.verdict == "pass"
    assert found.observed["high"] == pytest.approx(1 - 0.05 ** (1 / 4))
    assert "None of 64 attempts" in found.sentence


def test_phases_of_one_run_may_all_be_lucky_together(session):
    cause, run = FingerprintFactory(key="k", title="Boom"), RunFactory()
    for _ in range(20):
        phase = CandidateFactory(
            session=session, fingerprint="k", phase=PhaseFactory(run=run)
        ).phase
        AttemptFactory(phase=phase, session=session, outcome="complete")
    found = _judge(session, CheckKind.NO_FINGERPRINT, fingerprint=cause)
    assert (found.verdict, found.observed["again"]) == ("pass", 20)
    assert "at most 95.0 % at 95 %" in found.sentence


def test_of_the_fleet_too_only_what_completed_shows_that_a_pattern_stays_away():
    Check.objects.create(name="c", kind=CheckKind.NO_PATTERN, pattern="boom", every_minutes=1)
    for outcome, count in (("failed", 20), ("complete", 20)):
        for _ in range(count):
            AttemptFactory(outcome=outcome, error="crash", started_at=NOON - timedelta(hours=1))
    judge_due(NOON)
    found = CheckResult.objects.get()
    assert (found.verdict, found.observed["enough"]) == ("not_enough_data", 30)
    assert (
        "None of 40 attempts failed with “boom” in their error, 20 of them completed"
        in found.sentence
    )
    for _ in range(10):
        AttemptFactory(outcome="complete", started_at=NOON - timedelta(hours=1))
    judge_due(NOON + timedelta(minutes=5))
    assert CheckResult.objects.latest("pk").verdict == "pass"
