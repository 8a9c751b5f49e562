"""A new drain starts with the plan that its page showed, and with no other."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from drain.models import (
    AuditEvent,
    Candidate,
    DrainSession,
    Phase,
)
from drain.models.roles import Role
from tests.dashboard.drains.forms import seen
from tests.dashboard.people import signed_in

pytestmark = pytest.mark.django_db


def shown_by(client, address="/drains/new/"):
    """The hidden fields of a page as its form would send them."""
    page = client.get(address).content.decode()
    return dict(re.findall(r'name="(seen_\w+)" value="([^"]*)"', page))


def test_starting_freezes_the_plan_that_was_seen(backlog):
    form = seen(backlog, batch_size="10", note="after the fix")
    answer = signed_in(Role.OPERATOR).post("/drains/new/", form, follow=True)
    session = DrainSession.objects.get()
    assert (session.state, session.selected, session.note) == ("planned", 5, "after the fix")
    assert session.started_by == "operator-False"
    assert f"Drain {session.pk} starts with the 5 phases of its preview." in answer.content.decode()


def test_what_the_page_showed_is_what_it_starts(backlog):
    operator = signed_in(Role.OPERATOR)
    shown = shown_by(operator, "/drains/new/?batch_size=3")
    operator.post("/drains/new/", shown | {"batch_size": "3"})
    planned = Candidate.objects.filter(planned_position__isnull=False)
    assert planned.count() == DrainSession.objects.get().selected == 3


@pytest.mark.parametrize(
    ("typed", "start", "why"),
    [
        ({"batch_size": "1"}, "Start drain of 1 phase", "4 phases changed since the preview"),
        ({"note": "same plan"}, "", ""),
        ({"seen_digest": ""}, "Start drain of 5 phases", "see the plan first"),
        ({"seen_digest": "0" * 32, "seen_ids": ""}, "Start drain of 5 phases", "The plan changed"),
    ],
    ids=["clicked before the preview", "unchanged", "without a preview", "a plan of long ago"],
)
def test_only_a_plan_that_was_seen_starts_and_another_one_is_shown(backlog, typed, start, why):
    answer = signed_in(Role.OPERATOR).post("/drains/new/", seen(backlog) | typed)
    assert DrainSession.objects.exists() == (not start)
    assert answer.status_code == (409 if start else 302)
    page = answer.content.decode()
    assert start in page
    assert why in page


def test_a_plan_that_changed_under_the_page_is_shown_and_starts_when_it_was_seen(backlog):
    operator = signed_in(Role.OPERATOR)
    Phase.objects.filter(pk=backlog[0].pk).update(state="COMPLETE")
    answer = operator.post("/drains/new/", seen(backlog))
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "1 phase changed since the preview" in page
    assert not DrainSession.objects.exists()
    assert not AuditEvent.objects.filter(verb="session.start").exists()
    operator.post("/drains/new/", dict(re.findall(r'name="(seen_\w+)" value="([^"]*)"', page)))
    assert Candidate.objects.filter(planned_position__isnull=False).count() == 4


def test_without_a_script_a_button_asks_for_the_preview(backlog):
    viewer = signed_in(Role.VIEWER)
    assert 'name="preview"' in viewer.get("/drains/new/").content.decode()
    typed = seen(backlog, batch_size="2", run="research-system-v2", preview="1")
    answer = viewer.post("/drains/new/", typed, follow=True)
    (address, _), *_ = answer.redirect_chain
    assert address == "/drains/new/?batch_size=2&run=research-system-v2&plan=now"
    assert "2 + 3 = 5" in answer.content.decode()
    assert not DrainSession.objects.exists()


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
    operator.post("/drains/new/", seen(backlog, until="18:00"))
    until = datetime.fromisoformat(DrainSession.objects.get().limits["until"])
    assert (until.hour, until.minute, until.utcoffset()) == (18, 0, timedelta(hours=5.5))
    assert timezone.now() < until <= timezone.now() + timedelta(days=1)
