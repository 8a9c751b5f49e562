"""Hostile words in a real browser: nothing runs, nothing is asked of another site,
the policy has nothing to report.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page

from drain.people.sign_on import BACKEND
from tests.permissions_table import NOT_MADE_FOR, PAGES
from tests.permissions_world import address_in
from tests.security.backlog import addresses, hostile_backlog
from tests.security.hostile import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WORDS = [
    # Every kind once by itself, and in the first row all of them after one another.
    "\n".join(HOSTILE),
    *HOSTILE[::13],
]
# Runs in the page before any script of it, and is not the page's own: the policy does not concern it.
LISTEN = """
window.reported = [];
document.addEventListener('securitypolicyviolation', (e) =>
  window.reported.push(e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample));
for (const name of ['alert', 'confirm', 'prompt'])
  window[name] = () => { window.reported.push(name + ' was called'); };
"""


class Seen:
    """A browser's record of dialogs, requests to elsewhere, and errors on its console."""

    def __init__(self, page: Page, host: str) -> None:
        self.page = page
        self.found: list[str] = []
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self._request(request.url, host))
        page.on("console", lambda said: self._said(said.type, said.text))
        page.on("pageerror", lambda error: self.found.append(f"error {error}"))

    def _dialog(self, dialog) -> None:
        self.found.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _request(self, url: str, host: str) -> None:
        if urlsplit(url).netloc not in {host, ""}:
            self.found.append(f"request {url}")

    def _said(self, kind: str, text: str) -> None:
        if kind == "error":
            self.found.append(f"console {text}")

    def everything(self) -> list[str]:
        """All of it so far, with what the policy blocked in the page as it stands."""
        return [*self.found, *self.page.evaluate("window.reported")]


@pytest.fixture
def seen(chromium: Browser, live_server, olga: User) -> Iterator[Seen]:
    """A page of somebody who is signed in and may do everything."""
    client = Client()
    client.force_login(olga, backend=BACKEND)
    context = chromium.new_context(
        base_url=live_server.url, viewport={"width": 1440, "height": 900}
    )
    cookie = client.cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    context.add_init_script(LISTEN)
    yield Seen(context.new_page(), urlsplit(live_server.url).netloc)
    context.close()


@pytest.mark.verify
def test_the_browser_has_nothing_to_report_about_hostile_words(seen: Seen) -> None:
    world = hostile_backlog(WORDS)
    report = reverse("drain:session-report", args=[world["session"]])
    for address in [*addresses(world), report, "/search/?q=alert"]:
        answer = seen.page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert seen.page.title(), address
        assert seen.everything() == [], address


def test_what_a_live_page_loads_by_itself_runs_nothing_either(seen: Seen) -> None:
    world = hostile_backlog(WORDS)
    seen.page.goto(reverse("drain:run-list"))
    seen.page.keyboard.press("Control+k")
    seen.page.keyboard.type("alert")
    seen.page.locator("#palette-list a", has_text="onerror=alert(1)").first.wait_for()
    assert seen.everything() == []
    address = reverse("drain:attempt-log", args=[world["attempt"]])
    html = seen.page.evaluate(
        "fetch(arguments_, {headers: {'HX-Request': 'true'}}).then((r) => r.text())".replace(
            "arguments_", repr(address)
        )
    )
    # As the live region does it: parsed apart and put into the page.
    seen.page.evaluate(
        "(html) => document.querySelector('main').replaceChildren("
        "...new DOMParser().parseFromString(html, 'text/html').body.children)",
        html,
    )
    assert seen.everything() == []


def test_the_listener_would_have_heard_a_script(seen: Seen) -> None:
    seen.page.goto("/runs/")
    seen.page.evaluate("document.body.innerHTML += '<img src=x onerror=alert(1)>'")
    seen.page.wait_for_function("window.reported.length > 0")
    assert any("script-src" in said for said in seen.everything())


WIDE = (
    "x" * 300,
    "é\u0301" * 150,
    "\u202e" + "W" * 290,
    "/".join("path" * 20 for _ in range(4)),
    "\U0001d51a" * 150,
)


NARROW = (360, 390)


@pytest.mark.verify
def test_no_word_however_long_widens_a_page_on_a_narrow_phone(seen: Seen) -> None:
    world = hostile_backlog([*WIDE, *HOSTILE[::40]])
    named = (name for name, row in PAGES.items() if row.get != NOT_MADE_FOR)
    pages = {*addresses(world), *(address_in(name, world) for name in named)}
    wide = {}
    for address in sorted(each for each in pages if not each.startswith(("/admin/", "/api/"))):
        seen.page.set_viewport_size({"width": NARROW[0], "height": 740})
        if (
            seen.page.request.get(address, max_redirects=0)
            .headers.get("content-type", "")
            .startswith("text/html")
        ):
            seen.page.goto(address)
            for width in NARROW:
                seen.page.set_viewport_size({"width": width, "height": 740})
                found = seen.page.evaluate("document.scrollingElement.scrollWidth")
                if found > width:
                    wide[address] = found
    assert wide == {}
