"""One box finds runs, phases, causes and what errors say."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import FingerprintFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    cache.clear()
    return signed_in(Role.VIEWER)


def test_each_kind_is_found(client):
    run = RunFactory(run_id="coverage-run")
    named = PhaseFactory(run=run, phase_id="coverage-tracker", state="COMPLETE")
    said = PhaseFactory(run=run, last_failure_reason="ImportError: coverage_tracker")
    FingerprintFactory(title="No module named coverage")
    page = client.get("/search/?q=cover").content.decode()
    for address in (f"/runs/{run.pk}/", f"/phases/{named.pk}/", f"/phases/{said.pk}/"):
        assert address in page
    assert "No module named coverage" in page


def test_the_palette_gets_links_alone(client):
    RunFactory(run_id="coverage-run")
    body = client.get("/search/?q=cover", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in body
    assert 'data-result data-note="run"' in body


def test_one_character_asks_the_database_nothing(client):
    RunFactory(run_id="coverage-run")
    assert "at least two characters" in client.get("/search/?q=c").content.decode()


def test_the_beginning_of_an_id_is_looked_up_in_an_index(client):
    PhaseFactory(phase_id="coverage-tracker")
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        client.get("/search/?q=cover")
        # Over so few rows any way is as good, but for sorting: only the index gives them in their order.
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        (statement,) = [one["sql"] for one in asked if "COLLATE" in one["sql"]]
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "drain_phase_id_beginning" in plan
    assert "Sort" not in plan
