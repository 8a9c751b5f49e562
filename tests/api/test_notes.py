"""Notes over the API: by the same verbs as pages and the command."""

from __future__ import annotations

import pytest

from drain.models import Note
from drain.models.roles import Role
from tests.factories import FingerprintFactory, RunFactory

pytestmark = pytest.mark.django_db


def test_a_script_writes_reads_and_removes_notes(script):
    run, cause, operator = RunFactory(), FingerprintFactory(), script()
    one = operator.post("notes", {"run_id": run.run_id, "text": "disk full"}, status=201)
    two = operator.post("notes", {"fingerprint": cause.key, "text": "ask ops"}, status=201)
    assert (one["run_id"], one["fingerprint"], one["text"]) == (run.run_id, None, "disk full")
    viewer = script(Role.VIEWER)
    assert viewer.get("notes")["items"] == [two, one]
    assert viewer.get(f"notes?run_id={run.run_id}")["items"] == [one]
    assert viewer.get(f"notes?fingerprint={cause.key}")["items"] == [two]
    viewer.post(f"notes/{one['note']}/remove", status=403)
    assert operator.post(f"notes/{one['note']}/remove") == one
    assert "already" in operator.post(f"notes/{one['note']}/remove", status=409)["error"]


def test_a_note_without_something_to_stand_on_is_refused(script):
    operator, run = script(), RunFactory()
    assert "Name a run_id" in operator.post("notes", {"text": "x"}, status=422)["error"]
    both = {"run_id": run.run_id, "fingerprint": "f", "text": "x"}
    assert "not both" in operator.post("notes", both, status=422)["error"]
    operator.post("notes", {"run_id": "none", "text": "x"}, status=404)
    operator.post("notes", {"run_id": run.run_id, "text": " "}, status=422)
    assert not Note.objects.exists()
