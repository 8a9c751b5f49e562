"""Acts of the API: the verbs of the pages, with exact results, a reason and a line in the audit."""

from __future__ import annotations

from dataclasses import fields

import pytest

from drain.api import acts
from drain.api.schemas import LimitsIn
from drain.engine.bulk.worker import run_bulk
from drain.models import AuditEvent, BulkAction, DrainSession, ExecutorProfile, Phase
from drain.models.roles import Role
from drain.policy.stopping.limits import Limits
from tests.factories import PhaseFactory, RunFactory, SessionFactory

pytestmark = pytest.mark.django_db


def test_a_drain_takes_every_limit_that_there_is():
    lacking = {limit.name for limit in fields(Limits)} ^ set(LimitsIn.model_fields)
    assert not lacking, f"of Limits or LimitsIn (drain/api/schemas.py) alone: {sorted(lacking)}"


def _states() -> list[str]:
    return list(Phase.objects.order_by("pk").values_list("state", flat=True))


def test_queued_phases_are_cleared_with_one_result_each_and_an_audit_line(script):
    queued, failed = PhaseFactory(state="QUEUED"), PhaseFactory()
    body = {"phases": [queued.pk, failed.pk], "to": "skipped", "reason": "not needed"}
    found = script().post("clear-queued", body)
    assert (found["done"], found["left_alone"]) == (1, 1)
    assert found["results"][0]["said"] == "QUEUED → SKIPPED"
    assert "it is FAILED" in found["results"][1]["said"]
    event = AuditEvent.objects.get(verb="phase.clear_queued")
    assert (event.actor, event.origin, event.address) == ("operator", "api", "10.0.0.7")
    assert event.reason == "not needed"


def test_a_whole_run_is_cleared_and_requeued_by_its_name(script):
    run = RunFactory(run_id="nightly")
    for _ in range(2):
        PhaseFactory(run=run, state="QUEUED")
    PhaseFactory(state="QUEUED")
    body = {"run_id": "nightly", "reason": "x"}
    assert script().post("clear-queued", {**body, "to": "failed"})["done"] == 2
    assert script().post("requeue", body)["done"] == 2
    gone = script().post("requeue", {"phases": [987654321], "reason": "x"})["results"][0]
    assert gone["label"] == "phase 987654321"
    assert _states() == ["QUEUED"] * 3


def test_more_than_a_request_can_take_is_a_workers(script, monkeypatch):
    monkeypatch.setattr(acts, "LARGE", 1)
    phases = [PhaseFactory(state="QUEUED").pk for _ in range(2)]
    asked = script()
    found = asked.post("clear-queued", {"phases": phases, "to": "skipped", "reason": "x"}, 202)
    assert _states() == ["QUEUED", "QUEUED"]
    action = BulkAction.objects.get()
    assert (found["href"], found["total"]) == (f"/api/v1/bulk/{action.pk}", 2)
    run_bulk(action.pk)
    assert asked.get(f"bulk/{action.pk}")["done"] == 2
    assert (
        "nothing is left to cancel" in asked.post(f"bulk/{action.pk}/cancel", status=409)["error"]
    )


def test_a_drain_starts_with_its_limits_and_says_when_nobody_would_run_it(script):
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"], is_default=True)
    run = RunFactory(run_id="nightly")
    PhaseFactory(run=run)
    body = {
        "run_ids": ["nightly"],
        "limits": {"batch_size": 5, "parallel": 2},
        "note": "after the fix",
    }
    found = script().post("drains", body, 201)
    session = DrainSession.objects.get()
    assert (found["session"], found["selected"]) == (session.pk, 1)
    assert found["href"] == f"/api/v1/sessions/{session.pk}"
    assert "No worker is alive" in found["warning"]
    assert (session.origin, session.started_by, session.parallel) == ("api", "operator", 2)
    assert AuditEvent.objects.get(verb="session.start").origin == "api"


@pytest.mark.parametrize(
    ("verb", "state", "after"),
    [
        ("pause", "running", "paused"),
        ("resume", "paused", "running"),
        ("stop", "running", "stopped"),
        ("cancel", "running", "cancelled"),
    ],
)
def test_a_session_is_paused_resumed_stopped_and_cancelled(script, verb, state, after):
    session = SessionFactory(state=state, ended_at=None)
    assert script().post(f"sessions/{session.pk}/{verb}")["state"] == after
    assert AuditEvent.objects.get(verb=f"session.{verb}").origin == "api"


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (rb'{"note": "\ud800"}', "half of a character"),
        (b'{"note": "\xed\xa0\x80"}', "half of a character"),
        (rb'{"\udfff": 1}', "half of a character"),
        (rb'{"note": "a\u0000b"}', "a NUL byte"),
        (rb'{"run_ids": ["a\u0000"]}', "a NUL byte"),
        (rb'{"limits": {"until": [{"x": "\ud800"}]}}', "half of a character"),
    ],
)
def test_what_cannot_be_stored_is_refused_wherever_it_stands(script, body, what):
    answer = script().raw("POST", "drains", body)
    assert answer.status_code == 400
    assert f"The body holds {what}" in answer.json()["error"]
    assert not DrainSession.objects.exists()


def test_what_its_state_does_not_allow_is_a_conflict(script):
    session = SessionFactory()
    said = script().post(f"sessions/{session.pk}/pause", status=409)["error"]
    assert "is finished, so it cannot be paused" in said
    script().post("sessions/999999/pause", status=404)


@pytest.mark.parametrize(
    ("path", "body", "status", "sentence"),
    [
        ("clear-queued", {"to": "failed", "reason": "x"}, 422, "Name phases"),
        ("clear-queued", {"phases": [1], "to": "executing", "reason": "x"}, 422, "to must be"),
        ("clear-queued", {"phases": [1], "to": "failed"}, 422, "reason is missing"),
        (
            "clear-queued",
            {"phases": [1], "stale": True, "to": "failed", "reason": "x"},
            422,
            "names exactly what is meant",
        ),
        (
            "requeue",
            {"phases": [1], "run_id": "r", "reason": "x"},
            422,
            "leave run_id and filter out",
        ),
        ("drains", {"limits": {"max_total_minutes": 10**400}}, 422, "must be a number"),
        (
            "clear-queued",
            {"phases": [1], "to": "failed", "reason": " "},
            422,
            "A reason is missing",
        ),
        ("clear-queued", {"phases": [1], "to": "failed", "reason": "x" * 3000}, 422, "2,000 are"),
        (
            "clear-queued",
            {"phases": ["1"], "to": "failed", "reason": "x"},
            422,
            "phases[0] must be a whole",
        ),
        ("clear-queued", {"run_id": "no", "to": "failed", "reason": "x"}, 404, "There is no run"),
        ("clear-queued", {"run_id": "a\0b", "to": "failed", "reason": "x"}, 400, "a NUL byte"),
        ("requeue", {"phases": [True], "reason": "x"}, 422, "phases[0] must be a whole"),
        ("requeue", {"phases": [1], "reason": "y", "reasn": "x"}, 422, "There is no field “reasn”"),
        ("drains", {"run_ids": ["no"]}, 404, "There is no run"),
        ("drains", {"run_ids": "no"}, 422, "run_ids must be a list"),
        ("drains", {"limits": {"batch_size": 0}}, 422, "--batch-size 0 makes no sense"),
        ("drains", {"limits": {"batch": 1}}, 422, "There is no field “batch”"),
        ("drains", {"limits": {"until": 5}}, 422, "until must be a text"),
        ("drains", {"limits": []}, 422, "limits must be an object"),
        ("drains", {"note": "n\0"}, 400, "a NUL byte"),
    ],
)
def test_nonsense_is_refused_with_a_sentence_and_changes_nothing(
    script, path, body, status, sentence
):
    phase = PhaseFactory(state="QUEUED")
    assert sentence in script().post(path, body, status)["error"]
    assert Phase.objects.get().state == phase.state
    assert not DrainSession.objects.exists()
    assert set(AuditEvent.objects.values_list("verb", flat=True)) == {"apitoken.issue"}


def test_a_viewers_token_changes_nothing(script):
    phase = PhaseFactory(state="QUEUED")
    session = SessionFactory(state="running", ended_at=None)
    asked = script(Role.VIEWER)
    asked.post("clear-queued", {"phases": [phase.pk], "to": "skipped", "reason": "x"}, 403)
    asked.post("drains", {}, 403)
    asked.post(f"sessions/{session.pk}/cancel", status=403)
    assert _states() == ["QUEUED"]
    assert DrainSession.objects.get().state == "running"


def test_a_filter_is_counted_first_and_then_discarded_or_drained(script):
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"], is_default=True)
    night = RunFactory(run_id="night", labels=["etl"], order="independent")
    mine = [PhaseFactory(run=night, last_failure_reason="disk full").pk for _ in range(2)]
    other = PhaseFactory()
    asked, chosen = script(), {"labels": ["etl"], "error": "disk"}
    counted = asked.post("selection", {"filter": chosen})
    assert (counted["total"], counted["largest_runs"]) == (2, [{"run_id": "night", "phases": 2}])
    assert asked.post("plan", {"filter": chosen})["total_failed"] == 2
    body = {"filter": chosen, "to": "skipped", "reason": "gone"}
    assert asked.post("discard", body)["done"] == 2
    assert set(Phase.objects.filter(pk__in=mine).values_list("state", flat=True)) == {"SKIPPED"}
    assert Phase.objects.get(pk=other.pk).state == "FAILED"
    assert "No failed phase matches" in asked.post("drains", {"filter": chosen}, 409)["error"]
    assert AuditEvent.objects.filter(verb="phase.discard", origin="api").count() == 2


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"filter": {}}, 422, "would mean every phase there is"),
        ({"filter": {"labels": [""]}}, 409, "would match everything"),
        ({"filter": {"lables": ["x"]}}, 422, "There is no field “lables”"),
        ({"filter": {"since": "someday"}}, 422, "someday"),
        ({"filter": {"labels": ["x"]}, "phases": [1]}, 422, "names exactly what is meant"),
        ({"filter": {"run_ids": ["nope"]}}, 409, "There is no run"),
        ({}, 422, "Name phases by their ids, a run_id, or a filter"),
    ],
)
def test_a_filter_that_cannot_be_meant_discards_nothing(script, body, status, sentence):
    PhaseFactory()
    said = script().post("discard", {"to": "skipped", "reason": "x", **body}, status)["error"]
    assert sentence in said
    assert _states() == ["FAILED"]
    script(Role.VIEWER).post("discard", {"to": "skipped", "reason": "x", **body}, 403)
