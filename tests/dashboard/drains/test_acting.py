"""Acts on the page of a drain: pause, go on, stop, cancel, and drain what is left."""

from __future__ import annotations

import pytest

from drain.models import Candidate, DrainSession, SessionRun
from drain.models.roles import Role
from tests.dashboard.drains.sessions import a_session
from tests.dashboard.people import signed_in
from tests.factories import (
    ExecutorFactory,
    PhaseFactory,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("act", ["pause", "resume", "stop", "cancel"])
def test_a_viewer_may_look_and_not_act(act):
    session = a_session()
    assert signed_in(Role.VIEWER).post(f"/drains/{session.pk}/{act}/").status_code == 403
    assert DrainSession.objects.get(pk=session.pk).state == "running"


def test_acting_needs_a_token_and_a_post():
    session = a_session()
    assert (
        signed_in(Role.OPERATOR, csrf=True).post(f"/drains/{session.pk}/pause/").status_code == 403
    )
    assert signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/pause/").status_code == 405


def test_an_operator_pauses_resumes_stops_and_is_told_what_happened():
    session, operator = a_session(), signed_in(Role.OPERATOR)
    for act, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        answer = operator.post(f"/drains/{session.pk}/{act}/", follow=True)
        assert DrainSession.objects.get(pk=session.pk).state == state
        assert f"Drain {session.pk}" in answer.content.decode()
    refused = operator.post(f"/drains/{session.pk}/pause/", follow=True).content.decode()
    assert "cannot be paused" in refused


def test_a_drain_that_ended_offers_what_failed_the_rest_and_the_same_again():
    session = a_session("stopped", stop_reason="person")
    failed = Candidate.objects.get(session=session, planned_position=1)
    Candidate.objects.filter(pk=failed.pk).update(outcome="failed")
    SessionRun.objects.filter(session=session).update(complete=2, failed=1)
    left = Candidate.objects.get(session=session, status="waiting")
    ExecutorFactory(is_default=True)
    operator = signed_in(Role.OPERATOR)
    page = operator.get(f"/drains/{session.pk}/").content.decode()
    for part, phase in (("failed", failed.phase_id), ("rest", left.phase_id)):
        address = f"/drains/new/?of={session.pk}%3A{part}"
        assert address in page
        form = operator.get(address).content.decode()
        assert "Start drain of 1 phase" in form
        assert f'name="of" value="{session.pk}:{part}"' in form
        assert f'name="seen_ids" value="{phase}"' in form
    assert "Same again…" in page
    assert "/drains/new/?batch_size=20" in page
    assert (
        "Same again…" not in signed_in(Role.VIEWER).get(f"/drains/{session.pk}/").content.decode()
    )


@pytest.mark.parametrize("of", ["1:failed", "0:rest", "x:failed", "7:all", "7"])
def test_a_part_of_a_drain_that_holds_no_failed_phase_is_never_everything(of):
    ExecutorFactory(is_default=True)
    PhaseFactory()
    page = signed_in(Role.OPERATOR).get("/drains/new/", {"of": of}).content.decode()
    assert "nothing is left to drain" in page
    assert "Nothing to start" in page


def test_cancelling_asks_with_the_numbers_of_now_and_stopping_acts_at_one_click():
    session = a_session("running")
    page = signed_in(Role.OPERATOR).get(f"/drains/{session.pk}/").content.decode()
    assert "0 running phases are ended and go back to failed" in page
    asks, acts = (f'action="/drains/{session.pk}/{verb}/"' for verb in ("cancel", "stop"))
    assert page.index(acts) < page.index("<dialog") < page.index(asks)


def test_a_stop_by_a_person_offers_to_take_it_back_and_one_by_a_rule_does_not():
    session, client = a_session("stopping"), signed_in(Role.OPERATOR)
    for reason, offered in (("person", True), ("failure_rate", False)):
        DrainSession.objects.filter(pk=session.pk).update(stop_reason=reason)
        page = client.get(f"/drains/{session.pk}/").content.decode()
        assert (f'action="/drains/{session.pk}/resume/"' in page) is offered
        assert ("Resume takes it" in page) is offered
        assert f'action="/drains/{session.pk}/stop/"' not in page
