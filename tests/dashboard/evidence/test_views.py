"""The evidence pages: every rate with its n, one sentence where there is no answer, acts by who may."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.schedule import judge_fixes
from drain.models import Check, CheckResult, Fingerprint, FixMarker, Transition
from drain.models.roles import Role
from drain.models.vocabulary import CheckKind, Origin
from tests.dashboard.evidence.pages import fixed, text_of
from tests.dashboard.people import signed_in
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    SessionFactory,
    tried_again,
)

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"
HOUR = timedelta(hours=1)
BY = By("ada", Origin.COMMAND, NOON)


def test_before_anything_happened_the_page_says_what_to_do():
    viewer = signed_in(Role.VIEWER).get("/evidence/").content.decode()
    assert "No fix is marked yet" in viewer
    assert "Mark a fix…" not in viewer
    assert "The backlog is empty, and was 48 h ago." in viewer
    manager = signed_in(Role.MANAGER).get("/evidence/").content.decode()
    assert manager.count("Mark a fix…") == 2


def test_a_fix_shows_every_rate_with_its_n_and_its_interval():
    marker = fixed()
    page = signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode()
    seen = text_of(page)
    assert "Better than before" not in seen
    assert "Cannot be told" in seen
    assert (
        "Since the fix 0 of 6 phases (0.0 %, 0.0 to 52.6 %) failed this way again; that cannot be told"
        in seen
    )
    assert "n 6, 47.4–100.0 % " in seen  # before it is 0 by construction, and no figure
    assert "6 of 6 that had failed before: a second try alone may do that" in seen
    assert "the control" not in seen  # none of the others was tried again before it
    assert "chosen because they had failed" in seen
    assert "Failed: Error import → Complete 6" in seen
    assert re.search(r"With an event [^A-Z]*\b6 of 6\b", seen)
    assert f"manage.py compare --marker {marker.pk} --days 7" in seen
    assert 'href="/fingerprints/import/"' in page


def test_a_rate_never_stands_without_its_n():
    marker = fixed()
    page = text_of(signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode())
    page = re.sub(r"\d+ of \d+ phases \([^)]* %\)", "", page)
    for found in re.finditer(r"\d+\.\d %(?!, n)", page):
        around = page[max(0, found.start() - 30) : found.end()]
        assert "–" in around or "n 6" in page[found.start() - 80 : found.end() + 40], around


def test_without_attempts_a_fix_says_not_enough_data_instead_of_a_rate():
    marker = add_marker("untried", BY, at=NOON)
    page = text_of(signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode())
    assert "Not enough data: 0 attempts before and 0 after; at least 7 on each side" in page
    assert "No phase was tried on both sides" in page
    assert "No attempt failed on either side" in page


def test_too_little_data_names_the_number_that_would_be_enough():
    one, two = SessionFactory(), SessionFactory()
    for index in range(8):
        AttemptFactory(session=one, outcome="complete" if index < 3 else "failed")
        AttemptFactory(session=two, outcome="complete" if index < 6 else "failed")
    path = f"/evidence/compare/?kind=drains&a={one.pk}&b={two.pk}"
    page = text_of(signed_in(Role.VIEWER).get(path).content.decode())
    assert re.search(r"Not enough data to tell: .* about \d+ would be enough", page)
    assert "n 8 and 8" in page


def test_a_check_that_fails_comes_first_with_links_to_its_evidence():
    marker = fixed()
    Check.objects.create(name="rate", kind=CheckKind.RATE_NOT_WORSE, marker=marker)
    Check.objects.create(name="no disk", kind=CheckKind.NO_PATTERN, pattern="boom", marker=marker)
    bad = AttemptFactory(error="Boom!", started_at=NOON + HOUR)
    page = signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode()
    assert "1 check fails" in page
    assert page.index("no disk") < page.index(">rate<")
    assert f'href="/attempts/{bad.pk}/log/"' in page


def test_the_list_reads_stored_verdicts_and_the_states_of_causes():
    working, watched = fixed(), add_marker("watched", BY, at=NOON)
    Fingerprint.objects.filter(key="import").update(status="regressed")
    check = Check.objects.create(name="c", kind=CheckKind.NO_UNKNOWN, marker=watched)
    for verdict in ("fail", "pass"):
        CheckResult.objects.create(check_run=check, verdict=verdict, sentence=f"It is {verdict}.")
    viewer = signed_in(Role.VIEWER)
    page = text_of(viewer.get("/evidence/").content.decode())
    assert "1 of 1 fingerprint failed in attempts that started after the fix." in page
    assert f"FM-{watched.pk} watched Not judged yet" in page
    judge_fixes(timezone.now())
    page = text_of(viewer.get("/evidence/").content.decode())
    assert f"FM-{watched.pk} watched Not enough data The fix names no fingerprint" in page
    assert f"FM-{working.pk} imports mended Seen again" in page


def test_a_fix_of_several_fingerprints_has_a_line_for_each_on_its_page_and_in_the_list():
    titles = ("disk full", HOSTILE)
    causes = [FingerprintFactory(title=title) for title in titles]
    marker = add_marker("both", BY, at=NOON, keys=[each.key for each in causes])
    for _ in range(6):
        tried_again(PhaseFactory(), causes[0].key, done=True)
    viewer = signed_in(Role.VIEWER)
    page = viewer.get(f"/evidence/markers/{marker.pk}/").content.decode()
    listed = page.partition('class="verdicts"')[2].partition("</ul>")[0]
    assert listed.count("<li>") == 2
    assert all(f'href="/fingerprints/{each.key}/"' in listed for each in causes)
    assert "No phase that had failed this way has been tried since the fix." in listed
    assert "Since the fix 0 of 6 phases" in listed
    assert "Not enough data for 1, cannot be told for 1 of 2 fingerprints." in page
    assert HOSTILE not in page
    judge_fixes(timezone.now())
    seen = viewer.get("/evidence/").content.decode().partition('class="verdicts"')[2]
    assert seen.partition("</ul>")[0].count("<li>") == 2
    # What an earlier release has stored names each in its sentence.
    stored = FixMarker.objects.get().verdict
    del stored["short"]
    FixMarker.objects.update(verdict=stored)
    page = viewer.get("/evidence/").content.decode()
    assert "for “disk full”: Since the fix 0 of 6 phases" in page
    assert 'class="verdicts"' not in page


def test_the_list_costs_the_same_however_many_fixes_there_are():
    viewer, counts = signed_in(Role.VIEWER), []
    for number in (1, 24):
        for _ in range(number):
            marker = add_marker("fix", BY, at=NOON)
            Check.objects.create(name="c", kind=CheckKind.NO_UNKNOWN, marker=marker)
        viewer.get("/evidence/")
        with CaptureQueriesContext(connection) as asked:
            page = viewer.get("/evidence/").content.decode()
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 12
    older = re.search(r'rel="next" href="([^"]+)"', page)
    assert older is not None
    rest = viewer.get(f"/evidence/{older.group(1)}").content.decode()
    assert rest.count('data-row="m') == 5


def test_hostile_titles_and_texts_stay_text():
    marker = fixed(title=HOSTILE)
    Fingerprint.objects.filter(key="import").update(title=HOSTILE)
    FixMarker.objects.filter(pk=marker.pk).update(note=HOSTILE, commit=HOSTILE)
    Check.objects.create(
        name=HOSTILE, kind=CheckKind.NO_PATTERN, pattern=HOSTILE, marker=marker, every_minutes=5
    )
    manager = signed_in(Role.MANAGER)
    for path in (
        "/evidence/",
        f"/evidence/markers/{marker.pk}/",
        "/evidence/markers/new/",
        f"/evidence/checks/new/?marker={marker.pk}",
        f"/evidence/compare/?kind={HOSTILE}",
    ):
        assert HOSTILE not in manager.get(path).content.decode(), path


def test_a_comparison_around_a_fix_is_the_page_of_the_fix():
    marker = fixed()
    answer = signed_in(Role.VIEWER).get(f"/evidence/compare/?kind=marker&marker={marker.pk}&days=1")
    assert answer.headers["Location"] == f"/evidence/markers/{marker.pk}/?days=1"


def test_the_pages_of_causes_and_drains_lead_to_the_evidence():
    marker, session, viewer = fixed(), SessionFactory(), signed_in(Role.VIEWER)
    page = viewer.get("/fingerprints/import/").content.decode()
    assert f'href="/evidence/markers/{marker.pk}/"' in page
    page = viewer.get(f"/drains/{session.pk}/").content.decode()
    assert f"kind=drain&amp;drain={session.pk}" in page
    assert "after the fix" not in page
    later = SessionFactory(started_at=NOON + HOUR)
    CandidateFactory(session=later, fingerprint="import")
    page = viewer.get(f"/drains/{later.pk}/").content.decode()
    assert f'href="/evidence/markers/{marker.pk}/"' in page


def test_a_cause_is_only_gone_when_phases_that_had_it_were_tried_again():
    marker = fixed()
    AttemptFactory(fingerprint=FingerprintFactory(key="rare").key, started_at=NOON - HOUR)
    page = text_of(signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode())
    assert "1 of 1 0 still there, 0 new, 0 regressed" in page
    assert re.search(r"Not seen again Error import this fix 6 6 of 6 0", page)
    assert "Error rare" not in page


def test_all_attempts_that_disagree_with_the_same_phases_are_pointed_out():
    marker = fixed()
    for _ in range(30):
        phase = PhaseFactory()
        CandidateFactory(phase=phase, fingerprint="import")
        AttemptFactory(phase=phase, outcome="complete", started_at=NOON - HOUR)
    for _ in range(4):
        AttemptFactory(fingerprint="import", started_at=NOON + HOUR)
    page = signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode()
    assert "other phases were tried after than before" in page


def test_the_change_of_the_backlog_has_its_sign_its_window_and_imports_apart():
    PhaseFactory(state="FAILED")
    Transition.objects.create(
        subject="phase", subject_pk=1, from_state="", to_state="FAILED", verb="imported", actor="w",
        at=timezone.now(),
    )  # fmt: skip
    page = text_of(signed_in(Role.VIEWER).get("/evidence/").content.decode())
    assert "0 failed phases 48 h ago, 1 now: +1, of which +1 by imports and ±0 by attempts" in page


def test_a_side_too_large_for_a_page_says_what_was_read(monkeypatch):
    monkeypatch.setattr("drain.evidence.comparison.bounds.MOST", 5)
    session = SessionFactory()
    for _ in range(9):
        AttemptFactory(session=session)
    page = signed_in(Role.VIEWER).get(f"/evidence/compare/?kind=drain&drain={session.pk}")
    assert f"Only the newest of Drain {session.pk} were read" in page.content.decode()


def test_a_comparison_is_read_once_for_all_who_ask_until_a_drain_ends():
    marker, client = fixed(), signed_in(Role.VIEWER)
    address = f"/evidence/markers/{marker.pk}/"
    assert "100.0 % n 6" in text_of(client.get(address).content.decode())
    AttemptFactory(fingerprint="import", started_at=NOON + HOUR)
    with CaptureQueriesContext(connection) as asked_again:
        assert "100.0 % n 6" in text_of(client.get(address).content.decode())
    assert len(asked_again) <= 18
    SessionFactory(state="finished", ended_at=timezone.now())
    assert "85.7 % n 7" in text_of(client.get(address).content.decode())


def test_what_is_seen_again_after_its_fix_is_one_of_those_that_were_there_before():
    marker = fixed()
    for _ in range(2):
        tried_again(PhaseFactory(), "import", done=False)
    Fingerprint.objects.filter(key="import").update(status="regressed")
    page = text_of(signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode())
    assert "Fingerprints not seen again 0 of 1 0 still there, 0 new, 1 regressed" in page
