"""Reads of the API, page by page."""

from __future__ import annotations

import json

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.models import BulkAction, BulkItem
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from tests.factories import NOON, FingerprintFactory, PhaseFactory, RunFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(script):
    return script(Role.VIEWER)


def _all(asked, path):
    """Every item, following `next`."""
    while path:
        found = asked.get(path)
        yield from found["items"]
        path = (found["next"] or "").removeprefix("/api/v1/")


def test_the_overview_counts_phases_and_names_live_drains(viewer):
    PhaseFactory(state="QUEUED")
    PhaseFactory(state="FAILED")
    session = SessionFactory(state="running", ended_at=None)
    found = viewer.get("overview")
    assert found["phases"] == {"FAILED": 1, "QUEUED": 1}
    assert (found["queued"], found["stale"]) == (1, 0)
    assert found["workers"] == {"hosts": 0, "workers": 0, "slots": 0, "busy": 0}
    assert [item["session"] for item in found["live_sessions"]] == [session.pk]


def test_phases_are_found_by_state_run_and_cause_and_pages_lose_none(viewer):
    run = RunFactory(run_id="nightly")
    mine = [PhaseFactory(run=run, last_fingerprint="k" * 32).pk for _ in range(5)]
    PhaseFactory(state="QUEUED", run=run)
    PhaseFactory()
    found = list(_all(viewer, "phases?state=FAILED&run=nightly&limit=2"))
    assert [item["id"] for item in found] == mine
    assert {item["run_id"] for item in found} == {"nightly"}
    assert len(list(_all(viewer, f"phases?fingerprint={'k' * 32}"))) == 5
    assert len(list(_all(viewer, "phases?limit=3"))) == 7


def test_runs_come_with_their_phases_by_state(viewer):
    run = RunFactory(run_id="nightly")
    for state in ("FAILED", "FAILED", "COMPLETE"):
        PhaseFactory(run=run, state=state)
    other = RunFactory()
    found = list(_all(viewer, "runs?limit=1"))
    assert [item["id"] for item in found] == [other.pk, run.pk]
    assert found[1]["phases"] == {"COMPLETE": 1, "FAILED": 2}


def test_sessions_are_newest_first_and_one_says_all(viewer):
    old, new = SessionFactory(), SessionFactory(state="running", ended_at=None)
    assert [item["session"] for item in _all(viewer, "sessions?limit=1")] == [new.pk, old.pk]
    assert [item["session"] for item in _all(viewer, "sessions?state=running")] == [new.pk]
    found = viewer.get(f"sessions/{old.pk}")
    assert (found["state"], found["processed"], found["started_by"]) == (
        "finished",
        0,
        "os:test@host",
    )


def test_a_bulk_action_shows_how_far_it_is_and_what_it_left_alone(viewer):
    action = BulkAction.objects.create(
        verb="requeue", label="x", things="phases", reason="x", actor="x", origin="api", total=9,
        done=3, left_alone=1, state="running",
    )  # fmt: skip
    BulkItem.objects.create(action=action, target=7, done=False, label="r / p", said="why")
    found = viewer.get(f"bulk/{action.pk}")
    assert (found["total"], found["done"], found["state"]) == (9, 3, "running")
    assert found["left_alone_rows"]["items"] == [
        {"id": 7, "label": "r / p", "done": False, "said": "why"}
    ]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("sessions/999999", 404, "There is no drain 99"),
        (f"sessions/{'9' * 30}", 404, "There is no drain"),
        ("bulk/999999", 404, "There is no bulk action 99"),
        ("phases?run=nowhere", 404, "There is no run “nowhere”"),
        ("phases?state=BROKEN", 422, "state must be one of"),
        ("phases?limit=1000", 422, "limit must be a whole number"),
        ("phases?after=-1", 422, "after must be a whole number"),
        ("phases?run=%00", 400, "The address holds a NUL byte"),
        ("phases?stat=FAILED", 422, "There is no field “stat”"),
        ("sessions?state=%F0%9F%92%A3", 422, "state must be one of"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(viewer, path, status, sentence):
    assert sentence in viewer.get(path, status)["error"]


def test_a_fix_comes_with_the_verdict_of_its_page(viewer):
    FingerprintFactory(key="k", title="Error k")
    fix = add_marker("mended", By("ada", Origin.BROWSER, NOON), keys=["k"], run_ids=["r"])
    found = viewer.get(f"fixes/{fix.pk}")
    assert found["verdict"] == json.loads(json.dumps(judge_marker(fix).as_dict()))
    assert (found["title"], found["run_ids"], found["verdict"]["ruling"]) == (
        "mended",
        ["r"],
        "not_enough_data",
    )


def test_phases_are_listed_by_the_language_of_filters(script):
    PhaseFactory(run=RunFactory(labels=["nightly"]), phase_id="a", last_failure_reason="disk full")
    PhaseFactory(run=RunFactory(labels=["weekly"]), phase_id="b", attempts=3)
    PhaseFactory(phase_id="c", state="COMPLETE")
    viewer = script(Role.VIEWER)

    def listed(query: str) -> list[str]:
        return [item["phase_id"] for item in viewer.get(f"phases?{query}")["items"]]

    assert listed("labels=nightly&labels=weekly") == ["a", "b"]
    assert listed("error=disk") == ["a"]
    assert listed("attempts_at_least=1") == ["b"]
    assert listed("names=c") == ["c"]
    assert listed("names=c&state=FAILED") == []
    assert listed("") == ["a", "b", "c"]
    first = viewer.get("phases?labels=nightly&labels=weekly&limit=1")
    assert "labels=nightly&labels=weekly" in first["next"]
    viewer.get("phases?since=whenever", 422)
    viewer.get("phases?sources=nowhere", 409)
