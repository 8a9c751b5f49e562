"""Somebody sees that a fix worked: from the overview and a cause to the proof, in a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from drain.evidence.rollups.fold import fold
from drain.models import AttemptDelta, FixMarker
from tests.factories import AttemptFactory, FingerprintFactory, PhaseFactory

from .conftest import Visit, violations, wait_for_charts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]
HOUR = timedelta(hours=1)


@pytest.fixture
def mended(transactional_db: None) -> None:
    """Twenty phases failed with an import three hours ago and complete since; five fail otherwise."""
    now = timezone.now()
    for key, title in (("import", "ImportError: ReviewDecision"), ("disk", "OSError: disk full")):
        FingerprintFactory(key=key, title=title, status="ongoing", last_seen=now)
    for index in range(25):
        phase, cause = PhaseFactory(), "import" if index < 20 else "disk"
        AttemptFactory(phase=phase, fingerprint=cause, started_at=now - 3 * HOUR)
        done = index < 20
        after = AttemptFactory(
            phase=phase,
            outcome="complete" if done else "failed",
            fingerprint="" if done else cause,
            started_at=now - HOUR,
            telemetry_count=3,
        )
        AttemptDelta.objects.create(
            finished_at=now - HOUR, run_pk=after.run_id, category="", outcome=after.outcome or "",
            fingerprint=after.fingerprint, seconds=60, telemetry_events=3,
        )  # fmt: skip
    fold()


def test_see_that_a_fix_worked(
    olga: User, mended: None, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/fingerprints/")
    page.get_by_role("link", name="ImportError: ReviewDecision").click()
    page.get_by_role("link", name="Mark a fix…").click()
    _mark(page)
    expect(page.get_by_text("Cannot be told", exact=True)).to_be_visible()
    expect(page.get_by_text("Better than before", exact=True)).to_have_count(0)
    expect(page.get_by_text("20 of 20 that had failed before").first).to_be_visible()
    expect(page.get_by_text("chosen because they had failed")).to_be_visible()
    expect(page.locator("[data-chart=sankey] svg")).to_be_visible()
    marker = FixMarker.objects.get()
    page.goto("/")
    page.get_by_role("link", name=f"FM-{marker.pk}", exact=True).click()
    page.wait_for_url(f"**/evidence/markers/{marker.pk}/")
    page.goto("/fingerprints/import/")
    page.get_by_role("link", name="Did the fix work?").click()
    page.wait_for_url(f"**/evidence/markers/{marker.pk}/")
    assert complaints == []


def _mark(page: Page) -> None:
    chosen = page.get_by_role("checkbox", name="ImportError: ReviewDecision")
    expect(chosen).to_be_checked()
    page.get_by_label("What was fixed").fill("Import of ReviewDecision mended")
    two_hours_ago = timezone.localtime(timezone.now() - 2 * HOUR)
    page.get_by_label("When it went in").fill(f"{two_hours_ago:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Mark the fix").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Import of ReviewDecision mended")


def test_evidence_fits_a_phone_and_has_no_serious_accessibility_problem(
    olga: User, mended: None, visit: Visit, complaints: list[str]
) -> None:
    marker = FixMarker.objects.create(
        title="mended", applied_at=timezone.now() - 2 * HOUR, created_by="olga"
    )
    paths = ("/evidence/", f"/evidence/markers/{marker.pk}/")
    page = visit("/", width=390, dark=True)
    for path in paths:
        page.goto(path)
        wait_for_charts(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert complaints == []
    # Every page is looked at in light elsewhere, with less to draw.
    # Afterwards, because axe itself writes inline styles, which the policy of the pages refuses.
    for path in paths:
        page.goto(path)
        assert violations(page) == [], path
