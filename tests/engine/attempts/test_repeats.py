"""One failure against the limit of a session or a run: the same key, or one that may be the same."""

from __future__ import annotations

from typing import Any

import pytest

from drain.engine.attempts.judge import CountedFailure, Finished, _count, _Run
from drain.models import Candidate, DrainSession, Phase, SessionFingerprint
from drain.policy.states import Outcome
from drain.policy.stopping.limits import KeyLevel
from drain.policy.stopping.tallies import Ended, RunTally
from tests.engine.attempts.hand_drain import HandDrain, failed_run
from tests.factories import (
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


def counted(session: DrainSession, run: int, failure: CountedFailure) -> tuple[int, int]:
    """One more of it in a run; how often it had come before in the run, and in the session."""
    ended = Ended(Outcome.FAILED, failure.key)
    finished = Finished(1, session.pk, run, {}, "", ended, failure)
    before = _count([finished], {run: _Run(run, run, "0", "", RunTally(), again=False)}).before
    return before[session.pk, run, failure.key], before[session.pk, 0, failure.key]


@pytest.mark.parametrize(
    ("earlier", "run", "times"),
    [
        (CountedFailure("k", "h", True), 7, (1, 1)),
        (CountedFailure("k", "h", True), 8, (0, 1)),
        (CountedFailure("x", "h", False), 7, (1, 1)),
        (CountedFailure("x", "h", False), 8, (0, 1)),
        (CountedFailure("x", "h", True), 7, (0, 0)),
        (CountedFailure("x", "other", False), 7, (0, 0)),
    ],
)
def test_a_failure_counts_with_those_that_may_be_the_same_in_its_run_and_in_its_session(
    earlier: CountedFailure, run: int, times: tuple[int, int]
) -> None:
    session, another = SessionFactory(), SessionFactory()
    counted(another, 7, CountedFailure("x", "h", False))
    counted(session, run, earlier)
    assert counted(session, 7, CountedFailure("k", "h", True)) == times


def test_at_a_level_without_places_no_failure_may_be_another() -> None:
    session = SessionFactory()
    counted(session, 7, CountedFailure("x", "", False))
    assert counted(session, 7, CountedFailure("k", "", False)) == (0, 0)


@pytest.mark.parametrize("known", [(True, False), (False, True)])
def test_a_failure_whose_place_was_once_not_known_may_be_another_from_then_on(
    known: tuple[bool, bool],
) -> None:
    session = SessionFactory()
    for each in known:
        counted(session, 7, CountedFailure("x", "h", each))
    assert counted(session, 7, CountedFailure("k", "h", True)) == (2, 2)


@pytest.mark.parametrize(
    ("level", "came", "starts"),
    [
        ("key", {"key": "k"}, False),
        ("key", {"key": "c"}, True),
        ("coarse", {"key": "c"}, False),
        ("coarse", {"key": "k"}, True),
        ("fine", {"key": "newer"}, False),
        ("fine", {"key": "older"}, True),
        ("fine", {"key": "of another cause"}, True),
        ("key", {"key": "x", "headline": "h", "place_known": False}, False),
        ("key", {"key": "x", "headline": "h", "place_known": True}, True),
        ("key", {"key": "x", "headline": "", "place_known": False}, True),
        ("coarse", {"key": "x", "headline": "h", "place_known": False}, True),
    ],
)
def test_what_waits_is_left_alone_if_what_it_failed_by_last_may_be_what_came_too_often(
    level: str, came: dict[str, Any], starts: bool
) -> None:
    ExecutorFactory()
    failed_run("a")
    FingerprintFactory(key="k", coarse="c", headline="h", place_known=True)
    Phase.objects.update(last_fingerprint="k", attempts=3)
    for number, cause, fine in ((1, "k", "older"), (2, "k", "newer"), (3, "z", "of another cause")):
        AttemptFactory(phase=Phase.objects.get(), number=number, fingerprint=cause, fine=fine)
    drain = HandDrain(max_session_fingerprint_repeats=2, key_level=KeyLevel(level))
    SessionFingerprint.objects.create(session=drain.session, run_pk=0, count=2, **came)
    assert drain.names() == (["a0"] if starts else [])


def test_a_cause_without_a_headline_may_be_no_other() -> None:
    ExecutorFactory()
    failed_run("a")
    FingerprintFactory(key="k", headline="", place_known=False)
    Phase.objects.update(last_fingerprint="k")
    drain = HandDrain(max_session_fingerprint_repeats=2)
    SessionFingerprint.objects.create(
        session=drain.session, run_pk=0, key="x", place_known=False, count=2
    )
    assert drain.names() == ["a0"]


def test_a_cause_is_excused_only_by_what_completed_of_it_in_its_own_drain_and_takes_nothing_else_along() -> (
    None
):
    ExecutorFactory()
    failed_run("a", 4)
    Phase.objects.update(last_fingerprint="k")
    Phase.objects.filter(phase_id__in=("a0", "a3")).update(last_fingerprint="other")
    drain = HandDrain(max_session_fingerprint_repeats=1, max_fingerprint_repeats=100)
    done, failed = drain.start(2)
    CandidateFactory(
        session=SessionFactory(), phase_id=failed.phase, fingerprint="k", outcome="complete"
    )
    drain.end([done], Outcome.COMPLETE)
    drain.end([failed], Outcome.FAILED)
    waiting = Candidate.objects.filter(session=drain.session).order_by("position")
    assert list(waiting.values_list("status", flat=True)) == ["done", "done", "excluded", "waiting"]
