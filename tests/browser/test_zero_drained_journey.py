"""Somebody finds out why a drain did nothing: from the overview to the phase that stands in the way."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.scope import SessionScope
from drain.models import DrainSession, Run
from drain.models.vocabulary import Origin
from drain.policy.stopping.limits import Limits, QueuedPolicy

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]


@pytest.fixture
def empty_drain(report_run: Run) -> DrainSession:
    """A drain under the old rule, where one queued phase keeps its whole run out."""
    asked = DrainRequest(
        SessionScope(run_ids=("research-system-v2",)),
        Limits(queued_policy=QueuedPolicy.RUN),
        "olga",
        Origin.BROWSER,
        note="Second pass",
    )
    return create_session(asked, timezone.now())


def test_find_out_why_nothing_was_drained(
    olga: User, empty_drain: DrainSession, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/")
    expect(page.get_by_text("Nothing selected").first).to_be_visible()
    page.get_by_role("link", name="See why").click()
    page.wait_for_url(f"**/drains/{empty_drain.pk}/")
    card = page.get_by_role("region", name="Nothing was drained:")
    expect(card).to_contain_text("the run has a queued phase")
    expect(card).to_contain_text("5 of 5 failed phases")
    first = card.get_by_role("listitem").first
    expect(first).to_contain_text("Clear the queued phase")
    expect(first).to_contain_text("clear_queued research-system-v2 research-7")
    card.get_by_role("link", name="5 of 5 failed phases").click()
    expect(page.get_by_text("research-7 is queued").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="research-7, research-system-v2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("research-7")
    expect(page.get_by_text("Queued").first).to_be_visible()
    assert complaints == []


def test_the_way_out_leads_to_a_drain_that_selects_them(
    olga: User, empty_drain: DrainSession, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/drains/")
    page.get_by_role("link", name=f"Drain {empty_drain.pk}").click()
    way = page.get_by_role("listitem").filter(has_text="Let only declared dependencies wait")
    way.get_by_role("link", name="Preview").click()
    expect(page.get_by_role("button", name="Start drain of 5 phases")).to_be_visible()
    expect(page.get_by_text("5 + 0 = 5")).to_be_visible()
    assert complaints == []
