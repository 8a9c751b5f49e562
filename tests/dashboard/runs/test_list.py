"""The list of runs: found by name and by what their errors say, page by page."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.core.cache import cache
from django.utils import timezone

from drain.dashboard.runs import list_query
from drain.models import Hold
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import (
    PhaseFactory,
    RunFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered():
    cache.clear()


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def listed(client, query=""):
    """The names of the runs that a list shows, from top to bottom."""
    return named(client.get(f"/runs/{query}").content.decode())


def named(page):
    return re.findall(r'<td class="t-name"><a href="/runs/\d+/">(.*?)</a>', page)


def leads(page, way):
    """The address of the next or the previous page; None at an end."""
    found = re.search(rf'rel="{way}" href="([^"]*)"', page)
    return unescape(found[1]) if found else None


def test_filters_in_the_address_narrow_the_list(client):
    day_ago = timezone.now() - timedelta(days=1)
    failed, stale, other = (
        RunFactory(run_id="a-1"),
        RunFactory(run_id="a-2"),
        RunFactory(run_id="b-1"),
    )
    PhaseFactory(run=failed)
    PhaseFactory(run=stale, state="QUEUED", state_changed_at=day_ago)
    PhaseFactory(run=other, state="COMPLETE")
    Hold.objects.create(kind="prefix", value="b-", reason="r", created_by="p", origin="browser")
    assert listed(client) == ["a-1", "b-1", "a-2"]
    assert listed(client, "?state=FAILED") == ["a-1"]
    assert listed(client, "?stale=1") == ["a-2"]
    assert listed(client, "?held=1") == ["b-1"]
    assert listed(client, "?q=a-&state=queued") == ["a-2"]
    nonsense = "?state=nonsense&source=x&before=y&sort=nothing&since=never&from=z"
    assert listed(client, nonsense) == ["a-1", "b-1", "a-2"]


def test_runs_are_found_by_the_words_of_their_errors(client):
    run = RunFactory(run_id="one")
    PhaseFactory(
        run=run,
        last_failure_reason="Traceback\nModuleNotFoundError: No module named 'autopack.coverage'",
    )
    PhaseFactory(
        run=RunFactory(run_id="two"), state="COMPLETE", last_failure_reason="ModuleNotFoundError"
    )
    assert listed(client, "?q=modulenotf cover") == ["one"]
    assert listed(client, "?q=coverage_tracker") == []
    assert "No module named" in client.get("/runs/?q=autopack").content.decode()


@pytest.mark.parametrize("near", [0, 80])
@pytest.mark.parametrize("typed", ["SIZE", "5e3abc", "größe", "007 size", "a1b2", "x" * 9])
def test_words_are_found_however_they_are_written_and_taken_apart(client, monkeypatch, near, typed):
    monkeypatch.setattr(list_query, "NEAR", near)
    said = "Size 007: 5e3 abc is no Größe of a1b2c3, " + "X" * 9
    phase = PhaseFactory(run=RunFactory(run_id="one"), last_failure_reason=said)
    assert listed(client, f"?q={typed}") == ["one"]
    assert f"/phases/{phase.pk}/" in client.get("/search/", {"q": typed}).content.decode()


@pytest.mark.parametrize("typed", ["'", "a' | 'b", ":* & !", "%", "\\", "😀", "x" * 5000, "%00"])
def test_whatever_is_typed_is_only_searched_for(client, typed):
    assert client.get("/runs/", {"q": typed}).status_code == 200
    assert client.get("/search/", {"q": typed}).status_code == 200


def test_pages_lead_on_and_back_without_losing_a_run(client, monkeypatch):
    monkeypatch.setattr(list_query, "PAGE", 2)
    runs = [RunFactory(run_id=f"run-{place}") for place in range(5)]
    seen, query = [], "?q=run"
    for _ in range(3):
        page = client.get(f"/runs/{query}").content.decode()
        seen += named(page)
        query = leads(page, "next")
    assert seen == [run.run_id for run in reversed(runs)]
    assert leads(page, "next") is None
    back = leads(page, "prev")
    assert back.startswith("?q=run&after=")
    assert listed(client, back) == seen[2:4]
    assert client.get("/runs/?before=999999999").status_code == 200


@pytest.mark.parametrize("near", [0, 3, 80])
def test_common_words_and_rare_ones_are_found_however_far_away(client, monkeypatch, near):
    monkeypatch.setattr(list_query, "PAGE", 2)
    monkeypatch.setattr(list_query, "NEAR", near)
    for place in range(6):
        said = "Timeout in setUp" + (" of the needle" if place == 0 else "")
        PhaseFactory(run=RunFactory(run_id=f"run-{place}"), last_failure_reason=said)
    assert listed(client, "?q=timeout") == ["run-5", "run-4"]
    page = client.get("/runs/?q=timeout").content.decode()
    assert page.count(": Timeout in setUp</a>") == 2
    assert listed(client, leads(page, "next")) == ["run-3", "run-2"]
    assert listed(client, "?q=needle") == ["run-0"]
    assert listed(client, "?q=run-1") == ["run-1"]


def test_nothing_there_and_filtered_away_are_told_apart(client):
    assert "No run yet" in client.get("/runs/").content.decode()
    assert "No run matches these filters" in client.get("/runs/?q=zzz").content.decode()
