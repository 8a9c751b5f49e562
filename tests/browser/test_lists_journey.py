"""Lists are put in another order and narrowed to some days, with a mouse and with a thumb."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from drain.models import Run
from tests.factories import AttemptFactory, PhaseFactory, RunFactory, SessionFactory

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]
LISTS = ("runs", "phases", "attempts", "drains")
HEIGHTS = """() => [...document.querySelectorAll("main table th a, main .filters :is(select, summary, button)")]
    .filter((target) => target.checkVisibility())
    .map((target) => [target.textContent.trim(), Math.round(target.getBoundingClientRect().height)])"""


@pytest.fixture
def two_runs(report_run: Run) -> None:
    AttemptFactory(phase=report_run.phases.first(), session=SessionFactory())
    PhaseFactory(run=RunFactory(run_id="a-small-run"), state="COMPLETE")


def test_heads_sort_and_are_high_enough_to_hit(
    olga: User, two_runs: None, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/runs/")
    rows = page.locator("main tbody tr")
    expect(rows.first).to_contain_text("research-system-v2")
    page.get_by_role("link", name="Run", exact=True).click()
    expect(rows.first).to_contain_text("a-small-run")
    expect(page.get_by_role("columnheader", name="Run", exact=True)).to_have_attribute(
        "aria-sort", "ascending"
    )
    for name in LISTS:
        page.goto(f"/{name}/")
        found = page.evaluate(HEIGHTS)
        assert found
        assert not [text for text, height in found if height < 24], name
    assert complaints == []


def test_a_phone_sorts_and_narrows_as_well(
    olga: User, two_runs: None, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/runs/", width=390)
    rows = page.locator("main tbody tr")
    expect(rows.first).to_contain_text("research-system-v2")
    order = page.get_by_role("combobox", name="Order")
    order.select_option("Run, A to Z")
    page.get_by_role("button", name="Filter").click()
    expect(rows.first).to_contain_text("a-small-run")
    expect(order).to_have_value("run")
    since = page.get_by_label("from")
    expect(since).to_be_hidden()
    page.get_by_text("Created: any time").click()
    since.fill("2099-01-01T00:00")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No run matches these filters")).to_be_visible()
    expect(since).to_have_value("2099-01-01T00:00")
    for name in LISTS:
        page.goto(f"/{name}/")
        expect(page.get_by_role("combobox", name="Order")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []


def test_ticked_runs_lead_to_a_drain_of_them_and_to_a_hold(
    olga: User, two_runs: None, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/runs/")
    page.get_by_role("checkbox", name="Tick research-system-v2").check()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Drain…").click()
    expect(page.get_by_role("button", name="Start drain of 5 phases")).to_be_visible()
    page.go_back()
    page.get_by_role("checkbox", name="Tick all on this page").check()
    page.get_by_role("button", name="Hold…").click()
    page.get_by_label("Reason").fill("Disk is full")
    page.get_by_role("button", name="Hold 2 runs").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hold: 2 runs done")
    page.goto("/audit/")
    assert complaints == []
