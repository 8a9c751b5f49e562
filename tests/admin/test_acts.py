"""Admin actions: a page in between, a required reason, exact results, and 403 for who may not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from drain.admin.acts import acting
from drain.dashboard.queue import actions
from drain.engine.bulk import actions as bulk_actions
from drain.engine.bulk import worker
from drain.engine.bulk.worker import run_bulk
from drain.engine.workers.hosts import register_host
from drain.models import AuditEvent, BulkAction, DrainSession, ExecutorProfile, Hold, Phase
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
    assert "not moved: it is FAILED" in page
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


def test_what_an_act_refuses_is_a_sentence_on_its_page_and_changes_nothing(monkeypatch):
    monkeypatch.setattr(bulk_actions, "MOST_IN_A_DRAIN", 1)
    form = {"confirmed": "yes", "reason": "x", "parallel": 2, "max_fingerprint_repeats": 3}
    phases = [PhaseFactory(), PhaseFactory()]
    answer = _post(signed_in(Role.OPERATOR), "drain_selected", phases, **form)
    assert answer.status_code == 200
    assert "A drain of ticked phases takes at most 1" in answer.content.decode()
    assert not DrainSession.objects.exists()
    assert not AuditEvent.objects.exists()


def test_without_a_word_of_confirmation_an_act_is_only_shown():
    queued = PhaseFactory(state="QUEUED")
    form = {"to": "SKIPPED", "reason": "in one step"}
    page = _post(signed_in(Role.OPERATOR), "clear_queued", [queued], **form).content.decode()
    assert "will be moved" in page
    assert "This field is required" not in page
    queued.refresh_from_db()
    assert queued.state == "QUEUED"


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


def test_a_failed_phase_is_discarded_with_a_reason_and_a_queued_one_is_left_alone():
    operator = signed_in(Role.OPERATOR)
    failed, queued = PhaseFactory(), PhaseFactory(state="QUEUED")
    shown = _post(operator, "discard", [failed, queued]).content.decode()
    assert "will be discarded" in shown
    assert "not moved: it is QUEUED" in shown
    form = {"confirmed": "yes", "to": "COMPLETE", "reason": "by hand"}
    assert "1 of 2 done" in _post(operator, "discard", [failed, queued], **form).content.decode()
    assert Phase.objects.get(pk=failed.pk).state == "COMPLETE"
    assert AuditEvent.objects.get().verb == "phase.discard"


def test_requeue_and_rescue_answer_per_phase():
    operator = signed_in(Role.OPERATOR)
    phase = PhaseFactory()
    page = _post(operator, "requeue", [phase], confirmed="yes", reason="again").content.decode()
    assert "FAILED → QUEUED" in page
    page = _post(operator, "rescue", [phase], confirmed="yes", reason="host died").content.decode()
    assert "0 attempts of dead workers ended" in page


@pytest.mark.parametrize(
    "action", ["clear_queued", "requeue", "discard", "drain_selected", "rescue"]
)
def test_a_viewers_forged_action_is_refused_and_changes_nothing(action):
    phase = PhaseFactory(state="QUEUED")
    form = {"confirmed": "yes", "reason": "x", "to": "SKIPPED"}
    answer = _post(signed_in(Role.VIEWER), action, [phase], **form)
    assert answer.status_code == 403
    assert "needs the role operator" in answer.content.decode()
    assert Phase.objects.get(pk=phase.pk).state == "QUEUED"
    assert [event.verb for event in AuditEvent.objects.all()] == ["refused"]


def test_a_viewer_is_not_offered_what_it_may_not_do():
    PhaseFactory(state="QUEUED")
    assert "clear_queued" not in signed_in(Role.VIEWER).get(PHASES).content.decode()
    assert "clear_queued" in signed_in(Role.OPERATOR).get(PHASES).content.decode()


@pytest.fixture
def two_are_many(monkeypatch):
    """More than one row is a worker's, so that a test need not make a thousand."""
    monkeypatch.setattr(acting, "LARGE", 1)
    monkeypatch.setattr(actions, "LARGE", 1)


@pytest.mark.usefixtures("two_are_many")
class TestMoreThanARequestCanTake:
    ADDRESS = f"{PHASES}?state__exact=QUEUED"
    FORM = {"select_across": 1, "confirmed": "yes", "to": "SKIPPED", "reason": "stale"}

    def _asked(self, operator, count=3):
        phases = [PhaseFactory(state="QUEUED") for _ in range(count)]
        answer = _post(operator, "clear_queued", phases[:1], address=self.ADDRESS, **self.FORM)
        action = BulkAction.objects.get()
        assert answer.headers["Location"] == f"/bulk/{action.pk}/"
        return action, phases

    def test_a_worker_does_it_and_the_page_tells_how_far_it_is_and_leads_back(self):
        operator = signed_in(Role.OPERATOR)
        action, phases = self._asked(operator)
        assert Phase.objects.filter(state="QUEUED").count() == 3, "nothing happens in the request"
        page = operator.get(f"/bulk/{action.pk}/").content.decode()
        assert "0 of 3 phases" in page
        assert "manage.py up --role worker" in page, "no worker is alive"
        register_host(1, [])
        assert "manage.py up" not in operator.get(f"/bulk/{action.pk}/").content.decode()
        Phase.objects.filter(pk=phases[0].pk).update(state="COMPLETE")
        run_bulk(action.pk)
        page = operator.get(f"/bulk/{action.pk}/").content.decode()
        assert "3 of 3 phases" in page
        assert "QUEUED → SKIPPED" in page
        assert "not moved: it is COMPLETE" in page
        assert f'href="{self.ADDRESS}"' in page
        left = operator.get(f"/bulk/{action.pk}/?show=left").content.decode()
        assert "QUEUED → SKIPPED" not in left
        asked = operator.get(f"/bulk/{action.pk}/", headers={"HX-Request": "true"})
        assert asked.status_code == 286, "over: the page asks no more"

    def test_the_preview_says_so_and_leaves_no_line(self):
        phases = [PhaseFactory(state="QUEUED") for _ in range(2)]
        page = _post(signed_in(Role.OPERATOR), "clear_queued", phases).content.decode()
        assert "A worker does it" in page
        assert "No worker is alive" in page
        assert not BulkAction.objects.exists()
        assert not AuditEvent.objects.exists()

    def test_more_than_a_worker_takes_is_refused_and_never_cut(self, monkeypatch):
        for module in (acting, worker):
            monkeypatch.setattr(module, "MOST", 2)
        phases = [PhaseFactory(state="QUEUED") for _ in range(3)]
        answer = _post(
            signed_in(Role.OPERATOR), "clear_queued", phases[:1], address=self.ADDRESS, **self.FORM
        )
        assert "That is more than 2 rows: narrow it" in answer.content.decode()
        assert not BulkAction.objects.exists()

    def test_who_may_do_it_may_cancel_it_and_a_viewer_may_only_look(self):
        operator = signed_in(Role.OPERATOR)
        action, _ = self._asked(operator)
        viewer = signed_in(Role.VIEWER)
        assert "Cancel" not in viewer.get(f"/bulk/{action.pk}/").content.decode()
        assert viewer.post(f"/bulk/{action.pk}/cancel/").status_code == 403
        page = operator.post(f"/bulk/{action.pk}/cancel/", follow=True).content.decode()
        assert "the rest stays as it is" in page
        action.refresh_from_db()
        assert (action.state, action.cancelled_by) == ("cancelled", "operator")

    def test_the_page_queued_hands_over_in_the_same_way(self):
        operator = signed_in(Role.OPERATOR)
        for _ in range(2):
            PhaseFactory(state="QUEUED")
        ask = {"all_matching": "1"}
        preview = operator.post("/queued/clear/", ask).content.decode()
        assert 'name="all_matching" value="1"' in preview
        form = {**ask, "confirmed": "1", "to": "skipped", "reason": "old"}
        answer = operator.post("/queued/clear/", form)
        action = BulkAction.objects.get()
        assert answer.headers["Location"] == f"/bulk/{action.pk}/"
        run_bulk(action.pk)
        assert Phase.objects.filter(state="SKIPPED").count() == 2


def test_the_end_of_a_hold_is_read_as_on_the_pages():
    operator, run = signed_in(Role.OPERATOR), RunFactory()
    operator.cookies["drain_zone"] = "Asia/Kolkata"
    form = {"confirmed": "yes", "reason": "disk full", "address": "/admin/drain/run/"}
    refused = _post(operator, "hold_runs", [run], until="soon", **form).content.decode()
    assert "“soon” is not a time: write it like 18:00" in refused
    assert not Hold.objects.exists()
    _post(operator, "hold_runs", [run], until="18:00", **form)
    assert Hold.objects.filter(until__hour=12, until__minute=30).exists()
