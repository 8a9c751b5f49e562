"""Somebody clears the queued phase that stands in the way, and reads exactly what happened."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from drain.models import AuditEvent, Phase, Run

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_clear_a_blocker(olga: User, report_run: Run, visit: Visit, complaints: list[str]) -> None:
    page = visit("/")
    page.get_by_role("link", name="Queued").first.click()
    row = page.get_by_role("row").filter(has_text="research-7")
    row.get_by_role("button", name="Clear…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clear 1 phase")
    expect(page.get_by_role("row").filter(has_text="research-7")).to_contain_text("Queued")
    page.get_by_role("button", name="Clear 1").click()  # without a reason the browser refuses
    expect(page.get_by_role("heading", level=1)).to_have_text("Clear 1 phase")
    page.get_by_role("radio", name="skipped").check()
    page.get_by_label("Reason").fill("Its executor died on Friday")
    page.get_by_role("button", name="Clear 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("1 phase moved")
    expect(page.get_by_role("row").filter(has_text="research-7")).to_contain_text("Done")
    assert Phase.objects.get(phase_id="research-7").state == "SKIPPED"
    assert "Its executor died on Friday" in {event.reason for event in AuditEvent.objects.all()}
    page.get_by_role("link", name="Back to the list").click()
    expect(page.get_by_text("research-7")).to_have_count(0)
    assert complaints == []


def test_what_moved_meanwhile_is_left_alone_and_said(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/queued/")
    page.get_by_role("button", name="Clear…").click()
    page.get_by_label("Reason").fill("Stale")
    Phase.objects.filter(phase_id="research-7").update(state="EXECUTING")
    page.get_by_role("button", name="Clear 1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("0 phases moved, 1 not moved")
    expect(page.get_by_role("row").filter(has_text="research-7")).to_contain_text("Not moved")
    assert complaints == []


@pytest.mark.verify
def test_without_scripts_ticked_phases_are_cleared_and_dialogs_are_forms(
    olga: User, report_run: Run, visit: Visit
) -> None:
    scripted = visit("/queued/")
    browser = scripted.context.browser
    assert browser is not None
    state = scripted.context.storage_state()
    with browser.new_context(java_script_enabled=False, storage_state=state) as context:
        page = context.new_page()
        page.goto(scripted.url)
        page.get_by_role("checkbox", name="Tick research-7").check()
        page.locator("[data-select-bar]").get_by_role("button", name="Clear…").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Clear 1 phase")
        page.goto(f"{scripted.url}../runs/{report_run.pk}/")
        page.get_by_label("Reason").fill("Its branch is broken")
        page.get_by_role("button", name="Hold", exact=True).click()
        expect(page.get_by_text("is held: no drain takes its phases")).to_be_visible()
