"""One box finds runs, phases, fingerprints, errors, drains, attempts, fixes and people."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drain.dashboard.http.search_terms import marked
from drain.dashboard.search.phrases import BEGINNING, NAMES
from drain.models import FixMarker, Phase
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
)

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
    assert "No module named <mark>cover</mark>age" in page


def test_the_palette_gets_links_alone(client):
    RunFactory(run_id="coverage-run")
    body = client.get("/search/?q=cover", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in body
    assert 'data-result data-note="run"' in body


def test_one_character_asks_the_database_nothing(client):
    RunFactory(run_id="coverage-run")
    assert "at least two characters" in client.get("/search/?q=c").content.decode()


def plan_of(statement: str, word: str) -> str:
    """The plan of `statement` over 2,500 phases that the planner knows, whatever other tests left."""
    run = RunFactory()
    Phase.objects.bulk_create(
        Phase(
            run=run,
            phase_id=f"{'tracer' if number % 1000 == 0 else 'build'}-{number:04}",
            phase_index=number,
        )
        for number in range(2500)
    )
    values: dict[str, Any] = {
        "beginning": f"{word}%",
        "query": f"'{word}':*",
        "parts": [f"%{word}%"],
        "each": 10,
    }
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE drain_run, drain_phase")
        cursor.execute(f"EXPLAIN {statement}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_beginning_of_many_ids_is_looked_up_in_the_order_of_an_index():
    plan = plan_of(BEGINNING, "build")
    assert "drain_phase_id_beginning" in plan
    assert "Sort" not in plan


def test_a_rare_piece_is_looked_up_in_the_index_of_words():
    plan = plan_of(NAMES, "tracer")
    assert "drain_phase_id_words" in plan
    assert "Seq Scan on drain_phase" not in plan


@pytest.mark.parametrize("q", ["100%", "a_b", "back\\\\slash", "''", "%%", "--", "∀∃"])
def test_what_was_typed_is_no_pattern(client, q):
    PhaseFactory(phase_id="100-a-b-other")
    exact = PhaseFactory(phase_id=f"{q} named")
    assert f"/phases/{exact.pk}/" in found(client, q)


def found(client, q):
    page = client.get("/search/", {"q": q}, headers={"HX-Request": "true"}).content.decode()
    return re.findall(r'href="(/[^"?]*/\d+/(?:log/)?|/drains/\?by=[^"]*)"', page)


@pytest.mark.parametrize(
    "q",
    ["tem-v2 tracer", "system-v2/tracer-bullet", "research-system-v2 / tracer-bullet", "TRACER V2"],
)
def test_a_phase_is_found_as_lists_print_it_together_with_its_run(client, q):
    phase = PhaseFactory(run=RunFactory(run_id="research-system-v2"), phase_id="tracer-bullet")
    PhaseFactory(run=RunFactory(run_id="other"), phase_id="tracer-bullet")
    PhaseFactory(run=phase.run, phase_id="foundation")
    assert [href for href in found(client, q) if "/phases/" in href] == [f"/phases/{phase.pk}/"]


def test_the_phase_of_exactly_this_run_stands_first(client):
    many = [
        PhaseFactory(run=RunFactory(run_id=f"a-nightly-{n}"), phase_id="build") for n in range(12)
    ]
    exact = PhaseFactory(run=RunFactory(run_id="nightly"), phase_id="build", state="COMPLETE")
    assert found(client, "nightly build")[0] == f"/phases/{exact.pk}/"
    assert len(many) == 12


def test_pieces_inside_of_names_are_found(client):
    run = RunFactory(run_id="fileorg-p2-20251208q")
    phase = PhaseFactory(run=run, phase_id="research-gatherers-web")
    assert found(client, "2025") == [f"/runs/{run.pk}/"]
    assert found(client, "gather") == [f"/phases/{phase.pk}/"]
    assert found(client, "gatherers-web") == [f"/phases/{phase.pk}/"]


def test_beginnings_stand_before_pieces_and_nothing_stands_twice(client):
    inside = PhaseFactory(phase_id="old-auth-flow")
    first = PhaseFactory(phase_id="auth-flow")
    assert found(client, "auth") == [f"/phases/{first.pk}/", f"/phases/{inside.pk}/"]


def test_numbers_lead_to_drains_attempts_and_fixes_as_pages_print_them(client):
    session = SessionFactory(note="Second pass")
    attempt = AttemptFactory()
    fix = FixMarker.objects.create(title="Import path", applied_at=NOON)
    drain, log, marker = (
        f"/drains/{session.pk}/", f"/attempts/{attempt.pk}/log/", f"/evidence/markers/{fix.pk}/"
    )  # fmt: skip
    assert drain in found(client, str(session.pk))
    assert found(client, f"drain {session.pk}") == [drain]
    assert found(client, f"Drain-{session.pk}") == [drain]
    assert log in found(client, f"#{attempt.pk}")
    assert found(client, f"attempt #{attempt.pk}") == [log]
    assert found(client, f"FM-{fix.pk}") == [marker]
    assert found(client, "second") == [drain]
    assert found(client, "path") == [marker]
    assert found(client, "drain 999999999999999999") == []


def test_people_lead_to_the_drains_that_they_started(client):
    User.objects.create_user("m.ortiz")
    assert found(client, "ortiz") == ["/drains/?by=m.ortiz"]
    SessionFactory(started_by="m.ortiz", note="theirs")
    SessionFactory(note="of somebody else")
    page = client.get("/drains/?by=m.ortiz").content.decode()
    assert "theirs" in page
    assert "of somebody else" not in page


def test_the_question_stays_in_the_box_and_is_marked_in_what_was_found(client):
    RunFactory(run_id="coverage-<b>run")
    page = client.get("/search/", {"q": "age-<b>"}).content.decode()
    assert 'value="age-&lt;b&gt;"' in page
    assert "cover<mark>age-&lt;b&gt;</mark>run" in page
    assert 'data-search\n        value=""' in client.get("/runs/?q=age").content.decode()


def test_a_search_costs_few_questions(client):
    SessionFactory()
    client.get("/search/?q=12")
    for q in ("12", "cover", "run phase", "drain 1"):
        with CaptureQueriesContext(connection) as asked:
            client.get("/search/", {"q": q})
        assert len(asked) <= 12, "\n".join(query["sql"][:90] for query in asked)


@pytest.mark.parametrize(
    ("text", "q", "wanted"),
    [
        ("coverage-run", "RAGE", [("cove", False), ("rage", True), ("-run", False)]),
        ("run / phase", "phase run", [("run", True), (" / ", False), ("phase", True)]),
        ("nothing", "x", [("nothing", False)]),
        ("a(b", "(", [("a", False), ("(", True), ("b", False)]),
        ("any", "", [("any", False)]),
    ],
)
def test_what_was_looked_for_is_marked(text, q, wanted):
    assert marked(text, q) == wanted
