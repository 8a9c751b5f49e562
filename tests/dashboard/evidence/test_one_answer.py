"""One question has one answer: every place that shows a figure of a fix shows the same one."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from io import StringIO

import pytest
from django.core.cache import caches
from django.core.management import CommandError, call_command
from django.utils import timezone

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.schedule import judge_fixes
from drain.models import DrainSession, FixMarker
from drain.models.audit import Person
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from drain.people.tokens import issue_token
from tests.dashboard.evidence.pages import text_of
from tests.dashboard.people import signed_in
from tests.evidence.fixes.around import phases_tried
from tests.factories import FingerprintFactory
from tests.people import person

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def lately(failed_before, failed_after, of=30):
    """A fix an hour ago, with tries of the same cause two hours ago and half an hour ago."""
    now = timezone.now()
    FingerprintFactory(key="k", title="Error k", status="ongoing")
    fix = add_marker("fix", By("ada", Origin.BROWSER, now), at=now - HOUR, keys=["k"], guarded=True)
    for at, failed in ((now - 2 * HOUR, failed_before), (now - HOUR / 2, failed_after)):
        phases_tried(failed, at, "failed", "k")
        phases_tried(of - failed, at, "complete")
    judge_fixes(now)
    return fix


def token():
    _, found = issue_token(
        person(Role.OPERATOR), "script", Person("root", Origin.ADMIN), expires_at=None
    )
    return found


def command(*words):
    out = StringIO()
    with suppress(CommandError):
        call_command(*words, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (29, 0, "Works"),
        (15, 14, "Not enough data"),
        (30, 28, "Does not work"),
        (30, 12, "Works partly"),
        (0, 15, "Does not work"),
    ],
)
def test_every_place_says_the_same_of_a_fix(before, after, words):
    fix = lately(before, after)
    found = judge_marker(fix)
    assert found.words == words
    drain = DrainSession.objects.latest("pk").pk
    caches["pages"].clear()
    viewer = signed_in(Role.VIEWER)
    pages = {
        path: text_of(viewer.get(path).content.decode()).replace("&#39;", "'")
        for path in (f"/evidence/markers/{fix.pk}/", f"/drains/{drain}/report/")
    }
    shown = {
        **pages,
        "compare": command("compare", "--marker", str(fix.pk)),
        "report": command("report", str(drain)).replace("\\", ""),
        "report as a page": text_of(command("report", str(drain), "--format", "html")),
    }
    for place, text in shown.items():
        assert found.sentence in text, place
    machine = json.loads(command("compare", "--marker", str(fix.pk), "--json"))["fix"]
    of_report = json.loads(command("report", str(drain), "--format", "json"))["fixes"][0]["verdict"]
    by_key = viewer.get(f"/api/v1/fixes/{fix.pk}", headers={"Authorization": f"Bearer {token()}"})
    interface = json.loads(by_key.content)["verdict"]
    assert machine == of_report == interface == json.loads(json.dumps(found.as_dict()))
    assert f"1 fingerprint, {words.lower()}" in command("marker", "list")
    checked = pages[f"/evidence/markers/{fix.pk}/"]
    assert f"The fix works works {words.lower()} –" in checked
    overview = text_of(viewer.get("/").content.decode())
    assert f"FM-{fix.pk}: {words.lower()}" in overview
    assert f"{words}." in text_of(viewer.get("/fingerprints/k/").content.decode())
    assert FixMarker.objects.get().verdict["sentence"] == found.sentence


def test_no_place_has_a_green_word_for_a_placebo():
    fix = lately(15, 14)
    caches["pages"].clear()
    viewer = signed_in(Role.VIEWER)
    for path in ("/", "/evidence/", f"/evidence/markers/{fix.pk}/"):
        page = viewer.get(path).content.decode()
        text = text_of(page)
        for word in ("Better than before", "The fix works Pass", ": works"):
            assert word not in text, (path, word)
        assert "✅" not in page


def test_the_rate_since_a_fix_is_the_same_on_the_overview_and_on_its_page():
    fix = lately(20, 7)
    caches["pages"].clear()
    viewer = signed_in(Role.VIEWER)
    assert "76.7 %" in text_of(viewer.get("/").content.decode())
    assert "76.7 %" in text_of(viewer.get(f"/evidence/markers/{fix.pk}/").content.decode())
    assert "23 of 30 (76.7 %" in command("compare", "--marker", str(fix.pk))


def test_the_page_of_a_fingerprint_counts_failures_around_a_fix_to_the_minute():
    lately(20, 7)
    page = text_of(signed_in(Role.VIEWER).get("/fingerprints/k/").content.decode())
    assert "Before 20 failures in the 7 days before it" in page
    assert "After 7 failures of attempts started since" in page


def test_the_page_of_a_fingerprint_shows_those_of_its_headline_beside_it():
    FingerprintFactory(key="reason", title="ValueError: bad row", headline="h")
    FingerprintFactory(
        key="placed", title="ValueError: bad row in read", headline="h", place_known=True
    )
    viewer = signed_in(Role.VIEWER)
    for key, other in (("reason", "placed"), ("placed", "reason")):
        page = viewer.get(f"/fingerprints/{key}/").content.decode()
        assert "Likely the same" in page
        assert f'href="/fingerprints/{other}/"' in page
