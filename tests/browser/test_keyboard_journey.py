"""Somebody works without a mouse: from the skip link to a started drain."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from drain.models import DrainSession, Run, SavedView
from tests.factories import AttemptFactory, FingerprintFactory

from .conftest import DRAIN_PAGE, Visit, wait_for_charts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]
SOON = 120_000


def focused(page: Page) -> str:
    """The words of what has the focus."""
    found: str = page.evaluate(
        "(document.activeElement.getAttribute('aria-label') || document.activeElement.textContent).trim()"
    )
    return found


def tab_to(page: Page, words: str, most: int = 60) -> None:
    """Press Tab until the focus is on these words: what cannot be reached fails the journey."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        if seen[-1].startswith(words):
            return
    pytest.fail(f"“{words}” is not reached by Tab, only {seen}")


def test_the_first_tab_offers_to_skip_the_navigation(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/runs/")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to content"
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_slash_searches_and_lists_are_walked_with_j_and_k(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/")
    page.keyboard.press("/")
    page.keyboard.type("ReviewDec")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/**")
    for key in "jjk":
        page.keyboard.press(key)
    assert "ReviewDecision" in focused(page)
    page.keyboard.press("Enter")
    page.wait_for_url("**/phases/*/")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/runs/")
    assert complaints == []


def test_the_numbers_of_a_chart_are_read_by_keyboard(
    olga: User, report_run: Run, visit: Visit
) -> None:
    cause, ended = FingerprintFactory(), timezone.now() - timedelta(minutes=5)
    phase = report_run.phases.all()[0]
    AttemptFactory(phase=phase, fingerprint=cause.key, started_at=ended)
    page = visit(f"/fingerprints/{cause.key}/")
    wait_for_charts(page)
    tab_to(page, "The same numbers as a table")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page).endswith(", as a table")
    cells = page.locator(".chart-table[open] td")
    expect(cells.first).to_be_visible()
    # Above them the drawing says what it is to who cannot see it.
    expect(
        page.get_by_role("img", name="Attempts per hour on phases that failed this way", exact=True)
    ).to_be_visible()


def test_the_help_keeps_the_focus_and_gives_it_back(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/runs/")
    page.keyboard.press("j")
    assert focused(page) == "research-system-v2"
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Overview")
    for _ in range(6):
        page.keyboard.press("Tab")
        inside = "!document.hasFocus() || document.activeElement === document.body ||"
        assert page.evaluate(f"{inside} document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    assert focused(page) == "research-system-v2"


def test_a_drain_is_started_without_a_mouse(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/")
    page.keyboard.press("n")
    page.wait_for_url("**/drains/new/")
    page.keyboard.press("Tab")
    page.get_by_role("combobox", name="Runs").focus()
    page.keyboard.type("research-system-v2")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Start drain of 5 phases")).to_be_visible(timeout=SOON)
    page.keyboard.press("Shift+Tab")
    while not focused(page).startswith("Start drain"):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(DRAIN_PAGE)
    assert DrainSession.objects.get().selected == 5
    assert complaints == []


def test_cancelling_asks_in_a_dialog_that_gives_the_focus_back(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/drains/new/?run=research-system-v2")
    page.get_by_role("button", name="Start drain of 5 phases").press("Enter")
    page.wait_for_url(DRAIN_PAGE)
    tab_to(page, "Cancel…")
    page.keyboard.press("Enter")
    asked = page.get_by_role("dialog", name="Cancel this drain")
    expect(asked).to_be_visible()
    page.keyboard.press("Escape")
    expect(asked).to_be_hidden()
    assert focused(page) == "Cancel…"
    page.keyboard.press("Enter")
    tab_to(page, "Cancel drain", most=6)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Cancelled").first).to_be_visible(timeout=SOON)
    assert complaints == []


def test_enter_in_the_name_of_saved_settings_saves_them_and_starts_nothing(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/drains/new/?batch_size=2")
    expect(page.get_by_role("button", name="Start drain of 2 phases")).to_be_enabled()
    page.get_by_role("textbox", name="Name").fill("Two of them")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Saved as Two of them.")).to_be_visible()
    assert SavedView.objects.get().name == "Two of them"
    assert not DrainSession.objects.exists()
