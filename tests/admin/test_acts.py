"""Admin actions: a page in between, a required reason, exact results, and 403 for who may not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from drain.models import AuditEvent, DrainSession, ExecutorProfile, Hold, Phase
from drain.models.roles import Role
from tests.factories import PhaseFactory, RunFactory
from tests.people import signed_in

pytestmark = pytest.mark.django_db
PHASES = "/admin/drain/phase/"


def _post(client, action, rows, address=PHASES, **more):
    data = {"action": action, "_selected_action": [row.pk for row in rows], "index": 0, **more}
    return client.post(address, data)


def test_clearing_shows_what_will_happen_then_does_exactly_that():
    operator = signed_in(Role.OPERATOR)
    queued, failed = PhaseFactory(state="QUEUED", phase_id="q"), PhaseFactory(phase_id="f")
    page = _post(operator, "clear_queued", [queued, failed]).content.decode()
    assert "will be moved" in page
    assert "left alone: it is FAILED" in page
    assert not AuditEvent.objects.exists(), "a preview is no act"
    refused = _post(operator, "clear_queued", [queued], confirmed="yes", to="SKIPPED", reason=" ")
    assert "This field is required" in refused.content.decode()
    done = _post(
        operator, "clear_queued", [queued, failed], confirmed="yes", to="SKIPPED", reason="old"
    ).content.decode()
    assert "1 of 2 done" in done
    assert Phase.objects.get(pk=queued.pk).state == "SKIPPED"
    assert AuditEvent.objects.get().reason == "old"


def test_all_matching_means_the_filter_and_not_the_ticked_rows():
    operator = signed_in(Role.OPERATOR)
    one, two = PhaseFactory(state="QUEUED"), PhaseFactory(state="QUEUED")
    other = PhaseFactory(state="FAILED")
    answer = _post(
        operator, "clear_queued", [one], address=f"{PHASES}?state__exact=QUEUED",
        select_across=1, confirmed="yes", to="FAILED", reason="stale",
    )  # fmt: skip
    assert "2 of 2 done" in answer.content.decode()
    assert Phase.objects.get(pk=two.pk).last_failure_reason == "stale"
    assert Phase.objects.get(pk=other.pk).last_failure_reason == ""


def test_draining_a_selection_makes_one_session_over_exactly_those_phases():
    ExecutorProfile.objects.create(name="x", argv=["/bin/true"], is_default=True)
    run = RunFactory()
    picked, left = PhaseFactory(run=run), PhaseFactory(run=run)
    form = {"confirmed": "yes", "reason": "fixed", "parallel": 2, "max_fingerprint_repeats": 3}
    page = _post(signed_in(Role.OPERATOR), "drain_selected", [picked], **form).content.decode()
    session = DrainSession.objects.get()
    assert f"drain {session.pk}, position 1" in page
    assert (session.selected, session.total_failed, session.origin) == (1, 1, "admin")
    assert not session.candidates.filter(phase=left).exists()
    assert AuditEvent.objects.get(verb="session.start").actor == "operator"


def test_a_hold_is_made_and_released_with_a_reason():
    operator = signed_in(Role.OPERATOR)
    run = RunFactory()
    address = reverse("admin:drain_run_changelist")
    _post(operator, "hold_runs", [run], address, confirmed="yes", reason="quota")
    held = Hold.objects.get(value=run.run_id, released_at=None)
    address = reverse("admin:drain_hold_changelist")
    _post(operator, "release_holds", [held], address, confirmed="yes", reason="quota is back")
    assert Hold.objects.get().released_by == "operator"
    assert AuditEvent.objects.count() == 2


def test_requeue_and_rescue_answer_per_phase():
    operator = signed_in(Role.OPERATOR)
    phase = PhaseFactory()
    page = _post(operator, "requeue", [phase], confirmed="yes", reason="again").content.decode()
    assert "FAILED → QUEUED" in page
    page = _post(operator, "rescue", [phase], confirmed="yes", reason="host died").content.decode()
    assert "0 attempts of dead workers ended" in page


@pytest.mark.parametrize("action", ["clear_queued", "requeue", "drain_selected", "rescue"])
def test_a_viewers_forged_action_is_refused_and_changes_nothing(action):
    phase = PhaseFactory(state="QUEUED")
    form = {"confirmed": "yes", "reason": "x", "to": "SKIPPED"}
    answer = _post(signed_in(Role.VIEWER), action, [phase], **form)
    assert answer.status_code == 403
    assert "needs the role operator" in answer.content.decode()
    assert Phase.objects.get(pk=phase.pk).state == "QUEUED"
    assert not AuditEvent.objects.exists()


def test_a_viewer_is_not_offered_what_it_may_not_do():
    PhaseFactory(state="QUEUED")
    assert "clear_queued" not in signed_in(Role.VIEWER).get(PHASES).content.decode()
    assert "clear_queued" in signed_in(Role.OPERATOR).get(PHASES).content.decode()
