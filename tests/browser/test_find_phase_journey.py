"""Somebody has a piece of an error and finds the phase that failed with it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from drain.models import Run

from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]


def test_a_phase_is_found_by_a_piece_of_its_error(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/")
    page.get_by_role("searchbox", name="Find run, phase, error").fill("ReviewDec")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ReviewDec")
    expect(page.get_by_role("searchbox", name="Find run, phase, error")).to_have_value("ReviewDec")
    expect(page.locator("mark").first).to_have_text("ReviewDec")
    page.get_by_role("link", name="cannot import name 'ReviewDecision'").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("research-")
    expect(page.get_by_text("cannot import name 'ReviewDecision'").first).to_be_visible()
    assert complaints == []


def test_a_phase_is_found_as_a_list_prints_it(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/search/?q=research-system-v2%20/%20research-4")
    page.get_by_role("link", name="research-4").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("research-4")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("system-v2/research-5")
    option = page.get_by_role("option", name="research-5 phase of research-system-v2")
    expect(option).to_be_visible()
    option.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("research-5")
    assert complaints == []


def test_a_search_that_finds_nothing_says_what_it_looks_for(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/search/?q=nowhere-to-be-found")
    expect(page.get_by_text("Nothing was found")).to_be_visible()


def test_a_stranger_signs_in_and_then_sees_the_page_that_was_asked_for(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit(f"/runs/{report_run.pk}/", signed_in=False)
    page.get_by_label("User name").fill("olga")
    page.get_by_label("Password").fill("a-long-password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("research-system-v2")
    assert complaints == []
