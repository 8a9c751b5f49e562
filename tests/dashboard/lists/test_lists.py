"""Lists sort, narrow by dates and download, each the same way."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drain.dashboard.lists import order
from drain.models import SessionRun
from drain.models.roles import Role
from tests.dashboard.lists.files import as_csv, body, failed, names
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


def test_runs_begin_with_those_that_have_most_failed_phases(client):
    quiet, worst, bad = (
        RunFactory(run_id="quiet"),
        RunFactory(run_id="worst"),
        RunFactory(run_id="bad"),
    )
    failed(2, bad)
    failed(3, worst)
    PhaseFactory(run=quiet, state="COMPLETE")
    page = client.get("/runs/").content.decode()
    assert page.index(">worst<") < page.index(">bad<") < page.index(">quiet<")
    page = client.get("/runs/?sort=-complete").content.decode()
    assert page.index(">quiet<") < page.index(">bad<")
    page = client.get("/runs/?sort=run").content.decode()
    assert page.index(">bad<") < page.index(">quiet<") < page.index(">worst<")
    assert 'aria-sort="ascending"' in page


def test_pages_of_a_sorted_list_hold_every_run_once(client, monkeypatch):
    monkeypatch.setattr("drain.dashboard.runs.list_query.PAGE", 2)
    runs = [RunFactory(run_id=f"run-{n}") for n in range(5)]
    PhaseFactory(run=runs[1])
    failed(2, runs[3])
    for query in (
        "?sort=-failed",
        "?sort=run",
        "?sort=-failed&q=run",
        "?sort=-failed&since=2000-01-01",
    ):
        seen = []
        for start in (0, 2, 4):
            page = client.get(f"/runs/{query}&from={start}").content.decode()
            shown = [run.run_id for run in runs if f">{run.run_id}<" in page]
            assert len(shown) == min(2, 5 - start)
            seen += shown
        assert sorted(seen) == [run.run_id for run in runs]


def test_a_column_without_an_index_sorts_only_what_filters_leave_few_of(client, monkeypatch):
    RunFactory(source=SourceFactory(name="b-source"), run_id="one")
    RunFactory(source=SourceFactory(name="a-source"), run_id="two")
    page = client.get("/runs/?sort=source").content.decode()
    assert page.index(">two<") < page.index(">one<")
    monkeypatch.setattr(order, "MOST", 1)
    page = client.get("/runs/?sort=source").content.decode()
    assert "source sorts once the filters leave 1 rows or fewer" in page
    assert 'href="?sort=source"' not in page
    assert 'aria-sort="descending"' in page
    page = client.get("/runs/?q=one").content.decode()
    assert "sort=run" in page
    assert 'value="source"' not in page


def test_a_sorted_list_says_where_it_ends(client, monkeypatch):
    monkeypatch.setattr(order, "MOST", 2)
    monkeypatch.setattr("drain.dashboard.runs.list_query.PAGE", 2)
    for n in range(5):
        RunFactory(run_id=f"run-{n}")
    assert "The list ends" not in client.get("/runs/?sort=run").content.decode()
    page = client.get("/runs/?sort=run&from=2").content.decode()
    assert "The list ends after 4 rows: narrow the filters, or download all" in page
    assert names(client, "?sort=run&download=json") == [f"run-{n}" for n in range(5)]


def test_a_list_offers_its_orders_where_no_heads_are_shown(client):
    RunFactory()
    page = client.get("/runs/").content.decode()
    chosen = page[page.index('name="sort"') :].partition("</select>")[0]
    assert '<option value="" selected>Failed, most first</option>' in chosen
    assert '<option value="run">Run, A to Z</option>' in chosen
    assert '<option value="-run">Run, Z to A</option>' in chosen
    page = client.get("/runs/?sort=-run").content.decode()
    assert '<option value="-run" selected>' in page
    assert "sorted by run, Z to A" in page


def test_a_range_of_dates_narrows_page_and_file_alike(client):
    for days in range(3):
        RunFactory(run_id=f"day-{days}", created_at=NOON + timedelta(days=days))
    query = "?since=2026-03-03&until=2026-03-03"
    page = client.get(f"/runs/{query}").content.decode()
    assert (">day-1<" in page, ">day-0<" in page, ">day-2<" in page) == (True, False, False)
    assert names(client, f"{query}&download=json") == ["day-1"]
    # The minute that a person names is within.
    assert names(client, "?until=2026-03-02T12:00&download=json") == ["day-0"]
    assert "is not a time" in client.get("/runs/?since=yesterday").content.decode()


def test_the_phases_of_a_run_sort_narrow_and_download(client):
    run, other = RunFactory(run_id="mine"), RunFactory()
    PhaseFactory(run=run, phase_id="b-first", phase_index=1, attempts=1)
    PhaseFactory(
        run=run, phase_id="a-second", phase_index=2, attempts=4, last_failure_reason="=1+1"
    )
    PhaseFactory(run=run, phase_id="c-third", phase_index=3, state="COMPLETE")
    PhaseFactory(run=other, phase_id="elsewhere")
    for query, wanted in (
        ("run=mine&sort=place", ["b-first", "a-second", "c-third"]),
        ("run=mine&sort=phase", ["a-second", "b-first", "c-third"]),
        ("run=mine&sort=-attempts&state=FAILED", ["a-second", "b-first"]),
        ("q=else", ["elsewhere"]),
        ("run=mine&until=2000-01-01", []),
    ):
        page = client.get(f"/phases/?{query}").content.decode()
        assert re.findall(r'<a href="/phases/\d+/">(.*?)</a>', page) == wanted
        rows = json.loads(body(client.get(f"/phases/?{query}&download=json")))
        assert [row["phase"] for row in rows] == wanted
    found = as_csv(client.get("/phases/?run=mine&sort=place&download=csv"))
    assert found[1]["error"] == "'=1+1"


def test_attempts_sort_narrow_and_download(client):
    session = SessionFactory()
    quick = AttemptFactory(phase=PhaseFactory(phase_id="quick"), session=session, fingerprint="f1")
    slow = AttemptFactory(
        phase=PhaseFactory(phase_id="slow"),
        outcome="complete",
        started_at=NOON - timedelta(days=1),
        finished_at=NOON,
    )
    for query, wanted in (
        ("", [slow, quick]),
        ("sort=took", [quick, slow]),
        ("sort=-took", [slow, quick]),
        (f"drain={session.pk}", [quick]),
        (f"run={slow.run.run_id}", [slow]),
        ("outcome=complete", [slow]),
        ("fingerprint=f1", [quick]),
        ("outcome=open", []),
        ("drain=none", []),
        ("since=2026-03-02T12:00", [quick]),
    ):
        page = client.get(f"/attempts/?{query}").content.decode()
        assert re.findall(r'/log/">#(\d+)<', page) == [str(one.pk) for one in wanted]
        rows = json.loads(body(client.get(f"/attempts/?{query}&download=json")))
        assert [row["number"] for row in rows] == [one.pk for one in wanted]
    assert rows[0]["seconds"] == 60


def test_drains_sort_narrow_and_download(client):
    first, second = (
        SessionFactory(selected=5, note="=cmd"),
        SessionFactory(selected=3, started_by="zoe"),
    )
    for query, wanted in (
        ("", [second, first]),
        ("sort=-selected", [first, second]),
        ("sort=number", [first, second]),
        ("sort=-failed", [first, second]),
        ("by=zoe", [second]),
        ("until=2000-01-01", []),
    ):
        if query == "sort=-failed":
            SessionRun.objects.create(session=first, run=RunFactory(), failed=2)
        page = client.get(f"/drains/?{query}").content.decode()
        assert re.findall(r"Drain (\d+)</a>", page) == [str(one.pk) for one in wanted]
        rows = json.loads(body(client.get(f"/drains/?{query}&download=json")))
        assert [row["number"] for row in rows] == [one.pk for one in wanted]
    found = as_csv(client.get("/drains/?sort=number&download=csv"))
    assert (found[0]["failed"], found[0]["note"]) == ("2", "'=cmd")


@pytest.mark.parametrize("path", ["/runs/", "/phases/", "/attempts/", "/drains/"])
def test_whatever_the_address_says_a_list_answers_with_few_queries(client, path):
    AttemptFactory(session=SessionFactory())
    client.get(path)
    nonsense = (
        "?sort=-nothing&from=-5&since=x&until=99999-01-01&run=%27&drain=1e9&phase=9" + "9" * 30
    )
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path + nonsense)
    assert answer.status_code == 200
    assert len(asked) <= 12, [query["sql"][:90] for query in asked]


def test_a_sorted_list_costs_few_queries(client):
    PhaseFactory()
    client.get("/runs/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/runs/?sort=-queued&since=2020-01-01")
    assert len(asked) <= 12, [query["sql"][:90] for query in asked]
