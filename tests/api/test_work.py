"""Files come in over the API, plans are looked at before they start, runs are set aside and given back."""

from __future__ import annotations

import gzip
import json

import pytest

from drain.api import work
from drain.models import AuditEvent, DrainSession, ExecutorProfile, Hold, Phase
from drain.models.roles import Role
from tests.factories import PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db


def _lines(count, **more):
    return b"\n".join(
        json.dumps({"run_id": "r", "phase_id": f"p{n}", "state": "FAILED", **more}).encode()
        for n in range(count)
    )


@pytest.fixture
def manager(script):
    return script(Role.MANAGER)


def test_ten_thousand_phases_come_in_with_one_request_and_again_changes_nothing(manager):
    first = manager.raw("POST", "imports?source=nightly", _lines(10_000)).json()
    assert (first["created"], first["unchanged"], first["source"]) == (10_000, 0, "nightly")
    again = manager.raw("POST", "imports?source=nightly", _lines(10_000)).json()
    assert (again["created"], again["unchanged"]) == (0, 10_000)
    assert Phase.objects.count() == 10_000


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(manager):
    found = manager.raw("POST", "imports?dry_run=true", _lines(3)).json()
    assert (found["created"], found["dry_run"], len(found["examples"])) == (3, True, 3)
    assert not Phase.objects.exists()


def test_what_cannot_be_read_refuses_all_or_is_listed_by_its_line(manager):
    data = _lines(2) + b"\n{broken\n"
    answer = manager.raw("POST", "imports", data)
    assert answer.status_code == 422
    assert "ine 3" in answer.json()["error"]
    assert not Phase.objects.exists()
    found = manager.raw("POST", "imports?lenient=true", data).json()
    assert (found["created"], found["rejected"], found["rejects"][0]["line"]) == (2, 1, 3)


def test_another_tools_csv_comes_in_by_a_map(manager):
    data = b"dag;task;state\nd;t;upstream_failed\n"
    words = "imports?map=run_id%3Ddag&map=phase_id%3Dtask&map=state:upstream_failed%3DFAILED"
    assert manager.raw("POST", words, data).json()["created"] == 1
    assert Phase.objects.get().state == "FAILED"


@pytest.mark.parametrize(
    ("words", "data", "status", "sentence"),
    [
        ("", b"", 422, ""),
        ("", b"\xff\xfe\x00", 422, ""),
        ("?mapping=/etc/passwd", b"{}", 422, "mapping must be one of"),
        ("?format=xls", b"{}", 422, "format must be one of"),
        ("?encoding=klingon", b"{}", 422, ""),
        ("?delimiter=%0a", b"a,b\n", 422, "delimiter makes no sense"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_with_a_sentence(
    manager, words, data, status, sentence
):
    answer = manager.raw("POST", f"imports{words}", data)
    assert answer.status_code == status, answer.content
    assert sentence in answer.json()["error"]
    assert not Phase.objects.exists()


def test_a_file_that_is_too_large_is_refused_before_it_is_read(manager, monkeypatch):
    monkeypatch.setattr(work, "MOST_BODY", 100)
    assert manager.raw("POST", "imports", _lines(10)).status_code == 413
    assert not Phase.objects.exists()


def test_a_packed_file_is_bounded_in_bytes_and_seconds(manager, monkeypatch):
    monkeypatch.setattr(work, "REQUEST_UNPACKED", 1000)
    packed = gzip.compress(_lines(100))
    answer = manager.raw("POST", "imports", packed)
    assert (answer.status_code, "Unpacked the file has more than" in answer.json()["error"]) == (
        422,
        True,
    )
    monkeypatch.undo()
    monkeypatch.setattr(work, "REQUEST_SECONDS", 1e-9)
    answer = manager.raw("POST", "imports", packed)
    assert answer.status_code == 422
    assert "Reading the file took more than" in answer.json()["error"]
    assert not Phase.objects.exists()


def test_a_plan_accounts_for_every_failed_phase_and_starts_nothing(script):
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"], is_default=True)
    run = RunFactory(run_id="nightly", order="independent")
    for _ in range(3):
        PhaseFactory(run=run)
    found = script().post("plan", {"run_ids": ["nightly"], "limits": {"batch_size": 2}})
    assert (found["total_failed"], found["selected"]) == (3, 2)
    assert sum(found["excluded"].values()) == 1
    assert [item["position"] for item in found["first"]] == [1, 2]
    assert not DrainSession.objects.exists()
    assert script().post("plan", {"run_ids": ["no"]}, 404)["error"].startswith("There is no run")


def test_a_run_is_held_listed_and_released_with_its_reason_in_the_audit(script):
    RunFactory(run_id="nightly")
    asked = script()
    made = asked.post("holds", {"target": "night*", "reason": "migrating"}, 201)
    assert (made["kind"], made["value"]) == ("prefix", "night")
    assert [item["hold"] for item in asked.get("holds")["items"]] == [made["hold"]]
    asked.post("holds", {"target": "night*", "reason": "again"}, 409)
    asked.post("holds", {"target": "unknown", "reason": "x"}, 409)
    assert asked.post("holds/release", {"target": "night*"}) == {"released": 1}
    asked.post("holds/release", {"target": "night*"}, 409)
    assert asked.get("holds")["items"] == []
    assert Hold.objects.get().released_by == "operator"
    assert AuditEvent.objects.get(verb="hold").reason == "migrating"


def test_the_runs_of_what_a_filter_means_are_held_all_or_none(script):
    for name in ("a", "b", "c"):
        run = RunFactory(run_id=name, labels=["nightly"] if name != "c" else [])
        PhaseFactory(run=run, last_failure_reason="disk full")
    PhaseFactory(run=RunFactory(run_id="d"), state="COMPLETE", last_failure_reason="disk full")
    asked = script()
    asked.post("holds", {"target": "a", "reason": "x"}, 201)
    body = {"filter": {"labels": ["nightly"], "error": "disk"}, "reason": "disk is replaced"}
    assert asked.post("holds", body) == {"held": ["b"], "held_before": 1}
    assert set(Hold.objects.values_list("value", flat=True)) == {"a", "b"}
    assert AuditEvent.objects.filter(verb="hold").count() == 2
    for wrong in ({"target": "a", **body}, {"reason": "x"}, {"filter": {}, "reason": "x"}):
        asked.post("holds", wrong, 422)
    asked.post("holds", {"filter": {"labels": ["none"]}, "reason": "x"}, 409)
    asked.post("holds", body | {"reason": ""}, 422)
    assert Hold.objects.count() == 2
