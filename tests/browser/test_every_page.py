"""Every page, held against the table of addresses:
it fits a phone, is accessible in both looks, complains of nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import pytest
from django.contrib.auth.models import User
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from playwright.sync_api import Page

from drain.models import (
    Autopilot,
    BulkAction,
    BulkItem,
    Delivery,
    FixMarker,
    Hold,
    Note,
    Notice,
    Rollout,
    Run,
    Source,
    Webhook,
)
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin
from tests.factories import AttemptFactory, CandidateFactory, FingerprintFactory, SessionFactory
from tests.permissions_table import NOT_MADE_FOR, PAGES

from .conftest import Visit, violations, wait_for_charts

pytestmark = [pytest.mark.browser, pytest.mark.verify, pytest.mark.django_db(transaction=True)]
KEY = "f" * 32
PARTS = 4
"""The walk takes a minute; in parts both test workers share it to the end."""
STRETCH = """() => {
  const texts = document.createTreeWalker(document.querySelector("main") ?? document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode())
    texts.currentNode.data = texts.currentNode.data.replace(/\\S*[\\/_]\\S*/g, word => "w".repeat(2 * word.length));
}"""
"""Paths and ids get the longest words of any machine: the page must not depend on this one's."""
WIDEST = """() => {
  const wide = document.documentElement.scrollWidth;
  const reaches = e => Math.ceil(e.getBoundingClientRect().right) >= wide && !e.closest(".table-wrap");
  const last = [...document.querySelectorAll("body *")].findLast(reaches);
  return wide > innerWidth ? [`${wide} pixels wide: ${last?.outerHTML.slice(0, 200)}`] : [];
}"""
NARROW = 360
"""Pixels: the narrowest of the phones that people still carry."""
UNBROKEN = "an_id_without_a_place_to_break_" * 3
"""Longer than a phone is wide."""
# Addresses that are no page: files, what only leads elsewhere, and the scripts of the admin.
NO_PAGES = {
    "drain:login", "drain:first-account", "drain:attempt-log-file", "drain:session-report-file", "drain:audit-export",
    "api:openapi-json", "drain:executor-try", "drain:session-pick", "drain:runs-drain", "drain:fingerprints-drain",
    "admin:login", "admin:jsi18n", "admin:password_change_done",
}  # fmt: skip
MEANT: dict[str, dict[str, str]] = {
    "drain:session-excluded": {"reason": "run_held"},
    "drain:fingerprint-detail": {"key": KEY},
}
QUERIES = {
    "drain:evidence-compare": "?kind=drain&drain={session}",
    "drain:fingerprints-decide": f"?act=snooze&fingerprint={KEY}",
}
COLOURS = ["color-contrast"]
DJANGOS_OWN = ("label:", "label-title-only:", "link-in-text-block:")
"""Of pages below /admin/: the markup of Django's own search box, inline rows and breadcrumbs."""
SWAGGERS_OWN = ("nested-interactive:",)
"""Of the page of the API: its rows, which unfold and hold a link."""
MORE = (
    "/search/?q=Review", "/runs/?q=Review", "/drains/?state=paused", "/drains/new/?queued_policy=run",
    reverse_lazy("admin:drain_phase_changelist"), reverse_lazy("admin:drain_run_changelist"),
)  # fmt: skip
"""The same pages with other contents: results, a filter that leaves nothing, and lists of the admin."""
EMPTY = (
    "/search/?q=nowhere",
    "/runs/?q=nowhere",
    "/queued/?run=nowhere",
    "/fingerprints/?q=nowhere",
)
"""More filters that leave nothing."""


@pytest.fixture
def world(report_run: Run) -> dict[str, int]:
    """Something of everything: drains that run, stopped and selected nothing, a cause, a fix, checks,
    holds, acts.
    """
    now = timezone.now()
    cause = FingerprintFactory(key=KEY, title="ImportError: cannot import name 'ReviewDecision'")
    for about in ({"run": report_run}, {"fingerprint": cause}):
        Note.objects.create(text=UNBROKEN, created_by=UNBROKEN, origin="browser", **about)
    failed = list(report_run.phases.filter(state="FAILED"))
    report_run.phases.filter(pk=failed[0].pk).update(
        phase_id=UNBROKEN, name=UNBROKEN, category=UNBROKEN
    )
    stopped = SessionFactory(
        state="stopped", stop_reason="failure_rate", note="Check of the fix", ledger={"run_held": 1}
    )
    for phase in failed[:4]:
        AttemptFactory(phase=phase, session=stopped, fingerprint=KEY, error="ImportError: x")
    attempt = AttemptFactory(phase=failed[0], session=stopped, outcome="complete")
    CandidateFactory(session=stopped, phase=failed[4], status="excluded", reason="run_held")
    SessionFactory(state="running", ended_at=None)
    marker = FixMarker.objects.create(
        title="Mended", applied_at=now - timedelta(hours=2), created_by="olga"
    )
    hold = Hold.objects.create(
        kind="prefix", value="archive-", reason="disk full", created_by="olga", origin="browser"
    )
    bulk = BulkAction.objects.create(verb="clear_queued", label="Clear", things="phases", reason="old",
        actor="olga", origin="browser", total=1, state="finished")  # fmt: skip
    BulkItem.objects.create(action=bulk, target=1, done=True, label="research-7", said="cleared")
    by = Person("olga", Origin.BROWSER, "10.0.0.1")
    record_audit(
        by, "hold", Subject("run", "1", "archive-"), "disk full", old={}, new={"until": None}
    )
    news(now)
    pilot = automatic(marker, now)
    return {
        "run": report_run.pk, "phase": failed[0].pk, "session": stopped.pk, "attempt": attempt.pk,
        "marker": marker.pk, "hold": hold.pk, "bulk": bulk.pk,
        "autopilot": pilot.pk,
    }  # fmt: skip


def news(now: datetime) -> None:
    notice = Notice.objects.create(
        kind="fingerprint.new", about=KEY, since=now, title=f"New: {UNBROKEN}", path=f"/fingerprints/{KEY}/"
    )  # fmt: skip
    hook = Webhook.objects.create(
        name=UNBROKEN, url="https://hooks.example.org/x", kinds=["drain.ended"], salt="x", key_check="x"
    )  # fmt: skip
    for state, error in (("delivered", ""), ("failed", "It answered 500."), ("waiting", "")):
        Delivery.objects.create(
            notice=notice, webhook=hook, state=state, error=error, tries=1, status=204
        )


def automatic(marker: FixMarker, now: datetime) -> Autopilot:
    """An autopilot, a source that is read by itself, and a drain on the fix; returns the autopilot."""
    pilot = Autopilot.objects.create(
        name=UNBROKEN[:60], trigger="schedule", cron="@daily", armed_at=now, heard_at=now,
        paused_at=now, paused_by="olga", paused_reason=UNBROKEN, budget_attempts=5, created_by="olga",
    )  # fmt: skip
    Source.objects.create(
        name=UNBROKEN, kind="sql", url=f"sqlite:////{UNBROKEN}", cron="*/10 * * * *", said=UNBROKEN, said_at=now,
        failures=3, paused_at=now, read_at=now, found={"phases": 12, "created": 3, "updated": 1},
    )  # fmt: skip
    Rollout.objects.create(
        marker=marker, sample=24, state="stopped", ended_at=now, started_by=UNBROKEN[:200],
        card={"rule": "partly", "sentence": UNBROKEN, "advice": "Drain those that it helped."},
    )  # fmt: skip
    return pilot


def addresses(world: dict[str, int]) -> Iterator[str]:
    """Each page of the table of permissions once, with objects of the world in it."""
    for name, row in PAGES.items():
        if row.get == NOT_MADE_FOR or name in NO_PAGES:
            continue
        values = {"pk": world[row.pk]} if row.pk else {}
        query = QUERIES.get(name, "").format(**world)
        yield reverse(name, kwargs=values | MEANT.get(name, {})) + query
    yield reverse("admin:drain_phase_change", args=[world["phase"]])
    yield from map(str, MORE)


def opened(page: Page, address: str) -> list[str]:
    """Go there and wait until the charts are drawn; what came instead of a page."""
    answer = page.goto(address)
    assert answer is not None
    wait_for_charts(page)
    return [] if answer.status == 200 else [f"status {answer.status}"]


@pytest.mark.parametrize("part", range(PARTS))
def test_every_page_fits_a_phone_and_is_accessible_in_light_and_dark(
    olga: User, world: dict[str, int], visit: Visit, complaints: list[str], part: int
) -> None:
    page, found = visit("/", width=NARROW), {}
    for address in islice((*addresses(world), *EMPTY), part, None, PARTS):
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": NARROW, "height": 900})
        said = opened(page, address) + complaints
        said += violations(page)
        page.evaluate(STRETCH)
        said += page.evaluate(WIDEST)
        page.emulate_media(color_scheme="dark")
        page.set_viewport_size({"width": 1440, "height": 900})
        theirs = {"admin": DJANGOS_OWN, "api": SWAGGERS_OWN}.get(address.split("/")[1], ())
        said += violations(page, only=COLOURS)
        found[address] = [one for one in said if not one.startswith(theirs)]
        # The policy of the pages forbids some of what axe-core does.
        complaints.clear()
    assert {address: said for address, said in found.items() if said} == {}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_pages_without_a_frame_are_accessible_too(olga: User, visit: Visit, dark: bool) -> None:
    page = visit("/login/", signed_in=False, dark=dark, bypass_csp=True)
    assert violations(page) == []
    page = visit("/nothing/", width=390, dark=dark, bypass_csp=True)
    assert violations(page) == []


def test_the_page_of_the_api_is_dark_where_the_site_is(olga: User, visit: Visit) -> None:
    page = visit("/api/", bypass_csp=True)
    page.evaluate("localStorage.setItem('drain-theme', 'dark')")
    page.reload()
    page.locator(".opblock").first.wait_for()
    red, green, blue = page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number)"
    )[:3]
    assert max(red, green, blue) < 64
    said = violations(page, only=COLOURS)
    assert [one for one in said if not one.startswith(SWAGGERS_OWN)] == []
