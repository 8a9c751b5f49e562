"""A cause ends by the one verdict on fixes, and by nothing less."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.evaluation import settle
from drain.evidence.fixes.markers import add_marker
from drain.models.vocabulary import Origin
from tests.evidence.fixes.around import AFTER, BEFORE, phases_tried
from tests.factories import NOON, AttemptFactory, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.BROWSER, NOON)
LATER = NOON + timedelta(hours=9)


@pytest.fixture
def cause():
    found = FingerprintFactory(key="k", headline="h", status="ongoing")
    add_marker("fix", BY, keys=["k"])
    return found


def status(found):
    settle(LATER)
    found.refresh_from_db()
    return found.status


def test_a_fix_that_works_resolves_its_cause_and_it_can_come_back(cause):
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(30, AFTER, "complete")
    assert status(cause) == "resolved"
    phases_tried(1, AFTER + timedelta(hours=1), "failed", "k")
    assert status(cause) == "regressed"


def test_a_second_try_that_heals_without_a_past_resolves_nothing(cause):
    phases_tried(60, AFTER, "complete")
    assert status(cause) == "fix_deployed"


def test_nothing_is_resolved_while_phases_are_left_failed_by_it(cause):
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(30, AFTER, "complete")
    left = PhaseFactory(last_fingerprint="k")
    assert status(cause) == "fix_deployed"
    left.delete()
    assert status(cause) == "resolved"


def test_what_may_be_the_cause_keeps_it_from_being_resolved_and_does_not_regress_it(cause):
    FingerprintFactory(key="placed", headline="h", place_known=True)
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    phases_tried(1, AFTER, "failed", "placed")
    assert status(cause) == "fix_deployed"


def test_lost_attempts_resolve_nothing(cause):
    phases_tried(20, BEFORE, "failed", "k")
    for _ in range(30):
        AttemptFactory(outcome="lost", fingerprint="worker", started_at=AFTER)
    assert status(cause) == "fix_deployed"
