"""The page of the audit: who, what and why as text; of a change only what is set, moments in the reader's zone."""

from __future__ import annotations

import pytest

from drain.dashboard.audit.views import changed
from drain.models import AuditEvent
from drain.models.audit import Person, Subject, record_audit
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from tests.dashboard.people import signed_in

HOSTILE = '<script>alert("x")</script>'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ({"state": "QUEUED"}, {"state": "SKIPPED"}, "state QUEUED → SKIPPED"),
        ({"url": ""}, {"url": "sqlite:///a"}, "url – → sqlite:///a"),
        ({}, {"until": None, "keys": [], "selected": 3}, "selected 3"),
        ({}, {"limits": {"parallel": 2, "sample": None}}, "limits parallel 2"),
        ({}, {"at": "2026-11-25T00:00:00+00:00"}, "at 2026-11-25 00:00 UTC"),
        ({}, {"at": "9999-12-31T23:59:00-12:00"}, "at 9999-12-31T23:59:00-12:00"),
        ({"reason": "disk full"}, {}, "reason disk full → –"),
    ],
)
def test_a_change_is_told_without_what_is_not_set(old, new, said):
    assert changed(AuditEvent(old=old, new=new)) == said


@pytest.mark.django_db
def test_the_page_shows_who_what_and_why_as_text_and_cuts_a_long_change():
    person = Person(HOSTILE, Origin.COMMAND, HOSTILE)
    record_audit(person, "run.hold", Subject("run", "1", HOSTILE), HOSTILE, new={"note": HOSTILE})
    record_audit(person, "run.hold", Subject("run", "1", ""), "", new={"note": "x" * 400})
    page = signed_in(Role.MANAGER).get("/audit/").content.decode()
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(") == 7
    assert '<td class="t-name">run</td>' in page
    assert f"{'x' * 294}…</td>" in page


@pytest.mark.django_db
def test_filters_that_match_nothing_can_be_cleared():
    page = signed_in(Role.MANAGER).get("/audit/?verb=nothing.like+this").content.decode()
    assert "No act matches these filters" in page
    assert 'value="nothing.like this"' in page
