"""A real Chromium against a real server: one browser for all journeys, a fresh context for each."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.handlers import StaticFilesHandlerMixin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)

from drain.engine.loop import Loop
from drain.models import ExecutorProfile, Phase, Run
from drain.people.sign_on import BACKEND
from drainsite import collected

# Playwright keeps an event loop in this thread, and Django takes any loop for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

DRAIN_PAGE = re.compile(r"/drains/\d+/$")
"""The address of one drain, and not that of a new one."""
AXE = Path(__file__).resolve().parent.parent / "vendor" / "axe.min.js"
STILL = """() => {
    const still = new CSSStyleSheet()
    still.replaceSync("* { transition: none !important; animation: none !important }")
    document.adoptedStyleSheets = [still]
}"""
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


@pytest.fixture(autouse=True, scope="session")
def _static_files_are_as_a_site_serves_them() -> Iterator[None]:
    """Styles in one sheet, scripts as collected, all kept by the browser:
    forty files a page are half of a journey's time.
    """
    serve, lean = StaticFilesHandlerMixin.serve, _lean()

    def served(self: StaticFilesHandlerMixin, request: HttpRequest) -> HttpResponseBase:
        text = lean.get(request.path.removeprefix(settings.STATIC_URL))
        if text is None:
            response = serve(self, request)
        else:
            kind = "text/css" if request.path.endswith(".css") else "text/javascript"
            response = HttpResponse(text, content_type=kind)
        response["Cache-Control"] = "max-age=600"
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticFilesHandlerMixin, "serve", served)
        yield


def _lean() -> dict[str, str]:
    found = (finder.list([]) for finder in get_finders())
    return dict(collected.lean({name: (storage, name) for name, storage in chain(*found)}))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """The errors on the browser's console; a journey ends with none."""
    return []


def session_key() -> str:
    """olga is signed in by her cookie; signing in by hand has a journey of its own."""
    client = Client()
    client.force_login(User.objects.get(username="olga"), backend=BACKEND)
    return client.cookies["sessionid"].value


Visit = Callable[..., Page]


@pytest.fixture
def visit(live_server, chromium: Browser, complaints: list[str]) -> Iterator[Visit]:
    """Open a page as a signed-in person; several calls share one window."""
    contexts: list[BrowserContext] = []

    def open_page(
        path: str = "/",
        *,
        width: int = 1440,
        dark: bool = False,
        bypass_csp: bool = False,
        signed_in: bool = True,
    ) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            # Only for axe-core, which writes inline styles.
            bypass_csp=bypass_csp,
        )
        if signed_in:
            context.add_cookies(
                [{"name": "sessionid", "value": session_key(), "url": live_server.url}]
            )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def olga(transactional_db: None) -> User:
    """Somebody who may do everything."""
    return User.objects.create_superuser("olga", password="a-long-password")


def wait_for_charts(page: Page) -> None:
    """Until every chart is drawn; by a locator, because the pages' policy lets no script poll."""
    expect(page.locator("[data-chart]:not(:has(svg))")).to_have_count(0)


def violations(page: Page, only: list[str] | None = None) -> list[str]:
    """Serious findings of axe-core on the page as it stands; `only` names the rules to try."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())
    # A colour that is still fading from one look to the other is no finding.
    page.evaluate(STILL)
    # Without the style sheets read a second time, which only rules for video and orientation need.
    options = {"resultTypes": ["violations"], "preload": False, "iframes": False}
    found = page.evaluate(
        "(options) => axe.run(options)", options | ({"runOnly": only} if only else {})
    )
    return [
        f"{item['id']}: {item['nodes'][0]['html'][:120]}"
        for item in found["violations"]
        if item["impact"] in ("serious", "critical")
    ]


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A file that holds every phase of the story in its middle for as long as it exists."""
    return tmp_path / "gate"


@pytest.fixture
def report_run(tmp_path: Path, gate: Path, transactional_db: None) -> Run:
    """The run of the story: two complete, five failed, one queued; phase 4 is still broken."""
    script = tmp_path / "phase.sh"
    script.write_text(
        'echo "working on $DRAIN_PHASE_ID"\n'
        f"while [ -e '{gate}' ]; do sleep 0.05; done\n"
        'if [ "$1" = 4 ]; then echo "ValueError: still broken"; exit 1; fi\n'
    )
    argv = ["/bin/sh", str(script), "{phase_index}"]
    ExecutorProfile.objects.create(name="script", argv=argv, is_default=True)
    run = Run.objects.create(run_id="research-system-v2")
    said = "ImportError: cannot import name 'ReviewDecision'"
    Phase.objects.bulk_create(
        Phase(
            run=run, phase_id=f"research-{index}", phase_index=index, state=state,
            last_failure_reason=said if state == "FAILED" else "",
        )
        for index, state in enumerate(["COMPLETE"] * 2 + ["FAILED"] * 5 + ["QUEUED"])
    )  # fmt: skip
    return run


@pytest.fixture
def worker() -> Iterator[Callable[[int], None]]:
    """Drain a session in a thread of its own, as a worker's loop does; the journey goes on meanwhile."""
    threads: list[threading.Thread] = []

    def loop(session: int) -> None:
        try:
            Loop(1, session=session).run()
        finally:
            connection.close()

    def start(session: int) -> None:
        threads.append(threading.Thread(target=loop, args=[session]))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
