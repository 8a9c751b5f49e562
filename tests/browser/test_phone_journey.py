"""The main journey on a phone: from the overview through a drain to the cause of what still fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from drain.models import DrainSession, Run

from .conftest import DRAIN_PAGE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]
WIDTH = 390
SOON = 120_000


def fits(page: Page) -> None:
    """Nothing makes the page itself scroll sideways."""
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTH, page.url


def test_the_main_journey_on_a_phone(
    olga: User, report_run: Run, visit: Visit, worker: Callable[[int], None], complaints: list[str]
) -> None:
    page = visit("/", width=WIDTH)
    fits(page)
    page.get_by_role("link", name="New drain").first.click()
    page.get_by_role("combobox", name="Runs").fill("research-system-v2")
    start = page.get_by_role("button", name="Start drain of 5 phases")
    expect(start).to_be_visible(timeout=SOON)
    fits(page)
    start.click()
    page.wait_for_url(DRAIN_PAGE)
    worker(DrainSession.objects.get().pk)
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=SOON)
    fits(page)
    page.get_by_role("link", name="research-4").first.click()
    expect(page.get_by_text("ValueError: still broken").first).to_be_visible()
    fits(page)
    tabs = page.get_by_role("navigation", name="Main, phone")
    tabs.get_by_role("link", name="Runs").click()
    page.get_by_role("link", name="research-system-v2").click()
    expect(page.get_by_text("6 complete", exact=True)).to_be_visible()
    fits(page)
    tabs.get_by_text("More").click()
    tabs.get_by_role("link", name="Queued").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Queued phases")
    fits(page)
    assert complaints == []


@pytest.mark.verify
def test_long_forms_fold_on_a_phone_and_nothing_that_was_set_is_hidden(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/drains/new/", width=WIDTH)
    rate, more = page.get_by_label("Failure rate"), page.get_by_text("More stop conditions")
    expect(page.get_by_label("Batch size")).to_be_visible()
    expect(rate).to_be_hidden()
    more.click()
    expect(rate).to_be_visible()
    fits(page)
    page.goto("/drains/new/?max_failure_rate=30")
    expect(rate).to_be_visible()
    wide = visit("/drains/new/")
    expect(wide.get_by_label("Failure rate")).to_be_visible()
    expect(wide.get_by_text("More stop conditions")).to_be_hidden()
    # Turned, a phone may be wide: what is closed can be opened there, too.
    page.goto("/drains/new/")
    expect(rate).to_be_hidden()
    page.set_viewport_size({"width": 900, "height": 400})
    more.click()
    expect(rate).to_be_visible()
    assert complaints == []
