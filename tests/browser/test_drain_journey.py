"""Somebody previews, starts, watches and stops a drain, and reads what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, Route, expect

from drain.models import DrainSession, Phase, Run
from drain.models.vocabulary import PhaseState
from tests.factories import FingerprintFactory, PhaseFactory, RunFactory, SourceFactory

from .conftest import DRAIN_PAGE, Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SOON = 120_000


def start_of_five(page: Page) -> DrainSession:
    """From the overview to a started drain of the run's five failed phases."""
    page.get_by_role("link", name="New drain").first.click()
    page.get_by_role("combobox", name="Runs").fill("research-system-v2")
    page.get_by_role("button", name="Start drain of 5 phases").click(timeout=SOON)
    page.wait_for_url(DRAIN_PAGE)
    return DrainSession.objects.get()


def test_preview_start_watch_and_read_a_drain(
    olga: User, report_run: Run, visit: Visit, worker: Callable[[int], None], complaints: list[str]
) -> None:
    page = visit("/")
    session = start_of_five(page)
    assert (session.selected, session.started_by) == (5, "olga")
    worker(session.pk)
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=SOON)
    page.get_by_role("link", name="research-4").first.click()
    expect(page.get_by_text("ValueError: still broken").first).to_be_visible()
    page.goto(f"/runs/{report_run.pk}/")
    expect(page.get_by_text("6 complete", exact=True)).to_be_visible()
    assert complaints == []


def test_a_preview_follows_the_form(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/drains/new/")
    expect(page.get_by_text("5 + 0 = 5")).to_be_visible()
    page.get_by_label("Batch size").fill("2")
    expect(page.get_by_role("button", name="Start drain of 2 phases")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("2 + 3 = 5")).to_be_visible()
    page.route("**/drains/new/?*", lambda route: route.abort())
    page.get_by_label("Note").fill("?")
    expect(page.get_by_text("older than the form")).to_be_visible(timeout=SOON)
    page.unroute("**/drains/new/?*")
    complaints.clear()
    page.get_by_label("One queued phase excludes its whole run").check()
    expect(page.get_by_role("button", name="Nothing to start")).to_be_disabled(timeout=SOON)
    expect(page.get_by_text("older than the form")).to_be_hidden()
    assert not DrainSession.objects.exists()
    assert complaints == []


def picks_a_run(page: Page, runs: Locator) -> None:
    runs.fill("system-v2")
    expect(page.locator("#o-run option")).to_have_count(1)
    expect(page.locator("#e-run")).to_be_visible()
    runs.fill("research-system-v2")
    expect(page.get_by_role("button", name="Remove research-system-v2")).to_be_visible()
    expect(runs).to_have_value("")
    expect(page.get_by_text("5 + 0 = 5")).to_be_visible()
    page.get_by_role("button", name="Remove research-system-v2").click()
    expect(page.get_by_text("6 + 0 = 6")).to_be_visible()


def picks_a_source(page: Page) -> None:
    sources = page.get_by_role("combobox", name="Sources")
    sources.fill("nightly")
    expect(page.locator("#o-source option")).to_have_count(1)
    sources.fill("Nightly jobs")
    expect(page.locator("#picks-source")).to_have_text("Nightly jobs")
    expect(page.get_by_text("1 + 0 = 1")).to_be_visible()
    page.get_by_role("button", name="Remove Nightly jobs").click()
    expect(page.get_by_text("6 + 0 = 6")).to_be_visible()


@pytest.mark.verify
def test_runs_sources_and_fingerprints_are_picked_as_chips_and_taken_away(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    SourceFactory()
    jobs = SourceFactory(name="Nightly jobs")
    PhaseFactory(run=RunFactory(run_id="other-run", source=jobs), last_fingerprint="abc123")
    FingerprintFactory(key="abc123", title="No module named coverage")
    page = visit("/drains/new/")
    expect(page.get_by_text("6 + 0 = 6")).to_be_visible()
    runs = page.get_by_role("combobox", name="Runs")
    picks_a_run(page, runs)
    picks_a_source(page)
    causes = page.get_by_role("combobox", name="Fingerprints")
    causes.fill("No module")
    expect(page.locator("#o-fingerprint option")).to_have_count(1)
    causes.fill("abc123")
    expect(page.locator("#picks-fingerprint")).to_have_text("No module named coverage")
    expect(page.get_by_role("button", name="Start drain of 1 phase")).to_be_visible()
    causes.press("Backspace")
    expect(page.get_by_text("6 + 0 = 6")).to_be_visible()
    runs.fill("other-run")
    page.get_by_label("Note").focus()
    page.get_by_role("button", name="Start drain of 1 phase").click()
    page.wait_for_url(DRAIN_PAGE)
    assert DrainSession.objects.get().scope["run_ids"] == ["other-run"]
    assert complaints == []


def test_a_start_waits_for_the_preview_of_what_was_typed(
    olga: User, report_run: Run, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/drains/new/?batch_size=1")
    start = page.locator("#start button")
    expect(start).to_have_text("Start drain of 1 phase")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/drains/new/?*", hold)
    batch = page.get_by_label("Batch size")
    batch.fill("3")
    expect(start).to_be_disabled()
    with page.expect_request("**/drains/new/?*batch_size=3*"):
        batch.press("Enter")
    expect(start).to_have_text("Planning …")
    assert page.url.endswith("batch_size=1")
    for route in held:
        route.continue_()
    page.unroute("**/drains/new/?*")
    expect(start).to_have_text("Start drain of 3 phases")
    assert not DrainSession.objects.exists()
    start.click()
    page.wait_for_url(DRAIN_PAGE)
    assert DrainSession.objects.get().selected == 3
    assert complaints == []


@pytest.mark.verify
def test_a_running_drain_is_stopped_after_what_runs(
    olga: User,
    report_run: Run,
    gate: Path,
    visit: Visit,
    worker: Callable[[int], None],
    complaints: list[str],
) -> None:
    gate.touch()
    page = visit("/")
    session = start_of_five(page)
    worker(session.pk)
    running = page.get_by_role("heading", name="Running attempts")
    expect(running).to_be_visible(timeout=SOON)
    expect(page.get_by_text("working on research-2").first).to_be_visible(timeout=SOON)
    for button, state in (("Stop after running", "Stopping"), ("Resume", "Running")):
        page.get_by_role("button", name=button).click()
        expect(page.locator("h1 + .badge")).to_have_text(state, timeout=SOON)
    page.get_by_role("button", name="Stop after running").click()
    expect(page.get_by_text("Stops after 1 running phase; Resume takes it back")).to_be_visible()
    gate.unlink()
    expect(page.get_by_role("heading", name="Stopped:")).to_be_visible(timeout=SOON)
    expect(page.get_by_text("4 of 5 phases")).to_be_visible()
    assert Phase.objects.filter(state=PhaseState.FAILED).count() == 4
    session.refresh_from_db()
    assert (session.state, session.stop_reason) == ("stopped", "person")
    assert complaints == []
