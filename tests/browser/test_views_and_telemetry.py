"""Keeping a filtered list under a name, and the pages about telemetry and the past, in a real browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from drain.models import AttemptDelta, Hold, Run, StateSnapshot, TelemetryEvent, Transition
from tests.factories import AttemptFactory, PhaseFactory, RunFactory, SessionFactory

from .conftest import Visit, violations, wait_for_charts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]


@pytest.fixture
def past(transactional_db: None) -> Run:
    """A run with attempts long ago and today, telemetry, a hold, and states kept for some hours."""
    now = timezone.now()
    run = RunFactory(run_id="research-system-v2")
    phase = PhaseFactory(run=run, category="build")
    session = SessionFactory(started_at=now - timedelta(minutes=30))
    Transition.objects.create(
        subject="phase", subject_pk=phase.pk, run_pk=run.pk, to_state="FAILED", verb="imported",
        actor="a", at=now - timedelta(hours=5),
    )  # fmt: skip
    for hours in (0.2, 2000):
        AttemptFactory(
            phase=phase,
            session=session,
            started_at=now - timedelta(hours=hours),
            reached_limit_boundary=True,
        )
    AttemptDelta.objects.create(
        finished_at=now, run_pk=run.pk, category="build", outcome="failed", seconds=60,
        telemetry_events=0,
    )  # fmt: skip
    TelemetryEvent.objects.create(
        phase=phase, kind="t", model="m", predicted_tokens=9, actual_tokens=7
    )
    for hours in range(1, 6):
        hour = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours)
        StateSnapshot.objects.create(hour=hour, counts={"FAILED": hours})
    Hold.objects.create(kind="run", value=run.run_id, reason="r", created_by="p", origin="browser")
    return run


def test_a_filtered_list_is_kept_under_a_name_and_found_again(
    olga: User, past: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/runs/")
    page.get_by_label("On hold").check()
    page.get_by_role("button", name="Filter").click()
    page.get_by_role("button", name="Save this view…").click()
    page.get_by_label("Name", exact=True).fill("Set aside")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as Set aside.")).to_be_visible()
    page.goto("/runs/")
    page.get_by_role("link", name="Set aside").click()
    expect(page.get_by_label("On hold")).to_be_checked()
    page.get_by_role("button", name="Edit…").click()
    page.get_by_role("button", name="Delete Set aside").click()
    expect(page.get_by_text("The view Set aside is gone.")).to_be_visible()
    assert complaints == []


def test_a_run_is_released_on_its_page(olga: User, past: Run, visit: Visit) -> None:
    page = visit(f"/runs/{past.pk}/")
    expect(page.get_by_text("leaves out 1 earlier attempt")).to_be_visible()
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_text("released by olga")).to_be_visible()


def test_charts_draw_fit_a_phone_and_have_no_serious_accessibility_problem(
    olga: User, past: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/runs/?held=1", width=390, dark=True)
    page.route("**/echarts.min.js", lambda _: None)
    page.goto("/", wait_until="commit")
    # The page is there while the code of its charts is still on its way.
    expect(page.get_by_role("heading", name="Fingerprints", exact=True)).to_be_visible()
    # Lets go what was held.
    page.unroute("**/echarts.min.js")
    paths = ("/", "/telemetry/", f"/runs/{past.pk}/", "/runs/?held=1")
    for path in paths:
        page.goto(path)
        wait_for_charts(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert complaints == []
    # Every page is looked at in light elsewhere, with less to draw.
    # Afterwards, because axe itself writes inline styles, which the policy of the pages refuses.
    for path in paths[1:]:
        page.goto(path)
        assert violations(page) == [], path
