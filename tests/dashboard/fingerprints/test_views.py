"""Fingerprints as pages: by trend, with lifecycle, and verbs that ask for a reason."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from drain.dashboard.fingerprints.listing import COLUMNS
from drain.models import (
    Fingerprint,
)
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import NOON, AttemptFactory, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def test_new_and_regressed_fingerprints_come_first():
    for title, status in (("old", "ongoing"), ("back", "regressed"), ("fresh", "new")):
        FingerprintFactory(title=title, status=status)
    page = signed_in(Role.VIEWER).get("/fingerprints/?sort=trend").content.decode()
    assert page.index(">fresh<") < page.index(">back<") < page.index(">old<")
    assert (
        "matches these filters"
        in signed_in(Role.OPERATOR).get("/fingerprints/?q=zzz").content.decode()
    )


def test_what_fails_now_stands_first_though_nothing_failed_lately():
    """An imported backlog has no attempt of ours."""
    FingerprintFactory(title="fresh", status="new")
    backlog = FingerprintFactory(title="backlog", status="ongoing")
    older = FingerprintFactory(title="merged into it", merged_into=backlog)
    for key, state in ((backlog.key, "FAILED"), (older.key, "FAILED"), (backlog.key, "COMPLETE")):
        PhaseFactory(last_fingerprint=key, state=state)
    viewer = signed_in(Role.VIEWER)
    found = json.loads(viewer.get("/fingerprints/?download=json").getvalue())
    assert [(row["title"], row["failed"], row["today"]) for row in found] == [
        ("backlog", 2, 0), ("fresh", 0, 0)
    ]  # fmt: skip
    page = viewer.get("/fingerprints/").content.decode()
    assert page.index(">backlog<") < page.index(">fresh<")
    assert "sorted by failed now, most first" in page


@pytest.mark.parametrize("column", [column.name for column in COLUMNS])
def test_fingerprints_sort_by_every_column_both_ways_page_and_file_alike(column):
    for n, title in enumerate(("Beta", "alpha", "gamma")):
        cause = FingerprintFactory(
            title=title, category=f"c{n}", status=("new", "ongoing", "muted")[n],
            last_seen=NOON + timedelta(days=n),
        )  # fmt: skip
        for _ in range((1, 2, 0)[n]):
            PhaseFactory(last_fingerprint=cause.key)
    viewer, seen = signed_in(Role.VIEWER), []
    for sort in (column, f"-{column}"):
        page = viewer.get(f"/fingerprints/?sort={sort}").content.decode()
        titles = re.findall(r'class="mono"[^>]*>(\w+)</a>', page)
        file = viewer.get(f"/fingerprints/?sort={sort}&download=json")
        assert titles == [row["title"] for row in json.loads(file.getvalue())]
        seen.append(titles)
    if column in ("failed", "title", "category", "seen"):
        assert seen[0] == seen[1][::-1]
    if column == "title":
        assert seen[0] == ["alpha", "Beta", "gamma"]
    if column == "failed":
        assert seen[1] == ["alpha", "Beta", "gamma"]


def test_fingerprints_narrow_to_when_they_were_last_seen():
    FingerprintFactory(title="early", last_seen=NOON)
    FingerprintFactory(title="late", last_seen=NOON + timedelta(days=3))
    page = signed_in(Role.VIEWER).get("/fingerprints/?until=2026-03-03").content.decode()
    assert (">early<" in page, ">late<" in page) == (True, False)


def test_the_list_shows_titles_as_text_with_their_placeholders_boxed():
    FingerprintFactory(title=f"No module <name> {HOSTILE}", category=HOSTILE, status="new")
    page = signed_in(Role.VIEWER).get("/fingerprints/").content.decode()
    assert HOSTILE not in page
    assert (
        'No module <span class="slot">name</span> <span class="slot">script</span>alert(1)&lt;'
        in page
    )


def test_a_fingerprint_shows_template_samples_runs_and_how_to_drain_it():
    cause = FingerprintFactory(title=HOSTILE, template=f"File <path> {HOSTILE}", sample=HOSTILE)
    phase = PhaseFactory(last_fingerprint=cause.key)
    AttemptFactory(phase=phase, fingerprint=cause.key)
    viewer = signed_in(Role.VIEWER)
    viewer.get("/fingerprints/")
    with CaptureQueriesContext(connection) as asked:
        page = viewer.get(f"/fingerprints/{cause.key}/").content.decode()
    assert len(asked) <= 18, [query["sql"][:90] for query in asked]
    assert HOSTILE not in page
    assert phase.run.run_id in page
    assert "Drain its failed phases…" in page, "how many it will be is the preview's to say"
    assert f"fingerprint={cause.key}" in page
    assert viewer.get("/fingerprints/none/").status_code == 404


def test_the_page_says_what_decided_the_category_unless_its_text_tells_another():
    text = "OSError: [Errno 28] No space left on device"
    cause = FingerprintFactory(category="disk", sample=text)
    viewer = signed_in(Role.VIEWER)
    page = viewer.get(f"/fingerprints/{cause.key}/").content.decode()
    assert "disk: a full or closed volume, “no space left”" in page
    Fingerprint.objects.update(category="network")
    page = viewer.get(f"/fingerprints/{cause.key}/").content.decode()
    assert "a full or closed volume" not in page


def test_a_merged_fingerprint_leads_to_the_one_that_stands_for_it():
    one, other = FingerprintFactory(), FingerprintFactory()
    manager = signed_in(Role.MANAGER)
    manager.post(f"/fingerprints/{one.key}/merge/", {"into": other.key, "reason": "the same"})
    answer = manager.get(f"/fingerprints/{one.key}/")
    assert answer.headers["Location"] == f"/fingerprints/{other.key}/"


def test_a_fingerprint_is_snoozed_woken_muted_and_resolved_with_a_reason():
    cause, manager = FingerprintFactory(status="ongoing"), signed_in(Role.MANAGER)
    path = f"/fingerprints/{cause.key}/"
    assert "A reason is missing" in manager.post(f"{path}mute/", follow=True).content.decode()
    for days in ("-1", "0000019999999999"):
        bad = manager.post(f"{path}snooze/", {"days": days, "reason": "x"}, follow=True)
        assert "makes no sense" in bad.content.decode()
    for act, status in (
        ("snooze", "snoozed"),
        ("wake", "ongoing"),
        ("mute", "muted"),
        ("wake", "ongoing"),
        ("resolve", "resolved"),
    ):
        manager.post(f"{path}{act}/", {"days": "2", "reason": "because"})
        assert Fingerprint.objects.get(pk=cause.pk).status == status


def test_an_operator_may_look_and_not_decide():
    cause, operator = FingerprintFactory(), signed_in(Role.OPERATOR)
    for act in ("snooze", "mute", "wake", "resolve", "merge", "unmerge", "split"):
        assert operator.post(f"/fingerprints/{cause.key}/{act}/").status_code == 403
