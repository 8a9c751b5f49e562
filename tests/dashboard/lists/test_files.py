"""The file of a list has every row of its filter in the order of the page, and is sent while it is read."""

from __future__ import annotations

import json
import re
import tracemalloc

import pytest

from drain.dashboard.lists.download import download
from drain.models import Run
from drain.models.roles import Role
from tests.dashboard.lists.files import as_csv, body, failed, names
from tests.dashboard.people import signed_in
from tests.factories import (
    PhaseFactory,
    RunFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return signed_in(Role.VIEWER)


@pytest.mark.parametrize(
    "sort",
    [
        "",
        "-failed",
        "-complete",
        "-running",
        "-all",
        "run",
        "-run",
        "created",
        "-created",
        "source",
    ],
)
def test_a_file_of_runs_stands_in_the_order_of_the_page(client, sort):
    for n, (bad, good) in enumerate([(0, 2), (3, 0), (1, 1), (0, 0), (3, 1), (0, 0)]):
        run = RunFactory(run_id=f"run-{n}", source=SourceFactory() if n % 2 else None)
        failed(bad, run)
        for _ in range(good):
            PhaseFactory(run=run, state="COMPLETE")
    shown = re.findall(r">(run-\d)</a>", client.get(f"/runs/?sort={sort}").content.decode())
    assert len(shown) == 6
    assert names(client, f"?sort={sort}&download=json") == shown


def test_a_file_has_every_row_of_the_filter_and_no_formula(client, monkeypatch):
    monkeypatch.setattr("drain.dashboard.runs.list_query.PAGE", 1)
    for n in range(3):
        PhaseFactory(run=RunFactory(run_id=f"run-{n}", name='=HYPERLINK("http://x")'))
    found = as_csv(client.get("/runs/?download=csv&q=run-"))
    assert [row["run"] for row in found] == ["run-2", "run-1", "run-0"]
    assert found[0]["name"] == '\'=HYPERLINK("http://x")'
    assert found[0]["failed"] == "1"
    assert json.loads(body(client.get("/runs/?download=json&q=run-")))[0]["name"].startswith("=")
    assert json.loads(body(client.get("/runs/?download=json&q=nothing"))) == []


@pytest.mark.verify
def test_a_file_of_many_rows_takes_no_more_memory_than_one_of_few(client):
    def peak(count):
        made = (Run(run_id=f"many-{count}-{n}", name="x" * 200) for n in range(count))
        Run.objects.bulk_create(made, batch_size=1000)
        # What is imported and prepared once counts for nobody.
        client.get(f"/runs/?download=csv&q=many-{count}-1").getvalue()
        tracemalloc.start()
        length = sum(map(len, client.get(f"/runs/?download=csv&q=many-{count}").streaming_content))
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top, length

    few, _ = peak(2000)
    many, length = peak(12_000)
    assert length > 12_000 * 200
    assert many < few * 1.5


def test_rows_are_read_while_they_are_sent():
    read = []

    def rows():
        for n in range(5000):
            read.append(n)
            yield [n]

    answer = iter(download("json", "numbers", ["n"], rows()))
    next(answer)
    assert 0 < len(read) < 5000
