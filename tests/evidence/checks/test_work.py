"""Phases that completed without doing the work show nothing:
a guard does not pass on it, and no rate is better by it.
"""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.checks.evidence import ground_of_fleet, ground_of_marker
from drain.evidence.checks.run import judge, judge_on
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import Check
from drain.models.vocabulary import CheckKind, Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NOT_DONE = "but the work may not have been done"


def worked(count, at, *, events=5, seconds=30, **fields):
    """So many attempts that completed, each of a phase and a run of its own."""
    for _ in range(count):
        ended = {"started_at": at, "finished_at": at + timedelta(seconds=seconds)}
        AttemptFactory(outcome="complete", telemetry_count=events, **ended, **fields)


def drained(session, count=12, *, events=5, seconds=30, **phase):
    """Phases of its plan that had failed by `k` and complete in it, doing so much."""
    for _ in range(count):
        found = PhaseFactory(**phase)
        CandidateFactory(session=session, phase=found, fingerprint="k")
        worked(1, NOON, events=events, seconds=seconds, session=session, phase=found)


def guards():
    cause = FingerprintFactory(key="k", title="Boom", sample="Boom!")
    by_key = Check.objects.create(
        name="no k", kind=CheckKind.NO_FINGERPRINT, fingerprint=cause, enabled=True
    )
    texts = ("boom", "re:b.om")
    return [
        by_key,
        *(
            Check.objects.create(name=text, kind=CheckKind.NO_PATTERN, pattern=text)
            for text in texts
        ),
    ]


@pytest.fixture
def session():
    return SessionFactory(started_at=NOON - MINUTE)


@pytest.mark.parametrize(
    ("events", "seconds", "said"),
    [
        (5, 30, ""),
        (
            0,
            30,
            "of what completed 0 of 12 phases brought an event, of what completed before 20 of 20",
        ),
        (1, 30, "12 of 12 phases that completed brought less than a quarter of the 5 events"),
        (5, 0.5, "12 of 12 phases that completed took less than a tenth of the 30.0 s"),
    ],
)
def test_a_guard_passes_on_work_that_is_done_and_not_on_what_ends_at_once(
    session, events, seconds, said
):
    worked(20, NOON - 2 * HOUR)
    drained(session, events=events, seconds=seconds)
    for guard in guards():
        found = judge(guard, session)
        if said:
            assert (found.verdict, found.observed["enough"]) == ("not_enough_data", None)
            assert NOT_DONE in found.sentence
            assert said in found.sentence
        else:
            assert (found.verdict, "may not" in found.sentence) == ("pass", False)


def test_work_that_never_brought_an_event_is_done_without_one(session):
    worked(20, NOON - 2 * HOUR, events=0)
    drained(session, events=0)
    assert {judge(guard, session).verdict for guard in guards()} == {"pass"}


def test_work_is_held_against_its_own_sort_and_against_what_was_before(session):
    """Another source, another category and what came since say nothing of it."""
    here = SourceFactory()
    worked(20, NOON - 2 * HOUR, phase__run__source=SourceFactory(), phase__category="small")
    worked(20, NOON - 2 * HOUR, phase__run__source=here, phase__category="large")
    worked(20, NOON + HOUR, phase__run__source=here, phase__category="small")
    drained(session, events=0, run__source=here, category="small")
    (guard, *_) = guards()
    assert judge(guard, session).verdict == "pass"
    worked(20, NOON - 2 * HOUR, phase__run__source=here, phase__category="small")
    assert judge(guard, session).verdict == "not_enough_data"


def test_only_what_had_failed_so_is_asked_for_its_work(session):
    """Other phases of the drain may be as empty as they always were."""
    worked(20, NOON - 2 * HOUR)
    drained(session)
    worked(40, NOON, events=0, session=session)
    assert {judge(guard, session).verdict for guard in guards()} == {"pass"}


@pytest.mark.parametrize(("events", "verdict"), [(5, "pass"), (0, "not_enough_data")])
def test_a_guard_of_a_fix_and_one_of_the_fleet_look_at_the_work_too(session, events, verdict):
    worked(20, NOON - 2 * HOUR)
    drained(session, 40, events=events)
    (guard, *_) = guards()
    by = By("ada", Origin.COMMAND, NOON)
    marker = add_marker("fix", by, at=NOON - HOUR, keys=["k"])
    now = NOON + HOUR
    for ground in (ground_of_marker(marker, now), ground_of_fleet(2, now)):
        found = judge_on(guard, ground)
        assert (found.verdict, NOT_DONE in found.sentence) == (verdict, verdict != "pass")


@pytest.mark.parametrize(("events", "verdict"), [(5, "pass"), (0, "not_enough_data")])
def test_a_rate_is_not_better_by_work_that_is_not_done(events, verdict):
    worked(20, NOON - 3 * HOUR)
    for _ in range(60):
        AttemptFactory(fingerprint="k", started_at=NOON - 3 * HOUR)
    worked(60, NOON, events=events)
    check = Check.objects.create(name="better", kind=CheckKind.RATE_NOT_WORSE)
    found = judge_on(check, ground_of_fleet(2, NOON + HOUR))
    assert (found.verdict, NOT_DONE in found.sentence) == (verdict, verdict != "pass")
