"""The page of a drain shows every limit: beside what was observed, as one that holds, or as off."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from drain.dashboard.drains.gauges import session_gauges
from drain.models import SessionFingerprint, SessionRun
from drain.models.roles import Role
from drain.policy.stopping.limits import Limits
from tests.dashboard.drains.sessions import a_session
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    ExecutorFactory,
    FingerprintFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
ON: dict[str, Any] = {each.name: 1 for each in fields(Limits) if each.default is None}
EVERY_LIMIT = Limits(**ON | {"until": NOON})
"""Nothing is off."""


def test_repeats_are_named_by_the_failure_and_not_by_its_key():
    session, cause = a_session(), FingerprintFactory(title="patch does not apply")
    run = SessionRun.objects.get(session=session).run_id
    SessionFingerprint.objects.create(session=session, run_pk=run, key=cause.key, count=2)
    SessionFingerprint.objects.create(session=session, run_pk=0, key=cause.key, count=2)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "patch does not apply in run research-system-v2" in page
    assert "1 fingerprint<" in page
    assert "1 near its limit" not in page


def test_a_gauge_counts_what_may_be_the_same_failure_as_its_limit_does():
    session, run = a_session(), SessionRun.objects.get().run_id
    for of_run in (run, 0):
        for key, place_known, count in (("a", True, 3), ("b", False, 1), ("c", True, 1)):
            SessionFingerprint.objects.create(
                session=session, run_pk=of_run, key=key, headline="h", place_known=place_known,
                count=count,
            )  # fmt: skip
    SessionFingerprint.objects.create(session=session, run_pk=run, key="d", count=4)
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert "a in run research-system-v2" in page
    limits = Limits(batch_size=20, max_session_fingerprint_repeats=9)
    gauges = session_gauges(session, limits, {"most_timeouts": 0, "phases": 5}, NOON)
    assert [view.observed for view in gauges if "epeats" in view.name] == [5, 5]


@pytest.mark.parametrize(
    ("limits", "timeout"),
    [
        (Limits(), "900 s of the executor"),
        (Limits(phase_timeout_seconds=1800), "1,800 s, set for this drain"),
        (EVERY_LIMIT, "1 s, set for this drain"),
    ],
    ids=["none that may be off", "a timeout", "all"],
)
def test_a_drain_s_page_names_every_limit_that_holds_or_is_off(limits, timeout):
    ExecutorFactory(is_default=True)
    session = SessionFactory(limits=limits.to_json())
    page = signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    assert f"<dd>{timeout}</dd>" in page
    words = {
        "batch_size": "Batch size", "parallel": "In parallel", "queued_policy": "queued policy",
        "phase_timeout_seconds": "Phase timeout", "max_total_minutes": "Total time",
        "max_timeouts_per_run": "Timeouts per run", "max_attempts_per_phase": "Attempts per phase",
        "max_fingerprint_repeats": "Fingerprint repeats", "sample": "Sample", "until": "Wall clock",
        "max_session_fingerprint_repeats": "Repeats in the drain",
        "max_consecutive_zero_yield": "Zero yield in a row", "max_failure_rate": "Failure rate",
        "failure_rate_window": "Failure rate is taken over", "sample_passes": "Sample",
        "starts_per_minute": "Starts in a minute", "ramp": "Ramp", "run_delay_seconds": "Delay in a run",
        "max_lifetime_attempts": "Attempts over all drains", "count_source_attempts": "Attempts over all drains",
        "key_level": "Like failures have the same", "wait_for_host": "Waits for a worker host",
    }  # fmt: skip
    for name in (field.name for field in fields(Limits)):
        assert name in words, f"what does a drain's page call {name}? Say it in the table above"
        assert words[name] in page, f"a drain's page says nothing of {name}"
