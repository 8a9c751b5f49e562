"""The input of a person on a page that refreshes itself stays as it was,
and the page never says more than it knows.
"""

from __future__ import annotations

import zlib

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from playwright.sync_api import Page, Request, Route, expect

from drain.models import Attempt, DrainSession, Run
from tests.factories import NOON, AttemptFactory, SessionFactory

from .conftest import Visit, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]


def at_its_own_pace(page: Page) -> None:
    """Time may pass faster when the test says so."""
    page.clock.install()
    page.reload()


def refreshed(page: Page) -> None:
    """Let the next refresh come and be over."""
    with page.expect_response(lambda answer: is_refresh(answer.request)):
        page.clock.run_for(6_000)


def is_refresh(request: Request) -> bool:
    return "x-drain-refresh" in request.headers


def test_the_row_somebody_went_to_and_the_open_help_survive_a_refresh(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/queued/")
    at_its_own_pace(page)
    page.keyboard.press("j")
    current = page.locator("[data-rows] > [data-current]")
    report_run.phases.filter(state="QUEUED").update(phase_id="renamed")
    Run.objects.create(run_id="another")
    caches["pages"].clear()
    refreshed(page)
    expect(current).to_contain_text("renamed")
    # The frame of the page is as fresh as what it frames.
    expect(page.locator("#strip-runs")).to_have_text("2 runs")
    page.keyboard.press("x")
    box = page.get_by_role("checkbox", name="Tick renamed")
    expect(box).to_be_checked()
    # Keys work on from a box, which nobody types into.
    box.focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert complaints == []


def test_a_dialog_of_a_menu_gives_the_focus_back_to_the_menu(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/runs/")
    menu = page.get_by_label("You: olga")
    menu.press("Enter")
    page.get_by_role("button", name="Keyboard shortcuts").press("Enter")
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()


def test_a_page_that_is_paused_stale_or_signed_out_says_so(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/runs/")
    page.context.add_cookies(
        [{"name": "drain_zone", "value": "Asia/Kathmandu", "url": page.url.split("/runs")[0]}]
    )
    at_its_own_pace(page)
    state = page.locator("[data-live-state]")
    held: list[Route] = []
    page.route("**/runs/", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in function
    with page.expect_request(is_refresh):
        page.clock.run_for(6_000)
    state.click()
    held.pop().continue_()
    expect(state).to_have_text("Paused")
    page.unroute("**/runs/")
    page.route("**/runs/", lambda route: route.fulfill(status=500))
    state.click()
    expect(state).to_contain_text("Stale, last data")
    kathmandu = page.evaluate(
        "new Date().toLocaleTimeString('en-GB', {timeZone: 'Asia/Kathmandu'})"
    )
    shown, now = (_seconds(text[-8:]) for text in (state.inner_text(), kathmandu))
    assert (now - shown) % 86_400 < 60
    page.unroute("**/runs/")
    page.context.clear_cookies(name="sessionid")
    refreshed(page)
    expect(state).to_contain_text("Signed out")
    state.click()
    page.wait_for_url("**/login/?next=/runs/")


def _seconds(clock: str) -> int:
    hours, minutes, seconds = map(int, clock.split(":"))
    return hours * 3600 + minutes * 60 + seconds


def test_late_answers_to_other_words_are_not_offered(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/runs/", bypass_csp=True)
    held: list[Route] = []
    page.route("**/search/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in function
    page.keyboard.press("Control+k")
    with page.expect_request("**/search/**"):
        page.keyboard.type("research")
    words = page.get_by_label("Page, run, phase or error text")
    words.fill("audit")
    with page.expect_response("**/search/**"):
        held[0].continue_()
    words.press("End")
    places = page.locator("#palette-list")
    expect(places).to_contain_text("Audit")
    expect(places).not_to_contain_text("research")
    assert violations(page) == []


def test_a_form_is_sent_once_however_often_somebody_clicks(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/runs/?state=FAILED")
    page.get_by_role("button", name="Save this view…").click()
    # The dialog begins at the field that it needs.
    page.keyboard.type("Failed")
    held: list[Route] = []
    page.route("**/views/**", lambda route: held.append(route))  # noqa: PLW0108 - Playwright takes no built-in function
    with page.expect_request("**/views/**"):
        page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    held[0].continue_()
    expect(page.get_by_text("Saved as Failed.")).to_be_visible()
    assert len(held) == 1


def test_a_log_that_begins_while_somebody_looks_is_followed_until_they_scroll_away(
    olga: User, report_run: Run, visit: Visit
) -> None:
    phase = report_run.phases.filter(state="FAILED")[0]
    attempt = AttemptFactory(phase=phase, finished_at=None, outcome=None, tail="")
    page = visit(f"/attempts/{attempt.pk}/log/")
    at_its_own_pace(page)
    expect(page.get_by_text("It has printed nothing yet")).to_be_visible()
    log = page.locator("[data-log]")
    for lines, end in ((200, True), (300, True), (400, False)):
        if not end:
            log.evaluate("log => log.scrollTo(0, 0)")
        Attempt.objects.update(tail="".join(f"line {number}\n" for number in range(lines)))
        refreshed(page)
        expect(log).to_contain_text(f"line {lines - 1}")
        away = "log => log.scrollHeight - log.clientHeight - log.scrollTop"
        assert (log.evaluate(away) < 24) is end


def test_the_tab_shows_that_a_drain_ended_though_nobody_looks_at_it(
    olga: User, visit: Visit, complaints: list[str]
) -> None:
    session = SessionFactory(state="running", ended_at=None)
    page = visit(f"/drains/{session.pk}/")
    at_its_own_pace(page)
    expect(page).to_have_title(f"Drain {session.pk} · drainsite")
    icon = page.locator("link[rel=icon]")
    running = icon.get_attribute("href")
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    DrainSession.objects.filter(pk=session.pk).update(state="stopped", ended_at=NOON)
    with page.expect_response(lambda answer: is_refresh(answer.request)):
        page.clock.run_for(25_000)
    expect(page).to_have_title(f"Stopped: Drain {session.pk} · drainsite")
    assert icon.get_attribute("href") != running
    assert complaints == []


@pytest.mark.verify
def test_how_often_pages_refresh_is_chosen_once_for_this_browser(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/runs/")
    at_its_own_pace(page)
    state = page.locator("[data-live-state]")
    page.get_by_label("How often pages refresh").click()
    page.get_by_role("button", name="every minute").click()
    expect(state).to_have_text("Live · 1 min")
    page.goto("/queued/")
    expect(state).to_have_text("Live · 1 min")
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request) if is_refresh(request) else None)
    page.clock.run_for(40_000)
    assert asked == []
    with page.expect_request(is_refresh):
        page.clock.run_for(40_000)
    page.get_by_label("How often pages refresh").click()
    page.get_by_role("button", name="only when asked").click()
    expect(state).to_have_text("Paused")
    page.reload()
    expect(state).to_have_text("Paused")
    asked.clear()
    page.clock.run_for(120_000)
    assert asked == []
    with page.expect_request(is_refresh):
        state.click()
    assert complaints == []


@pytest.mark.verify
def test_a_link_to_a_line_of_a_log_shows_that_line_wherever_it_is(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    phase = report_run.phases.filter(state="FAILED")[0]
    text = "".join(f"line {number}\n" for number in range(1, 3001)).encode()
    attempt = AttemptFactory(phase=phase, log_inline=zlib.compress(text), log_bytes=len(text))
    page = visit(f"/attempts/{attempt.pk}/log/#L123")
    line = page.locator("#L123")
    expect(line).to_contain_text("line 123")
    expect(line).to_be_in_viewport()
    page.goto(f"/attempts/{attempt.pk}/log/#L2999")
    expect(page.locator("#L2999")).to_be_in_viewport()
    # A line that the log does not have leads nowhere, and not in a circle.
    page.goto(f"/attempts/{attempt.pk}/log/?q=line#L99999")
    expect(page.locator("[data-log]")).to_be_visible()
    assert complaints == []
