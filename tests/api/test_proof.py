"""Fixes, fingerprints, checks, comparisons and reports over the API say what commands and pages say."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from drain.models import AuditEvent, Check, Fingerprint, FixMarker
from drain.models.roles import Role
from tests.factories import FingerprintFactory, SessionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(script):
    return script(Role.MANAGER)


def test_a_deploy_marks_its_fix_and_the_fingerprints_wait_for_the_proof(manager):
    FingerprintFactory(key="k", status="ongoing")
    body = {"title": "mended", "commit": "abc", "fingerprints": ["k"], "guard": True}
    made = manager.post("markers", body, 201)
    assert (made["title"], made["fingerprints"]) == ("mended", ["k"])
    assert Fingerprint.objects.get().status == "fix_deployed"
    assert [item["id"] for item in manager.get("markers")["items"]] == [made["id"]]
    assert {item["marker"] for item in manager.get("checks")["items"]} == {made["id"]}
    assert Check.objects.exists()
    assert AuditEvent.objects.get(verb="add_marker").origin == "api"


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"title": " "}, 422, "needs a title"),
        ({"title": "x", "fingerprints": ["no"]}, 422, "There is no fingerprint"),
        ({"title": "x", "source": "no"}, 404, "There is no source"),
        ({"title": "x", "at": "someday"}, 422, "someday"),
        ({"title": "x", "at": "2999-01-01 10:00"}, 422, "still to come"),
    ],
)
def test_a_marker_that_makes_no_sense_marks_nothing(manager, body, status, sentence):
    assert sentence in manager.post("markers", body, status)["error"]
    assert not FixMarker.objects.exists()


def test_fingerprints_are_listed_and_decided_on_with_a_line_in_the_audit(manager):
    FingerprintFactory(key="a", status="ongoing")
    FingerprintFactory(key="b", status="ongoing")
    assert manager.post("fingerprints/a/mute", {"reason": "known"})["status"] == "muted"
    manager.post("fingerprints/a/mute", {}, 409)
    assert manager.post("fingerprints/a/wake")["status"] == "ongoing"
    assert manager.post("fingerprints/a/snooze", {"for_count": 3})["status"] == "snoozed"
    manager.post("fingerprints/a/snooze", {}, 422)
    assert manager.post("fingerprints/b/merge", {"into": "a"})["merged_into"] == "a"
    assert manager.post("fingerprints/b/unmerge")["merged_into"] is None
    manager.post("fingerprints/b/split", {"by": "colour", "value": "x"}, 422)
    part = manager.post("fingerprints/b/split", {"by": "place", "value": "cart.total"}, 200)
    assert part["title"].endswith("[place cart.total]")
    assert manager.post(f"fingerprints/{part['key']}/merge", {"into": "b"})["merged_into"] == "b"
    assert manager.post("fingerprints/b/resolve")["status"] == "resolved"
    manager.post("fingerprints/nope/resolve", {}, 404)
    assert [f["key"] for f in manager.get("fingerprints?status=resolved")["items"]] == ["b"]
    event = AuditEvent.objects.get(verb="mute")
    assert (event.actor, event.origin, event.reason) == ("manager", "api", "known")
    assert "issued by administrator" in event.new["token"]


def test_a_report_and_a_comparison_are_those_of_the_commands(manager):
    session = SessionFactory()
    streamed = manager.ask("GET", f"sessions/{session.pk}/report")
    found = json.loads(b"".join(streamed.streaming_content))
    printed = io.StringIO()
    call_command("report", str(session.pk), "--json", stdout=printed)
    command = json.loads(printed.getvalue())
    assert found | {"made_at": ""} == command | {"made_at": ""}
    compared = manager.get(f"compare?kind=drain&drain={session.pk}")
    assert compared["asked"] == {"kind": "drain", "drain": str(session.pk)}
    assert "There is no drain" in manager.get("compare?kind=drain&drain=999999", 422)["error"]
    manager.get("compare?kind=tea", 422)


def test_what_if_replays_a_drain_under_other_limits(manager):
    session = SessionFactory()
    path = f"sessions/{session.pk}/what-if"
    assert manager.post(path, {"limits": {"max_failure_rate": 0.5}})["kept"] == 0
    assert "makes no sense" in manager.post(path, {"limits": {"parallel": 0}}, 422)["error"]
    manager.post("sessions/999999/what-if", {"limits": {}}, 404)
