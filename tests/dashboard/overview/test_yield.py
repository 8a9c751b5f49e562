"""The yield stands where a site is told of events, and nowhere else: most pipelines know none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from drain.models import AttemptDelta, TelemetryEvent
from drain.models.roles import Role
from tests.dashboard.evidence.pages import fixed
from tests.dashboard.overview.past import ended
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    tried_again,
)

pytestmark = pytest.mark.django_db
YIELD = "Yield, events per minute"


def test_the_overview_of_a_site_that_was_never_told_of_an_event_has_no_yield():
    client, run, at = signed_in(Role.VIEWER), RunFactory(), timezone.now() - timedelta(minutes=2)
    ended(run, "complete", at, events=0)
    assert YIELD not in client.get("/").content.decode()
    caches["pages"].clear()
    ended(run, "complete", at, events=1)
    assert YIELD in client.get("/").content.decode()
    caches["pages"].clear()
    # Attempts that are silent now are the news where others have told of events.
    AttemptDelta.objects.update(telemetry_events=0)
    assert YIELD not in client.get("/").content.decode()
    caches["pages"].clear()
    TelemetryEvent.objects.create(phase=PhaseFactory(run=run), kind="x")
    assert YIELD in client.get("/").content.decode()


def test_a_comparison_without_an_event_on_either_side_has_no_yield_and_one_that_lost_them_has():
    client = signed_in(Role.VIEWER)
    told = client.get(f"/evidence/markers/{fixed().pk}/").content.decode()
    assert YIELD in told
    assert "Telemetry and outcomes" in told
    FingerprintFactory(key="silent")
    for _ in range(2):
        tried_again(PhaseFactory(), "silent", done=True)
    asked = "/evidence/compare/?kind=windows&a_from={}&a_to={}&b_from={}&b_to={}"
    hours = [(NOON + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%MZ") for n in (-8, -6, -5, -3)]
    for side in (hours[1], hours[3]):
        AttemptFactory(finished_at=side, started_at=side, outcome="complete")
    page = client.get(asked.format(*hours), follow=True).content.decode()
    assert "Completion rate, after" in page
    assert YIELD not in page
    assert "Telemetry and outcomes" not in page
