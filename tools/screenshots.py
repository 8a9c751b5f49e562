"""Screenshots of the main pages for README and docs, from a running demo.

    make demo PORT=8765                       # in another shell; prints the password
    DRAIN_PASSWORD=… .venv/bin/python tools/screenshots.py http://127.0.0.1:8765

Writes docs/screenshots/PAGE-light.png at 1440 pixels; of the main pages PAGE-dark.png and PAGE-390.png too.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

TALLEST = 1400
FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
PAGES = {
    "overview": "/",
    "runs": "/runs/",
    "run": "/runs/?q=research-system-v2",
    "drain": "/drains/",
    "report": "/drains/",
    "new-drain": "/drains/new/",
    "queued": "/queued/",
    "fingerprints": "/fingerprints/",
    "fingerprint": "/fingerprints/",
    "evidence": "/evidence/",
    "fix": "/evidence/",
    "telemetry": "/telemetry/",
    "workers": "/workers/",
}
DRAWN = "[...document.querySelectorAll('[data-chart]')].every((host) => host.querySelector('svg'))"
MAIN = {"overview", "run", "drain", "new-drain", "fingerprint", "fix"}
# Pages that are reached by the first link of a list.
FIRST_LINK = {
    "run": "main table a[href^='/runs/']",
    "drain": "main table a[href^='/drains/']",
    "report": "main table a[href^='/drains/']",
    "fingerprint": "main table a[href^='/fingerprints/']:has-text('ModuleNotFoundError')",
    "fix": "main table a[href^='/evidence/markers/']",
}


def main(address: str) -> None:
    """Sign in once per look and take every page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = os.environ.get("DRAINSITE_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for look, width, dark in (
            ("light", 1440, False),
            ("dark", 1440, True),
            ("390", 390, False),
        ):
            take_all(browser, address, look, width, dark=dark)
        browser.close()


def take_all(browser: Browser, address: str, look: str, width: int, *, dark: bool) -> None:
    """Take a picture of every page in one look."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
    )
    page = context.new_page()
    sign_in(page)
    for name, path in PAGES.items():
        if look != "light" and name not in MAIN:
            continue
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(path)
        if name in FIRST_LINK:
            page.locator(FIRST_LINK[name]).first.click()
        if name == "report":
            page.get_by_role("link", name="Report").first.click()
        page.wait_for_load_state("networkidle")
        page.wait_for_function(DRAWN)
        # A window as high as the page, so that a phone's tab bar stands at its end.
        page.set_viewport_size({"width": width, "height": height(page)})
        page.screenshot(path=FOLDER / f"{name}-{look}.png")
    context.close()


def height(page: Page) -> int:
    """The page's height, cut where a picture stops saying anything new."""
    found: int = page.evaluate("document.documentElement.scrollHeight")
    return min(found, TALLEST)


def sign_in(page: Page) -> None:
    """Sign in as the demo's administrator."""
    page.goto("/login/")
    page.get_by_label("User name").fill(os.environ.get("DRAIN_USER", "admin"))
    page.get_by_label("Password").fill(os.environ["DRAIN_PASSWORD"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()


if __name__ == "__main__":
    if len(sys.argv) != 2 or "DRAIN_PASSWORD" not in os.environ:
        sys.exit(__doc__)
    main(sys.argv[1])
