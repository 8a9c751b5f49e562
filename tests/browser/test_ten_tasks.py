"""What people do most, with what it costs them: every click and every text that is typed is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from drain.models import DrainSession, FixMarker, Phase, Run
from drain.models.roles import Role
from tests.factories import AttemptFactory, FingerprintFactory, SessionFactory

from .conftest import DRAIN_PAGE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.verify, pytest.mark.django_db(transaction=True)]
SOON = 30_000
KEY = "f" * 32


@dataclass
class Hand:
    """A person at a page: counts what they do."""

    page: Page
    clicks: int = 0
    typed: int = 0

    def click(self, what: Locator) -> None:
        what.click(timeout=SOON)
        self.clicks += 1

    def link(self, name: str) -> None:
        self.click(self.page.get_by_role("link", name=name).first)

    def button(self, name: str) -> None:
        self.click(self.page.get_by_role("button", name=name).first)

    def type(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).first.fill(text)
        self.typed += 1

    @property
    def cost(self) -> tuple[int, int]:
        return self.clicks, self.typed


def test_clear_a_blocker_and_drain_who_waited(olga: User, report_run: Run, visit: Visit) -> None:
    hand = Hand(visit("/"))
    hand.link("Queued")
    hand.button("Clear…")
    hand.type("Reason", "it is stuck")
    hand.button("Clear 1 phase")
    hand.link("Drain their runs…")
    hand.button("Start drain of 6 phases")
    hand.page.wait_for_url(DRAIN_PAGE)
    assert hand.cost == (5, 1)


def test_drain_one_fingerprint_and_stop_it(olga: User, report_run: Run, visit: Visit) -> None:
    FingerprintFactory(key=KEY, title="ImportError: cannot import name 'ReviewDecision'")
    Phase.objects.filter(state="FAILED").update(last_fingerprint=KEY)
    hand = Hand(visit("/"))
    hand.link("Fingerprints")
    hand.link("ImportError")
    hand.link("Drain its failed phases…")
    hand.button("Start drain of 5 phases")
    hand.page.wait_for_url(DRAIN_PAGE)
    hand.button("Stop after running…")
    hand.click(hand.page.get_by_role("dialog").get_by_role("button", name="Stop after running"))
    expect(hand.page.get_by_text("Stopped").first).to_be_visible()
    assert hand.cost == (6, 0)


def test_judge_a_fix(olga: User, report_run: Run, visit: Visit) -> None:
    SessionFactory()
    fix = FixMarker.objects.create(title="Mended", applied_at=timezone.now() - timedelta(hours=2))
    hand = Hand(visit("/"))
    hand.link(f"FM-{fix.pk}")
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text("Mended")
    assert hand.cost == (1, 0)


def test_from_a_fragment_of_an_error_to_its_log(olga: User, report_run: Run, visit: Visit) -> None:
    FingerprintFactory(key=KEY, title="ImportError: cannot import name 'ReviewDecision'")
    phase = report_run.phases.filter(state="FAILED")[0]
    Phase.objects.filter(pk=phase.pk).update(last_fingerprint=KEY)
    AttemptFactory(
        phase=phase, fingerprint=KEY, error="ImportError: cannot import name 'ReviewDecision'"
    )
    hand = Hand(visit("/"))
    hand.page.get_by_role("searchbox").fill("ReviewDecision")
    hand.typed += 1
    hand.page.keyboard.press("Enter")
    hand.click(hand.page.locator("main").get_by_role("link", name="ImportError").first)
    hand.click(hand.page.locator("main a[href^='/attempts/']").first)
    expect(hand.page.get_by_role("heading", name="Log", exact=True)).to_be_visible()
    assert hand.cost == (2, 1)


def test_evidence_for_a_colleague(olga: User, report_run: Run, visit: Visit) -> None:
    session = SessionFactory(note="After the fix")
    AttemptFactory(phase=report_run.phases.filter(state="FAILED")[0], session=session)
    hand = Hand(visit("/"))
    hand.link("Open")
    hand.link("Report")
    hand.button("Copy link")
    expect(hand.page.get_by_role("link", name="Bundle")).to_be_visible()
    assert hand.cost == (3, 0)


def test_stop_a_drain_by_phone(
    olga: User, report_run: Run, visit: Visit, worker: Callable[[int], None]
) -> None:
    session = SessionFactory(state="running", ended_at=None)
    hand = Hand(visit("/", width=390))
    hand.link("Open")
    hand.page.wait_for_url(DRAIN_PAGE)
    stop = hand.page.get_by_role("button", name="Stop after running…")
    box = stop.bounding_box()
    assert box is not None
    # At the thumb, wherever the page is scrolled, and as high as a thumb is wide.
    assert box["height"] >= 44
    assert box["y"] > 600
    hand.page.mouse.wheel(0, 2000)
    expect(stop).to_be_in_viewport(ratio=1)
    hand.click(stop)
    sure = hand.page.get_by_role("dialog").get_by_role("button", name="Stop after running")
    box = sure.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    hand.click(sure)
    expect(hand.page.get_by_text("Stopp").first).to_be_visible()
    assert DrainSession.objects.get(pk=session.pk).state in ("stopping", "stopped")
    assert hand.cost == (3, 0)


def test_clear_in_the_admin(olga: User, report_run: Run, visit: Visit) -> None:
    hand = Hand(visit("/admin/"))
    hand.link("Phases")
    hand.link("Queued")
    hand.click(hand.page.get_by_role("checkbox").nth(1))
    hand.page.get_by_label("Action:").select_option(
        label="Clear queued to complete, failed or skipped"
    )
    hand.clicks += 1
    hand.button("Go")
    hand.type("Reason:", "it is stuck")
    hand.click(
        hand.page.locator(
            "#content-main input[type=submit], #content-main button[type=submit]"
        ).first
    )
    expect(hand.page.get_by_text("1 of 1 done")).to_be_visible()
    assert hand.cost == (6, 1)


def test_a_second_user(olga: User, visit: Visit) -> None:
    operator, _ = Group.objects.get_or_create(name=Role.OPERATOR)
    hand = Hand(visit("/admin/"))
    hand.click(hand.page.locator("#content a[href='/admin/auth/user/add/']"))
    hand.type("Username:", "ivan")
    hand.type("Password:", "quite-a-long-password")
    hand.type("Password confirmation:", "quite-a-long-password")
    hand.click(hand.page.get_by_label("operator"))
    hand.button("Save")
    hand.page.wait_for_url("**/change/")
    assert User.objects.get(username="ivan").groups.get() == operator
    assert hand.cost == (3, 3)
