"""A drain is previewed, started and stopped in a browser that runs no scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from drain.models import DrainSession, Run

from .conftest import DRAIN_PAGE, session_key

pytestmark = [pytest.mark.browser, pytest.mark.verify, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def plain(live_server, chromium: Browser, olga: User) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    cookie = {"name": "sessionid", "value": session_key(), "url": live_server.url}
    context.add_cookies([cookie])  # type: ignore[list-item] # a plain dict is one of Playwright's
    yield context.new_page()
    context.close()


def test_a_drain_is_previewed_started_and_stopped_without_scripts(
    plain: Page, report_run: Run
) -> None:
    plain.goto("/drains/new/")
    plain.get_by_role("combobox", name="Runs").fill("research-system-v2")
    plain.get_by_label("Batch size").fill("2")
    plain.get_by_role("button", name="Preview").click()
    expect(plain.get_by_text("2 + 3 = 5")).to_be_visible()
    plain.get_by_role("textbox", name="Name").press("Enter")
    expect(plain.get_by_text("2 + 3 = 5")).to_be_visible()
    assert not DrainSession.objects.exists(), "Enter previews, in a field outside of the form too"
    # The run is a chip now, and the plan is the one that starts.
    expect(plain.get_by_role("checkbox", name="research-system-v2")).to_be_checked()
    plain.get_by_role("button", name="Start drain of 2 phases").click()
    plain.wait_for_url(DRAIN_PAGE)
    plain.get_by_role("button", name="Cancel drain").click()
    expect(plain.get_by_text("Cancelled").first).to_be_visible()
    assert DrainSession.objects.get().selected == 2
