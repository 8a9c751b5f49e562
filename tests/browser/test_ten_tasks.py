"""The ten commonest tasks, with their cost: every click, text typed and key pressed is counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from drain.models import DrainSession, FixMarker, Phase, Run
from drain.models.roles import Role
from tests.factories import AttemptFactory, CandidateFactory, FingerprintFactory, SessionFactory

from .conftest import DRAIN_PAGE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.verify, pytest.mark.django_db(transaction=True)]
SOON = 30_000
KEY = "f" * 32
FOCUSED = """(document.activeElement.getAttribute('aria-label')
    || document.activeElement.textContent).trim()"""


@dataclass
class Hand:
    """A person at a page: counts what they do."""

    page: Page
    clicks: int = 0
    typed: int = 0
    keys: int = 0

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

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.keys += 1

    def tab_to(self, words: str, most: int = 20) -> None:
        """Tab until the focus is on these words: what takes too long fails the task."""
        for _ in range(most):
            self.press("Tab")
            if str(self.page.evaluate(FOCUSED)).startswith(words):
                return
        pytest.fail(f"“{words}” is not reached within {most} Tabs")

    def skip_to(self, words: str) -> None:
        """Past the navigation by its link, to these words, and Enter there."""
        self.press("Tab", "Enter")
        self.tab_to(words)
        self.press("Enter")

    @property
    def cost(self) -> tuple[int, int]:
        return self.clicks, self.typed


def test_clear_a_blocker_and_drain_who_waited(olga: User, report_run: Run, visit: Visit) -> None:
    hand = Hand(visit("/"))
    hand.button("Clear research-7…")
    hand.type("Reason", "it is stuck")
    hand.button("Clear 1 phase")
    hand.link("Drain their runs…")
    hand.button("Start drain of 6 phases")
    hand.page.wait_for_url(DRAIN_PAGE)
    assert hand.cost == (4, 1)


def test_drain_one_fingerprint_and_stop_it(olga: User, report_run: Run, visit: Visit) -> None:
    FingerprintFactory(key=KEY, title="ImportError: cannot import name 'ReviewDecision'")
    Phase.objects.filter(state="FAILED").update(last_fingerprint=KEY)
    hand = Hand(visit("/"))
    hand.link("Fingerprints")
    hand.link("Drain the failed phases of ImportError")
    hand.button("Start drain of 5 phases")
    hand.page.wait_for_url(DRAIN_PAGE)
    hand.button("Stop after running")
    expect(hand.page.get_by_text("Drain the rest… starts its 5 waiting phases")).to_be_visible()
    assert hand.cost == (4, 0)


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
    hand.button("Copy link of the report")
    expect(hand.page.get_by_text("Copied")).to_be_visible()
    link = hand.page.locator("[data-copy$='/report/']").get_attribute("data-copy") or ""
    hand.page.goto(link)
    expect(hand.page.get_by_role("link", name="Bundle")).to_be_visible()
    assert hand.cost == (2, 0)


def test_stop_a_drain_by_phone(olga: User, report_run: Run, visit: Visit) -> None:
    session = SessionFactory(state="running", ended_at=None, started_at=timezone.now())
    phase = report_run.phases.filter(state="FAILED")[0]
    CandidateFactory(session=session, phase=phase, status="running", planned_position=1)
    AttemptFactory(session=session, phase=phase, outcome=None, finished_at=None)
    hand = Hand(visit("/", width=390))
    hand.link("Open")
    hand.page.wait_for_url(DRAIN_PAGE)
    stop = hand.page.get_by_role("button", name="Stop after running")
    at_the_thumb(stop)
    at_the_thumb(hand.page.get_by_role("button", name="Cancel…"))
    hand.page.mouse.wheel(0, 2000)
    expect(stop).to_be_in_viewport(ratio=1)
    hand.click(stop)
    expect(hand.page.get_by_text("Stops after 1 running phase; Resume takes it")).to_be_visible()
    assert DrainSession.objects.get(pk=session.pk).state == "stopping"
    assert hand.cost == (2, 0)
    back = hand.page.get_by_role("button", name="Resume", exact=True)
    at_the_thumb(back)
    back.click()
    expect(hand.page.get_by_text("goes on with the 0 waiting phases")).to_be_visible()
    assert DrainSession.objects.get(pk=session.pk).state == "running"


def at_the_thumb(button: Locator) -> None:
    """At the foot of the window, wherever the page is scrolled, and as high as a thumb is wide."""
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] > 600


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


def test_an_executor_and_an_import_of_ones_own_up_to_the_first_drain(
    olga: User, visit: Visit, tmp_path: Path
) -> None:
    jobs = tmp_path / "jobs.csv"
    jobs.write_text("run_id,phase_id,state\nnightly,a,FAILED\nnightly,b,FAILED\n")
    hand = Hand(visit("/"))
    hand.link("Import")
    hand.page.get_by_label("File", exact=True).set_input_files(jobs)
    hand.clicks += 1
    hand.button("Preview")
    hand.button("Import 2 phases")
    hand.type("Name", "jobs")
    hand.type("Command", "run {run_id} {phase_id}")
    hand.click(hand.page.get_by_role("button", name="Save", exact=True))
    hand.button("Start drain of 2 phases")
    hand.page.wait_for_url(DRAIN_PAGE)
    assert hand.cost == (6, 2)


def test_clear_a_blocker_and_drain_who_waited_by_keyboard(
    olga: User, report_run: Run, visit: Visit
) -> None:
    hand = Hand(visit("/"))
    hand.press("g", "q")
    hand.page.wait_for_url("**/queued/")
    hand.press("j")
    hand.tab_to("Clear…")
    hand.press("Enter")
    hand.page.wait_for_url("**/queued/clear/**")
    hand.page.keyboard.type("it is stuck")
    hand.typed += 1
    hand.tab_to("Clear 1 phase")
    hand.press("Enter")
    expect(hand.page.get_by_role("heading", level=1)).to_contain_text("1 phase moved")
    # The focus is where the work goes on.
    hand.press("Enter")
    expect(hand.page.get_by_role("button", name="Start drain of 6 phases")).to_be_visible()
    hand.skip_to("Start drain")
    hand.page.wait_for_url(DRAIN_PAGE)
    assert (hand.keys, hand.cost) == (15, (0, 1))
