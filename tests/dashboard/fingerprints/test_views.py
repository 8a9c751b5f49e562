"""Fingerprints as pages: by trend, with lifecycle, and verbs that ask for a reason."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drain.dashboard.fingerprints.became import became_of, completed_per_hour
from drain.dashboard.fingerprints.listing import COLUMNS, causes_by_trend
from drain.models import (
    AttemptDelta,
    Fingerprint,
    FingerprintAlias,
    FingerprintSplit,
    FixMarker,
    Phase,
)
from drain.models.roles import Role
from drain.models.vocabulary import Outcome
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


def test_what_is_likely_the_same_is_shown_with_why_merged_with_one_click_and_undone_with_one():
    one = FingerprintFactory(
        key="one", coarse="c", headline="h1", template="refused by node7 of pool"
    )
    FingerprintFactory(key="two", coarse="c", headline="h2", template="refused by node9 of pool")
    FingerprintFactory(key="far", coarse="c", headline="h3", template="no space left on device")
    _an_attempt_failed_by("two")
    manager = signed_in(Role.MANAGER)
    page = manager.get("/fingerprints/one/").content.decode()
    assert "differ in one place only: “node7” and “node9”" in page
    assert "/fingerprints/two/merge/" in page
    assert "/fingerprints/far/merge/" not in page
    assert "0 failed attempts<" in page
    assert "/merge/" not in signed_in(Role.VIEWER).get("/fingerprints/one/").content.decode()
    form = {"into": "one", "reason": "Likely the same.", "next": "/fingerprints/one/"}
    answer = manager.post("/fingerprints/two/merge/", form)
    assert answer.headers["Location"] == "/fingerprints/one/"
    assert Fingerprint.objects.get(key="two").merged_into == one
    page = manager.get("/fingerprints/one/").content.decode()
    assert "/fingerprints/two/unmerge/" in page
    assert "/fingerprints/two/merge/" not in page
    assert "1 failed attempt<" in page, "what was counted for the other one before counts here"
    manager.post("/fingerprints/two/unmerge/", {"reason": "Undone.", "next": "/fingerprints/one/"})
    assert Fingerprint.objects.get(key="two").merged_into is None
    assert "0 failed attempts<" in manager.get("/fingerprints/one/").content.decode()
    assert "1 failed attempt<" in manager.get("/fingerprints/two/").content.decode()
    again = manager.post("/fingerprints/two/unmerge/", {"reason": "Undone."}, follow=True)
    assert "nothing changed" in again.content.decode()


def test_the_list_the_page_and_the_command_count_a_chain_of_merges_and_an_older_key():
    last = FingerprintFactory(key="c", status="new")
    middle = FingerprintFactory(key="b", merged_into=last)
    FingerprintFactory(key="a", merged_into=middle)
    FingerprintAlias.objects.create(key="older", fingerprint=middle, version=1)
    FingerprintFactory(key="far")
    for key in ("a", "b", "c", "older", "far"):
        _an_attempt_failed_by(key)
        PhaseFactory(state="FAILED", last_fingerprint=key)
    listed = {item["key"]: item["week"] for item in causes_by_trend(timezone.now(), 9)}
    assert listed == {"c": 4, "far": 1}
    assert "4 failed attempts<" in signed_in(Role.VIEWER).get("/fingerprints/c/").content.decode()
    out = StringIO()
    call_command("fingerprints", "--json", stdout=out)
    said = json.loads(out.getvalue())["fingerprints"]
    assert {item["key"]: item["failed_now"] for item in said} == {"c": 4, "far": 1}


def _an_attempt_failed_by(key: str) -> None:
    """As the statement that ends an attempt leaves it: the attempt, and what it adds to the totals."""
    phase, ended = PhaseFactory(), timezone.now()
    AttemptFactory(phase=phase, fingerprint=key, outcome=Outcome.FAILED, finished_at=ended)
    AttemptDelta.objects.create(
        finished_at=ended,
        run_pk=phase.run_id,
        category="unknown",
        outcome=Outcome.FAILED,
        fingerprint=key,
        seconds=1,
        telemetry_events=0,
    )


def test_a_fingerprint_is_split_on_its_page_and_undone_there_with_one_click():
    whole = FingerprintFactory(title="OSError: [Errno 28] No space left on device")
    for disk in ("a", "b"):
        error = f"OSError: [Errno 28] No space left on device: '/{disk}/1.log'"
        phase = PhaseFactory(last_fingerprint=whole.key, last_failure_reason=error)
        AttemptFactory(phase=phase, fingerprint=whole.key, error=error)
    manager, path = signed_in(Role.MANAGER), f"/fingerprints/{whole.key}/"
    page = manager.get(path).content.decode()
    assert '<option value="OSError">' in page, "what its failures tell is offered"
    wrong = manager.post(
        f"{path}split/", {"by": "colour", "value": "x", "reason": "x"}, follow=True
    )
    assert "type, message, place or test" in wrong.content.decode()
    manager.post(f"{path}split/", {"by": "message", "value": "/b/", "reason": "two disks"})
    part = FingerprintSplit.objects.get().part
    assert Phase.objects.filter(last_fingerprint=part.key).count() == 1
    page = manager.get(path).content.decode()
    assert "split off from this one" in page
    assert "by message “/b/”" in page
    assert (
        "this one was split off from it"
        in manager.get(f"/fingerprints/{part.key}/").content.decode()
    )
    undo = {"into": whole.key, "reason": "Undone.", "next": path}
    assert undo["into"] in page
    assert manager.post(f"/fingerprints/{part.key}/merge/", undo).headers["Location"] == path
    page = manager.get(path).content.decode()
    assert "split off from this one" not in page
    assert f"/fingerprints/{part.key}/unmerge/" in page
    manager.post(f"/fingerprints/{part.key}/unmerge/", {"reason": "Undone.", "next": path})
    assert "split off from this one" in manager.get(path).content.decode()


def test_every_merge_of_a_chain_is_undone_on_the_page_that_stands_for_all():
    last = FingerprintFactory(key="c")
    middle = FingerprintFactory(key="b", title="the middle", merged_into=last)
    FingerprintFactory(key="a", merged_into=middle)
    page = signed_in(Role.MANAGER).get("/fingerprints/c/").content.decode()
    assert "/fingerprints/a/unmerge/" in page
    assert "/fingerprints/b/unmerge/" in page
    assert "merged into the middle" in " ".join(page.split())


def test_the_page_says_what_became_of_the_phases_that_failed_so_before_the_fix():
    cause = FingerprintFactory(status="fix_deployed", headline="h")
    other, placed = FingerprintFactory(), FingerprintFactory(headline="h", place_known=True)
    merged = FingerprintFactory(merged_into=cause)
    fix = FixMarker.objects.create(title="Import path", applied_at=NOON + timedelta(hours=1))
    fix.fingerprints.add(cause)

    def phase(*after, key=cause.key):
        found = PhaseFactory(state_changed_at=NOON, last_fingerprint=key)
        AttemptFactory(phase=found, number=1, fingerprint=key, started_at=NOON)
        for n, (outcome, seen) in enumerate(after, start=2):
            started = NOON + timedelta(hours=n)
            AttemptFactory(
                phase=found, number=n, outcome=outcome, fingerprint=seen,
                started_at=started, finished_at=started + timedelta(minutes=1),
            )  # fmt: skip

    phase(("complete", ""))
    phase(("failed", cause.key), ("complete", ""))
    phase(("complete", ""), key=merged.key)
    phase(("failed", merged.key))
    phase(("failed", other.key))
    phase(("failed", placed.key))
    phase(("timeout", "slow"))
    phase(("cancelled", ""))
    phase()
    PhaseFactory(state_changed_at=NOON, last_fingerprint=cause.key)
    # It failed with something else, or first after the fix: it is none of these.
    PhaseFactory(state_changed_at=NOON, last_fingerprint=other.key)
    late = PhaseFactory(state_changed_at=NOON + timedelta(hours=5), last_fingerprint=cause.key)
    AttemptFactory(phase=late, fingerprint=cause.key, started_at=NOON + timedelta(hours=4))
    became = became_of([cause.key, merged.key], fix.applied_at)
    assert became.counts == {
        "complete": 3, "same": 1, "may_be": 1, "another": 1, "timeout": 1, "untried": 3,
    }  # fmt: skip
    page = signed_in(Role.VIEWER).get(f"/fingerprints/{cause.key}/").content.decode()
    words = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", page))
    assert "The same 10 phases, by their latest attempt since" in words
    for line in ("Complete 3", "Failed, same fingerprint 1", "Failed, another one 1", "Timeout 1"):
        assert line in words
    assert "Failed, may be the same 1" in words
    assert "Not tried yet 3" in words


def test_the_chart_counts_completions_of_phases_that_had_failed_so_and_of_no_other():
    now = timezone.now().replace(minute=30)
    hour = now.replace(minute=0, second=0, microsecond=0)
    cause = FingerprintFactory()
    mended, other, before = PhaseFactory(), PhaseFactory(), PhaseFactory()

    def attempt(phase, number, outcome, key, minutes):
        AttemptFactory(
            phase=phase, number=number, outcome=outcome, fingerprint=key, error="x" if key else "",
            started_at=now - timedelta(minutes=minutes + 1), finished_at=now - timedelta(minutes=minutes),
        )  # fmt: skip

    attempt(mended, 1, "failed", cause.key, 200)
    attempt(mended, 2, "complete", "", 5)
    attempt(other, 1, "failed", "another", 200)
    attempt(other, 2, "complete", "", 5)
    # It was complete before it failed so.
    attempt(before, 1, "complete", "", 5)
    attempt(before, 2, "failed", cause.key, 2)
    assert completed_per_hour([cause.key], now - timedelta(hours=72)) == {hour: 1}
    assert completed_per_hour([cause.key], now) == {}
    page = signed_in(Role.VIEWER).get(f"/fingerprints/{cause.key}/").content.decode()
    assert "Formerly failed, now complete" in page
