"""Sources in the form of a new drain: picked as chips by their names, which may have spaces in them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.http import QueryDict

from drain.dashboard.autopilot.form import of_saved
from drain.dashboard.frame.saved_views import DRAIN, filters_in
from drain.models import DrainSession
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import ExecutorFactory, PhaseFactory, RunFactory, SourceFactory

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _phases() -> None:
    """A failed phase of each of two sources."""
    ExecutorFactory(is_default=True)
    for name in ("etl", "Nightly jobs"):
        PhaseFactory(run=RunFactory(source=SourceFactory(name=name)))


@pytest.fixture
def new() -> Callable[..., str]:
    """Asks for the preview of these fields."""
    client = signed_in(Role.OPERATOR)

    def ask(**fields: object) -> str:
        page = client.get(f"/drains/new/?{urlencode(fields, doseq=True)}", headers=FRAGMENT)
        return page.content.decode()

    return ask


def test_a_source_narrows_the_plan_and_stands_in_the_command(new):
    assert "2 + 0 = 2" in new()
    page = new(source="Nightly jobs")
    assert "1 + 0 = 1" in page
    assert "manage.py drain --source &#39;Nightly jobs&#39;" in page
    assert "1 + 0 = 1" in new(add_source="etl")
    assert "2 + 0 = 2" in new(source=["etl", "Nightly jobs"])


def test_an_unknown_source_is_said_beside_its_field_and_plans_nothing(new):
    page = new(add_source="nope")
    assert "Sources: There is no source “nope”" in page
    assert "Start drain of" not in page
    SourceFactory(name="idle")
    assert "No run comes from there" in new(source="idle")


def test_the_field_is_there_where_there_is_a_choice():
    assert 'name="add_source"' in signed_in(Role.OPERATOR).get("/drains/new/").content.decode()


def test_a_started_drain_keeps_its_sources_and_offers_the_same_again():
    client = signed_in(Role.OPERATOR)
    page = client.get("/drains/new/?source=etl").content.decode()
    digest = page.split('name="seen_digest" value="')[1].split('"')[0]
    client.post("/drains/new/", {"source": "etl", "seen_digest": digest})
    session = DrainSession.objects.get()
    assert session.scope["sources"] == ["etl"]
    DrainSession.objects.update(state="stopped", ended_at=session.created_at)
    shown = client.get(f"/drains/{session.pk}/").content.decode()
    assert "source=etl" in shown


def test_a_saved_drain_keeps_its_sources_and_autopilot_takes_those_it_can_name():
    query = filters_in(DRAIN, QueryDict("source=etl&add_source=Nightly jobs"))
    assert QueryDict(query)["source"] == "etl, Nightly jobs"
    values, left = of_saved({"source": "etl, other"})
    assert (values["sources"], left) == ("etl other", [])
    values, left = of_saved({"source": "Nightly jobs"})
    assert ("sources" in values, left) == (False, ["sources with a space in their names"])


@pytest.mark.parametrize("address", ["/phases/", "/evidence/markers/new/", "/import/"])
def test_wherever_a_source_is_typed_those_that_are_there_are_offered(address):
    page = signed_in(Role.ADMINISTRATOR).get(address).content.decode()
    assert 'name="source"' in page
    assert 'list="sources"' in page
    assert '<option value="Nightly jobs">' in page
