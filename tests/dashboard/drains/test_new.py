"""A new drain: the preview never writes, the start freezes the plan and says what changed since."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from drain.models import (
    AuditEvent,
    Candidate,
    DrainSession,
    ExecutorProfile,
    Phase,
    Transition,
    WorkerHost,
)
from drain.models.roles import Role
from drain.policy.selection.drift import seen_plan
from tests.dashboard.people import signed_in
from tests.factories import PhaseFactory, RunFactory, SourceFactory

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def backlog():
    ExecutorProfile.objects.create(name="true", argv=["/bin/true"], is_default=True)
    run = RunFactory(run_id="research-system-v2", order="independent")
    phases = [PhaseFactory(run=run, phase_index=n) for n in range(5)]
    PhaseFactory(run=run, phase_index=9, state="QUEUED")
    return phases


def test_the_preview_sums_and_writes_nothing(backlog):
    viewer = signed_in(Role.VIEWER)
    before = (Transition.objects.count(), AuditEvent.objects.count())
    page = viewer.get("/drains/new/?batch_size=2", headers=FRAGMENT).content.decode()
    assert "2 + 3 = 5" in page
    assert "Beyond batch size" in page
    assert "manage.py drain --batch-size 2" in page
    assert "Not enough data: 0 past attempts, 5 are needed." in page
    assert "No worker is alive." in page
    assert (Transition.objects.count(), AuditEvent.objects.count()) == before
    assert not DrainSession.objects.exists()


def test_the_preview_names_phases_that_autopack_would_fail_at_once(backlog):
    viewer = signed_in(Role.VIEWER)
    assert "--reset-retries" not in viewer.get("/drains/new/", headers=FRAGMENT).content.decode()
    run = backlog[0].run
    run.source = SourceFactory(kind="autopack")
    run.save()
    Phase.objects.filter(phase_index=2).update(source_attempts=5)
    page = viewer.get("/drains/new/", headers=FRAGMENT).content.decode()
    assert "1 of the selected have used Autopack&#39;s 5 retries" in page
    assert "manage.py drain --reset-retries" in page


def test_a_large_backlog_is_planned_after_the_page_is_there(backlog, monkeypatch):
    monkeypatch.setattr("drain.dashboard.drains.preview.LARGE", 3)
    viewer = signed_in(Role.VIEWER)
    page = viewer.get("/drains/new/?batch_size=2").content.decode()
    assert "5 failed phases are being planned" in page
    assert "data-preview-now" in page
    assert "manage.py drain --batch-size 2" in page
    for address, headers in (
        ("/drains/new/?batch_size=2", FRAGMENT),
        ("/drains/new/?batch_size=2&plan=now", {}),
        ("/drains/new/?batch_size=2&run=research-system-v2", {}),
    ):
        planned = viewer.get(address, headers=headers).content.decode()
        assert "2 + 3 = 5" in planned
        assert "data-preview-now" not in planned


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("batch_size=-3", "Batch size -3 makes no sense"),
        ("batch_size=10000000", "Batch size 10000000 makes no sense"),
        ("sample=2&sample_passes=3", "can never be reached"),
        ("queued_policy=sometimes", "is unknown: use one of"),
        ("batch_size=many", "is not a whole number"),
        ("max_failure_rate=nan", "makes no sense"),
        ("max_failure_rate=300", "Failure rate 300 % makes no sense"),
        ("until=2020-01-01 10:00", "is in the past"),
        ("until=soon", "is not a time"),
        ("run=nowhere", "There is no run “nowhere”"),
    ],
)
def test_bad_input_is_one_sentence_beside_the_form(backlog, query, sentence):
    page = signed_in(Role.VIEWER).get(f"/drains/new/?{query}", headers=FRAGMENT).content.decode()
    assert sentence in page.replace("&#x27;", "'")
    assert "Nothing to start" in page or "Starting needs" in page


def test_nothing_selected_says_what_to_do_first(backlog):
    page = signed_in(Role.VIEWER).get("/drains/new/?queued_policy=run").content.decode()
    assert "0 + 5 = 5" in page
    assert "Nothing would be drained." in page
    assert "clear_queued" in page


def test_starting_freezes_the_plan_that_was_seen(backlog):
    seen = seen_plan([phase.pk for phase in backlog])
    form = {"batch_size": "10", "note": "after the fix", "seen_digest": seen.digest}
    form["seen_ids"] = ",".join(map(str, seen.ids or ()))
    answer = signed_in(Role.OPERATOR).post("/drains/new/", form, follow=True)
    session = DrainSession.objects.get()
    assert (session.state, session.selected, session.note) == ("planned", 5, "after the fix")
    assert session.started_by == "operator-False"
    assert "0 phases changed since the preview." in answer.content.decode()


def test_what_changed_since_the_preview_is_said(backlog):
    seen = seen_plan([phase.pk for phase in backlog])
    Phase.objects.filter(pk=backlog[0].pk).update(state="COMPLETE")
    form = {"seen_digest": seen.digest, "seen_ids": ",".join(map(str, seen.ids or ()))}
    answer = signed_in(Role.OPERATOR).post("/drains/new/", form, follow=True)
    assert "1 phase changed since the preview" in answer.content.decode()
    assert Candidate.objects.filter(planned_position__isnull=False).count() == 4


def test_bad_input_starts_nothing_and_keeps_what_was_typed(backlog):
    answer = signed_in(Role.OPERATOR).post("/drains/new/", {"batch_size": "-3", "note": "mine"})
    assert answer.status_code == 422
    assert 'value="mine"' in answer.content.decode()
    assert not DrainSession.objects.exists()


def test_a_viewer_previews_and_does_not_start(backlog):
    viewer = signed_in(Role.VIEWER)
    assert viewer.get("/drains/new/").status_code == 200
    assert viewer.post("/drains/new/", {}).status_code == 403
    assert not DrainSession.objects.exists()


def test_starting_needs_a_token(backlog):
    assert signed_in(Role.OPERATOR, csrf=True).post("/drains/new/", {}).status_code == 403


def test_the_wall_clock_is_the_next_one_of_the_person_s_zone(backlog):
    operator = signed_in(Role.OPERATOR)
    operator.cookies["drain_zone"] = "Asia/Kolkata"
    operator.post("/drains/new/", {"until": "18:00"})
    until = datetime.fromisoformat(DrainSession.objects.get().limits["until"])
    assert (until.hour, until.minute, until.utcoffset()) == (18, 0, timedelta(hours=5.5))
    assert timezone.now() < until <= timezone.now() + timedelta(days=1)


def test_the_form_says_how_many_slots_are_free():
    WorkerHost.objects.create(host="h", pid=1, version="1", workers=2, slots=8)
    page = signed_in(Role.OPERATOR).get("/drains/new/").content.decode()
    assert "8 of 8 slots free now, on 1 host" in " ".join(page.split())
