"""The page of a bulk action: how far it is, one result for each row, and cancel for who may do the act."""

from __future__ import annotations

import pytest

from drain.models import BulkAction, BulkItem
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import NOON, PhaseFactory

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert("x")</script>\'&'


def a_bulk(state="running", **fields):
    given = {"to": "SKIPPED", "reason": HOSTILE}
    action = BulkAction.objects.create(
        verb="clear_queued", label="Clear queued phases", things="phases", given=given, reason=HOSTILE,
        actor=HOSTILE, origin="browser", state=state, total=8, done=1, left_alone=1, **fields,
    )  # fmt: skip
    phases = [PhaseFactory() for _ in range(3)]
    for phase, done, message in zip(
        phases, (True, False, None), ("moved", HOSTILE, ""), strict=True
    ):
        label = HOSTILE if done is False else ""
        BulkItem.objects.create(
            action=action, target=phase.pk, done=done, label=label, said=message
        )
    return action, phases


def test_it_shows_how_far_it_is_and_what_became_of_each_row_and_every_text_as_text():
    action, phases = a_bulk(error=HOSTILE, back="/queued/?stale=1")
    answer = signed_in(Role.OPERATOR).get(f"/bulk/{action.pk}/")
    page = answer.content.decode()
    assert "2 of 8 phases, 25 %" in page
    assert "to <code>SKIPPED</code>" in page
    assert f'<a href="/phases/{phases[0].pk}/">{phases[0].pk}</a>' in page
    assert f"/phases/{phases[2].pk}/" not in page
    assert "No worker is alive, so nothing moves" in page
    assert 'href="/queued/?stale=1"' in page
    assert "Cancel this bulk action" in page
    assert 'data-live="' in page
    assert "<script>alert" not in page
    assert 'alert("' not in page


def test_only_what_was_left_alone_is_listed_when_asked():
    action, phases = a_bulk()
    viewer = signed_in(Role.VIEWER)
    page = viewer.get(f"/bulk/{action.pk}/?show=left").content.decode()
    assert f"/phases/{phases[1].pk}/" in page
    assert f"/phases/{phases[0].pk}/" not in page
    assert "Cancel this bulk action" not in page
    BulkItem.objects.exclude(done=None).delete()
    assert "No row was left out" in viewer.get(f"/bulk/{action.pk}/?show=left").content.decode()
    assert "No step has ended yet" in viewer.get(f"/bulk/{action.pk}/").content.decode()


def test_what_is_over_is_asked_for_no_more_and_leads_back_to_no_other_site():
    action, _ = a_bulk(
        "cancelled", ended_at=NOON, cancelled_by="olga", back="https://evil.example/"
    )
    operator = signed_in(Role.OPERATOR)
    page = operator.get(f"/bulk/{action.pk}/").content.decode()
    assert "cancelled by olga" in page
    assert "evil.example" not in page
    assert "Cancel this bulk action" not in page
    over = operator.get(f"/bulk/{action.pk}/", headers={"HX-Request": "true"})
    assert over.status_code == 286
    assert b"data-live=" not in over.content
