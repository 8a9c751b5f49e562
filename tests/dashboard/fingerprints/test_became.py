"""The states of the phases that failed so, on the page of their fingerprint."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from drain.dashboard.fingerprints.became import became_of, completed_per_hour
from drain.models import FixMarker
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import NOON, AttemptFactory, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db


def failed_phase(key, *after):
    """Make a phase that failed so, and its attempts after that, one an hour."""
    phase = PhaseFactory(state_changed_at=NOON, last_fingerprint=key)
    AttemptFactory(phase=phase, number=1, fingerprint=key, started_at=NOON)
    for n, (outcome, seen) in enumerate(after, start=2):
        started = NOON + timedelta(hours=n)
        AttemptFactory(
            phase=phase, number=n, outcome=outcome, fingerprint=seen,
            started_at=started, finished_at=started + timedelta(minutes=1),
        )  # fmt: skip


def test_the_page_says_what_became_of_the_phases_that_failed_so_before_the_fix():
    cause = FingerprintFactory(status="fix_deployed", headline="h")
    other, placed = FingerprintFactory(), FingerprintFactory(headline="h", place_known=True)
    merged = FingerprintFactory(merged_into=cause)
    fix = FixMarker.objects.create(title="Import path", applied_at=NOON + timedelta(hours=1))
    fix.fingerprints.add(cause)

    failed_phase(cause.key, ("complete", ""))
    failed_phase(cause.key, ("failed", cause.key), ("complete", ""))
    failed_phase(merged.key, ("complete", ""))
    failed_phase(cause.key, ("failed", merged.key))
    failed_phase(cause.key, ("failed", other.key))
    failed_phase(cause.key, ("failed", placed.key))
    failed_phase(cause.key, ("timeout", "slow"))
    failed_phase(cause.key, ("cancelled", ""))
    failed_phase(cause.key)
    PhaseFactory(state_changed_at=NOON, last_fingerprint=cause.key)
    # It failed with something else, or first after the fix: it is none of these.
    PhaseFactory(state_changed_at=NOON, last_fingerprint=other.key)
    late = PhaseFactory(state_changed_at=NOON + timedelta(hours=5), last_fingerprint=cause.key)
    AttemptFactory(phase=late, fingerprint=cause.key, started_at=NOON + timedelta(hours=4))
    became = became_of([cause.key, merged.key], fix.applied_at)
    assert became.counts == {
        "complete": 3, "same": 1, "may_be": 1, "another": 1, "timeout": 1, "untried": 3,
    }  # fmt: skip
    page = signed_in(Role.VIEWER).get(f"/fingerprints/{cause.key}/").content.decode()
    words = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    assert "The same 10 phases, by their latest attempt since" in words
    for line in ("Complete 3", "Failed, same fingerprint 1", "Failed, another one 1", "Timeout 1"):
        assert line in words
    assert "Failed, may be the same 1" in words
    assert "Not tried yet 3" in words


def test_the_chart_counts_completions_of_phases_that_had_failed_so_and_of_no_other():
    now = timezone.now().replace(minute=30)
    hour = now.replace(minute=0, second=0, microsecond=0)
    cause = FingerprintFactory()
    mended, other, before = PhaseFactory(), PhaseFactory(), PhaseFactory()

    def attempt(phase, number, outcome, key, minutes):
        AttemptFactory(
            phase=phase, number=number, outcome=outcome, fingerprint=key, error="x" if key else "",
            started_at=now - timedelta(minutes=minutes + 1), finished_at=now - timedelta(minutes=minutes),
        )  # fmt: skip

    attempt(mended, 1, "failed", cause.key, 200)
    attempt(mended, 2, "complete", "", 5)
    attempt(other, 1, "failed", "another", 200)
    attempt(other, 2, "complete", "", 5)
    # It was complete before it failed so.
    attempt(before, 1, "complete", "", 5)
    attempt(before, 2, "failed", cause.key, 2)
    assert completed_per_hour([cause.key], now - timedelta(hours=72)) == {hour: 1}
    assert completed_per_hour([cause.key], now) == {}
    page = signed_in(Role.VIEWER).get(f"/fingerprints/{cause.key}/").content.decode()
    assert "Formerly failed, now complete" in page
