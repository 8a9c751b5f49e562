"""A real Chromium against a real server: one browser for all journeys, a fresh context for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

# Playwright keeps an event loop in this thread, and Django takes any loop for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

AXE = Path(__file__).resolve().parent.parent / "vendor" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str:
    """DRAINSITE_CHROMIUM, else the first one in PATH, else a sentence: a journey is never skipped."""
    found = os.environ.get("DRAINSITE_CHROMIUM") or next(
        filter(None, map(shutil.which, NAMES)), None
    )
    if found is None:
        pytest.fail(
            "No Chromium: install Debian's package chromium, or name one in DRAINSITE_CHROMIUM."
        )
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser's console said against a page; a journey ends with none."""
    return []


Visit = Callable[..., Page]


@pytest.fixture
def visit(live_server, chromium: Browser, complaints: list[str]) -> Iterator[Visit]:
    """Open a page as a signed-in person; several calls share one window."""
    contexts: list[BrowserContext] = []

    def open_page(path: str = "/", *, width: int = 1440, dark: bool = False) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        if "/login/" in page.url:
            page.get_by_label("User name").fill("olga")
            page.get_by_label("Password").fill("a-long-password")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def olga(transactional_db: None) -> User:
    """Somebody who may do everything."""
    return User.objects.create_superuser("olga", password="a-long-password")


def violations(page: Page) -> list[str]:
    """Serious findings of axe-core on the page as it stands."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{item['id']}: {item['nodes'][0]['html'][:120]}"
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
    ]
