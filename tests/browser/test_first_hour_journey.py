"""A new site in the browser alone: bring work in, say how it is run, preview, drain,
each step leading to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from drain.dashboard.imports.form import MOST_MEGABYTES
from drain.models import DrainSession, ExecutorProfile, Phase

from .conftest import DRAIN_PAGE, Visit, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SOON = 120_000


@pytest.mark.verify
def test_from_an_empty_site_to_a_drained_backlog(
    olga: User, visit: Visit, worker: Callable[[int], None], complaints: list[str], tmp_path: Path
) -> None:
    jobs = tmp_path / "jobs.csv"
    jobs.write_text("run_id,phase_id,state\nnightly,a,FAILED\nnightly,b,failed\nnightly,,failed\n")
    page = visit("/")
    expect(page.get_by_text("Nothing is imported yet")).to_be_visible()
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File", exact=True).set_input_files(jobs)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("2 phases in 1 run")).to_be_visible()
    expect(page.get_by_text(re.compile("Line 4: "))).to_be_visible()
    assert not Phase.objects.exists()
    page.get_by_role("button", name="Import 2 phases, leave out 1").click()
    expect(page.get_by_text("2 phases of 1 run imported")).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("heading", name="Nothing was drained yet").first).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Bring work in")).to_contain_text("done")
    page.go_back()
    page.get_by_label("Name", exact=True).fill("jobs")
    page.get_by_role("textbox", name="Command").fill("sh -c 'exit 0' ")
    page.get_by_role("button", name="{phase_id}").click()
    page.get_by_role("button", name="Show arguments").click()
    assert page.locator("ol code.command").all_inner_texts() == ["sh", "-c", "exit 0", "{phase_id}"]
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Start drain of 2 phases").click(timeout=SOON)
    page.wait_for_url(DRAIN_PAGE)
    assert ExecutorProfile.objects.get().is_default
    worker(DrainSession.objects.get().pk)
    expect(page.get_by_text("Finished").first).to_be_visible(timeout=SOON)
    assert set(Phase.objects.values_list("state", flat=True)) == {"COMPLETE"}
    page.goto("/")
    expect(page.get_by_text("Nothing was drained yet")).to_have_count(0)
    assert complaints == []


def test_a_preview_of_another_file_is_no_longer_offered_for_import(
    olga: User, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/import/")
    page.get_by_label("Or its text").fill("run_id,phase_id,state\nn,a,FAILED")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Import 1 phase")).to_be_visible()
    page.get_by_label("Or its text").fill("nonsense")
    expect(page.get_by_role("button", name="Import 1 phase")).to_have_count(0)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was imported")
    assert not Phase.objects.exists()
    complaints.clear()  # The browser notes every 422.


@pytest.mark.verify
def test_columns_that_were_chosen_hold_while_other_fields_change_and_go_with_the_file(
    olga: User, visit: Visit, complaints: list[str]
) -> None:
    page = visit("/import/")
    text = page.get_by_label("Or its text")
    preview = page.get_by_role("button", name="Preview")
    text.fill("pipeline,phase_id,state,error,host\nn,a,FAILED,KeyError: 7,db")
    preview.first.click()
    page.get_by_label("run_id", exact=True).select_option("pipeline")
    preview.last.click()
    page.get_by_label("Which says why it failed?").select_option("error")
    preview.first.click()
    expect(page.get_by_role("cell", name="KeyError: 7")).to_be_visible()
    page.get_by_text("How it is read", exact=True).click()
    page.get_by_label("Name of the source").fill("mine")
    expect(page.get_by_role("button", name="Import 1 phase")).to_have_count(0)
    preview.first.click()
    page.get_by_role("button", name="Import 1 phase").click()
    expect(page.get_by_text("1 phase of 1 run imported")).to_be_visible()
    phase = Phase.objects.get()
    assert (phase.run.run_id, phase.last_failure_reason) == ("n", "KeyError: 7")
    page.goto("/import/")
    text.fill("pipeline,phase_id,state\nm,a,FAILED")
    preview.first.click()
    page.get_by_label("run_id", exact=True).select_option("pipeline")
    preview.last.click()
    expect(page.get_by_role("button", name="Import 1 phase")).to_be_visible()
    text.fill("dag,phase_id,state\nm,a,FAILED")
    preview.first.click()
    expect(page.get_by_label("run_id", exact=True)).to_have_value("")
    complaints.clear()  # The browser notes every 422.


def test_what_is_too_large_is_said_before_it_is_sent_and_nothing_is_cut_off(
    olga: User, visit: Visit, complaints: list[str], tmp_path: Path
) -> None:
    page = visit("/import/")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    # The real limit takes the browser half a minute to type.
    page.locator("form[data-import]").evaluate("form => { form.dataset.mostPasted = 30 }")
    text = "run_id,phase_id,state\nnightly,a,FAILED"
    page.get_by_label("Or its text").fill(text)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("The text is too long")
    assert page.get_by_label("Or its text").input_value() == text
    page.get_by_label("Or its text").fill("")
    large = tmp_path / "large.csv"
    large.write_bytes(b"x" * ((MOST_MEGABYTES << 20) + 1))
    page.get_by_label("File", exact=True).set_input_files(large)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("a browser may bring 15 MB")
    assert "POST" not in sent
    assert complaints == []


@pytest.mark.verify
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_forms_of_the_first_hour_are_accessible(olga: User, visit: Visit, dark: bool) -> None:
    page = visit("/import/", dark=dark, bypass_csp=True)
    page.get_by_label("Or its text").fill("run_id,phase_id,state\nn,a,FAILED\nn,,FAILED")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("1 rejected")).to_be_visible()
    assert violations(page) == []
    for address in ("/executors/set/", "/"):
        page.goto(address)
        assert violations(page) == []
