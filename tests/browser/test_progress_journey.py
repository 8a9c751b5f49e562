"""Somebody reads the page of a drain while it runs: what was said stays where it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from drain.models import Attempt, DrainSession, Phase, Run

from .conftest import DRAIN_PAGE, Visit
from .test_live_journey import at_its_own_pace, refreshed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.verify]
SOON = 120_000
WATCH = """() => {
    window.shifts = []
    window.moved = []
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
            window.shifts.push(entry.value)
            for (const one of entry.sources) window.moved.push(
                `${one.node?.className} ${one.node?.textContent?.trim().slice(0, 40)}: ${one.previousRect.y} to ${one.currentRect.y}`
            )
        }
    }).observe({ type: "layout-shift" })
}"""
SHIFTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(window.shifts))))"


@pytest.fixture
def gates(report_run: Run, tmp_path: Path) -> Iterator[Path]:
    """A folder: the phase N reports progress and waits for as long as the file N is in it."""
    folder = tmp_path / "gates"
    folder.mkdir()
    for phase in Phase.objects.filter(state="FAILED"):
        (folder / str(phase.phase_index)).touch()
    (tmp_path / "phase.sh").write_text(
        'echo \'{"event":"progress","percent":42,"message":"Halfway through"}\' >> "$DRAIN_REPORT"\n'
        f"while [ -e '{folder}/'$1 ]; do sleep 0.05; done\n"
    )
    yield folder
    for left in folder.iterdir():
        left.unlink()


def until_ended(count: int, page: Page) -> None:
    """Until so many have ended, which takes as long as a phase does, and the page has taken notice."""
    for _ in range(1200):
        if ended(count):
            break
        page.wait_for_timeout(50)
    refreshed(page)


def ended(count: int) -> bool:
    """Return whether so many attempts have ended and the next one has told how far it is."""
    told = Attempt.objects.filter(finished_at=None, progress_percent=42).exists()
    return told and Attempt.objects.exclude(finished_at=None).count() == count


def test_a_running_drain_moves_nothing_that_somebody_reads(
    olga: User, gates: Path, visit: Visit, worker: Callable[[int], None], complaints: list[str]
) -> None:
    page = visit("/drains/new/?run=research-system-v2")
    page.get_by_role("button", name="Start drain of 5 phases").click(timeout=SOON)
    page.wait_for_url(DRAIN_PAGE)
    session = DrainSession.objects.get()
    worker(session.pk)
    order = sorted(gates.iterdir())
    order[0].unlink()
    at_its_own_pace(page)
    until_ended(1, page)
    results = page.locator("#results-rows tr")
    expect(results).to_have_count(1)
    expect(page.get_by_text("42 % Halfway through")).to_be_visible()
    page.locator("#results").scroll_into_view_if_needed()
    page.evaluate(WATCH)
    for count, gate in enumerate(order[1:4], start=2):
        gate.unlink()
        until_ended(count, page)
        expect(page.get_by_text(f"{count} of 5 phases")).to_be_attached()
    expect(results).to_have_count(1)
    assert sum(page.evaluate(SHIFTED)) <= 0.05, page.evaluate("window.moved")
    show = page.get_by_role("button", name="Show 3 new")
    show.click()
    page.clock.run_for(1_000)
    expect(results).to_have_count(4)
    expect(show).to_be_hidden()
    order[4].unlink()
    assert complaints == []


@pytest.mark.parametrize("width", [1440, 390])
def test_the_end_of_a_drain_moves_nothing_and_leads_to_its_stop_card(
    olga: User, gates: Path, visit: Visit, worker: Callable[[int], None], width: int
) -> None:
    script = gates.parent / "phase.sh"
    script.write_text(script.read_text() + "echo 'ValueError: still broken'; exit 1\n")
    page = visit("/drains/new/?run=research-system-v2&max_fingerprint_repeats=2", width=width)
    page.get_by_role("button", name="Start drain of 5 phases").click(timeout=SOON)
    page.wait_for_url(DRAIN_PAGE)
    session = DrainSession.objects.get()
    worker(session.pk)
    at_its_own_pace(page)
    order = sorted(gates.iterdir())
    order[0].unlink()
    until_ended(1, page)
    # Its beginning is on the page: “asked” has become “started”, which moves what stands behind it.
    expect(page.locator("#results-rows tr")).to_have_count(1)
    page.evaluate(WATCH)
    order[1].unlink()
    for _ in range(1200):
        if DrainSession.objects.get().ended_at:
            break
        page.wait_for_timeout(50)
    refreshed(page)
    end = page.locator("#drain-ended")
    expect(end).to_contain_text("2 times")
    assert sum(page.evaluate(SHIFTED)) <= 0.05, page.evaluate("window.moved")
    stopped = page.get_by_role("heading", name="Stopped in part: ")
    expect(stopped).to_have_count(0)
    end.get_by_role("link", name="Why, and what next").click()
    expect(stopped).to_be_in_viewport()
    expect(end).to_be_hidden()


def test_the_observer_would_have_seen_a_shift(olga: User, report_run: Run, visit: Visit) -> None:
    page = visit("/runs/")
    page.evaluate(WATCH)
    page.evaluate(
        "document.querySelector('main').prepend(Object.assign(document.createElement('pre'), {textContent: 'x\\n'.repeat(9)}))"
    )
    assert sum(page.evaluate(SHIFTED)) > 0.05
