"""What people come for, done in a browser from signing in to seeing the result."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from drain.engine.loop import drain
from drain.models import DrainSession, ExecutorProfile, Phase, Run
from drain.models.vocabulary import PhaseState

from .conftest import Visit, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def report_run(tmp_path: Path, transactional_db: None) -> Run:
    """The run of the story: two complete, five failed, one queued."""
    script = 'echo "working on $DRAIN_PHASE_ID"; [ "$1" != 4 ] || { echo "ValueError: still broken"; exit 1; }'
    ExecutorProfile.objects.create(
        name="script", argv=["/bin/sh", "-c", script, "sh", "{phase_index}"], is_default=True
    )
    run = Run.objects.create(run_id="research-system-v2")
    states = ["COMPLETE"] * 2 + ["FAILED"] * 5 + ["QUEUED"]
    Phase.objects.bulk_create(
        Phase(
            run=run,
            phase_id=f"research-{index}",
            phase_index=index,
            state=state,
            last_failure_reason="ImportError: cannot import name 'ReviewDecision'"
            if state == "FAILED"
            else "",
        )
        for index, state in enumerate(states)
    )
    return run


def test_preview_start_watch_and_read_a_drain(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/")
    page.get_by_role("link", name="New drain").first.click()
    page.get_by_role("textbox", name="Runs").fill("research-system-v2")
    button = page.get_by_role("button", name="Start drain of 5 phases")
    expect(button).to_be_visible(timeout=15_000)
    button.click()
    page.wait_for_url("**/drains/*/")
    session = DrainSession.objects.get()
    assert (session.selected, session.started_by) == (5, "olga")
    drain(session.pk, 0, slice_seconds=None)
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=20_000)
    assert Phase.objects.filter(state=PhaseState.COMPLETE).count() == 6
    page.goto(f"/runs/{report_run.pk}/")
    expect(page.get_by_text("6 complete")).to_be_visible()
    expect(page.get_by_text("ValueError: still broken").first).to_be_visible()
    assert complaints == []


def test_a_phase_is_found_by_a_piece_of_its_error(
    olga: User, report_run: Run, visit: Visit
) -> None:
    page = visit("/search/?q=ReviewDec")
    page.get_by_role("link", name="cannot import name 'ReviewDecision'").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("research-")
    expect(page.get_by_text("cannot import name 'ReviewDecision'").first).to_be_visible()


def test_a_stranger_is_asked_to_sign_in(
    visit: Visit, chromium, live_server, transactional_db: None
) -> None:
    context = chromium.new_context(base_url=live_server.url)
    page = context.new_page()
    page.goto("/runs/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    context.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_fit_a_phone_and_have_no_serious_accessibility_problem(
    olga: User, report_run: Run, visit: Visit, complaints: list[str], dark: bool
) -> None:
    page = visit("/", width=390, dark=dark)
    phase = Phase.objects.filter(state="FAILED").first()
    assert phase is not None
    paths = (
        "/",
        "/runs/",
        f"/runs/{report_run.pk}/",
        f"/phases/{phase.pk}/",
        "/drains/",
        "/drains/new/",
    )
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    assert complaints == []
    # Afterwards, because axe itself writes inline styles, which the policy of the pages refuses.
    for path in paths:
        page.goto(path)
        assert violations(page) == [], path
