"""The page of the audit: who, what and why as text; changes as far as set, in the reader's zone."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from drain.dashboard.audit import acts, views
from drain.dashboard.audit.views import changed
from drain.models import AuditEvent
from drain.models.audit import Person, Subject, record_audit, record_changes
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
    assert '<option value="nothing.like this" selected>' in page


def moved(count, reason="disk was full", name="olga"):
    changes = (
        (Subject("phase", str(n), f"run / phase-{n}"), {"state": "QUEUED"}, {"state": "FAILED"})
        for n in range(count)
    )
    with transaction.atomic():
        record_changes(Person(name, Origin.BROWSER), "phase.clear_queued", reason, changes)


@pytest.mark.django_db
def test_an_act_on_many_phases_is_one_line_that_opens():
    moved(104)
    record_audit(Person("olga", Origin.BROWSER), "hold", Subject("hold", "1", "nightly"), "why")
    client = signed_in(Role.MANAGER)
    page = client.get("/audit/").content.decode()
    assert page.count("<tr data-row=") == 2
    assert "104 phases" in page
    assert page.count("<li>run / phase-") == 20
    (href,) = re.findall(r'href="(\?[^"]*first=[^"]*)"', page)
    opened = client.get(f"/audit/{html.unescape(href)}").content.decode()
    assert opened.count("<tr data-row=") == 50
    (older,) = re.findall(r'rel="next" href="([^"]*)"', opened)
    again = client.get(f"/audit/{html.unescape(older)}").content.decode()
    assert again.count("<tr data-row=") == 50
    assert "nightly" not in opened + again
    assert len(client.get(reverse("drain:audit-export")).getvalue().splitlines()) == 106, (
        "the file has every line"
    )


@pytest.mark.django_db
def test_acts_of_others_of_another_time_or_reason_stay_apart():
    for name, reason in (("olga", "one"), ("olga", "two"), ("ivan", "two")):
        moved(3, reason, name)
    moved(2, "later")
    last = AuditEvent.objects.latest("pk")
    for _ in range(2):
        last.pk, last.at = None, timezone.now() + timedelta(minutes=1)
        last.save(force_insert=True)
    page = signed_in(Role.MANAGER).get("/audit/").content.decode()
    assert page.count("3 phases") == 3
    assert page.count("2 phases") == 2


@pytest.mark.django_db
@pytest.mark.parametrize("first", [1, 3, 500])
def test_pages_of_acts_hold_every_act_once(monkeypatch, first):
    """However few of the lines are read first."""
    monkeypatch.setattr(views, "LISTED", 2)
    monkeypatch.setattr(acts, "FIRST", first)
    for n in range(5):
        moved(n + 1, f"reason-{n}")
    client, seen, links = signed_in(Role.MANAGER), [], [""]
    for href in links:
        page = client.get(f"/audit/{html.unescape(href)}").content.decode()
        seen += re.findall(r"reason-(\d)<", page)
        links += re.findall(r'rel="next" href="([^"]*)"', page)
    assert seen == ["4", "3", "2", "1", "0"]


@pytest.mark.django_db
def test_the_audit_narrows_to_a_range_of_dates_and_downloads_so_in_both_kinds():
    moved(2, "lately")
    old = AuditEvent.objects.latest("pk")
    old.pk, old.at, old.reason = None, timezone.now() - timedelta(days=9), "long ago"
    old.save(force_insert=True)
    client, day = signed_in(Role.MANAGER), timezone.localtime() - timedelta(days=5)
    for query, kept in ((f"since={day:%Y-%m-%d}", "lately"), (f"until={day:%Y-%m-%d}", "long ago")):
        page = client.get(f"/audit/?{query}").content.decode()
        lost = {"lately", "long ago"} - {kept}
        assert kept in page
        assert lost.pop() not in page.partition("<tbody")[2]
        found = json.loads(client.get(f"/audit/?{query}&download=json").getvalue())
        assert {row["reason"] for row in found} == {kept}
        text = client.get(f"/audit/?{query}&download=csv").getvalue().decode()
        assert text == client.get(f"{reverse('drain:audit-export')}?{query}").getvalue().decode()
        assert len(text.splitlines()) == len(found) + 1
    assert found[0]["old"] == {"state": "QUEUED"}
    assert "is not a time" in client.get("/audit/?since=soon").content.decode()
