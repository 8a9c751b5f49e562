"""The language of filters in the list of phases, and holds on what it means: counted first."""

from __future__ import annotations

import pytest

from drain.dashboard.frame.saved_views import FILTERS
from drain.dashboard.lists.filters import NAMES
from drain.models import Hold
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def backlog():
    for name, labels in (("a", ["nightly"]), ("b", ["weekly"]), ("c", [])):
        run = RunFactory(run_id=f"run-{name}", labels=labels)
        PhaseFactory(run=run, phase_id=f"{name}-failed", last_failure_reason=f"disk {name} full")
        PhaseFactory(run=run, phase_id=f"{name}-done", state="COMPLETE", attempts=3)


def listed(query: str) -> set[str]:
    page = signed_in(Role.VIEWER).get(f"/phases/?{query}").content.decode()
    return {
        f"{name}-{what}"
        for name in "abc"
        for what in ("failed", "done")
        if f">{name}-{what}<" in page
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("label=nightly", {"a-failed", "a-done"}),
        ("label=nightly,weekly&state=FAILED", {"a-failed", "b-failed"}),
        ("label=nightly&label=weekly&error=disk", {"a-failed", "b-failed"}),
        ("name=*-done&prefix=run-c", {"c-done"}),
        ("attempts_at_least=1", {"a-done", "b-done", "c-done"}),
        ("attempts_at_most=0&error=DISK C", {"c-failed"}),
        ("attempts_at_least=many&run=run-a", {"a-failed", "a-done"}),
        ("category=none", set()),
    ],
)
def test_the_list_of_phases_narrows_by_the_language_of_filters(query, found):
    assert listed(query) == found


def test_a_filter_that_names_nothing_known_is_one_sentence():
    page = signed_in(Role.VIEWER).get("/phases/?source=nowhere").content.decode()
    assert "There is no source “nowhere”" in page
    assert 'value="nowhere"' in page


def test_the_file_of_the_list_has_the_same_rows():
    answer = signed_in(Role.VIEWER).get("/phases/?label=nightly&download=csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "a-failed" in text
    assert "b-failed" not in text


def test_saved_views_know_every_filter():
    assert set(NAMES) <= set(FILTERS["phase-list"])


def test_the_runs_of_a_filter_are_held_after_they_were_counted():
    operator = signed_in(Role.OPERATOR)
    assert "Hold runs" not in operator.get("/phases/").content.decode()
    assert (
        "/holds/matching/?label=nightly" in operator.get("/phases/?label=nightly").content.decode()
    )
    address = "/holds/matching/?label=nightly,weekly&error=disk"
    page = " ".join(operator.get(address).content.decode().split())
    assert "<h1>Hold 2 runs</h1>" in page
    assert "2 failed phases in them match" in page
    refused = operator.post(address, {"reason": ""})
    assert refused.status_code == 422
    assert not Hold.objects.exists()
    done = operator.post(address, {"reason": "disk is replaced"}, follow=True)
    assert "2 runs are held from the next claim on." in done.content.decode()
    assert set(Hold.objects.values_list("value", flat=True)) == {"run-a", "run-b"}


def test_an_empty_filter_holds_nothing():
    operator = signed_in(Role.OPERATOR)
    answer = operator.post("/holds/matching/", {"reason": "x"}, follow=True)
    assert "an empty filter means every run" in answer.content.decode()
    assert not Hold.objects.exists()
    assert signed_in(Role.VIEWER).get("/holds/matching/?label=nightly").status_code == 403
