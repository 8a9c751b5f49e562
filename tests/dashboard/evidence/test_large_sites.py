"""A site where judging takes long: pages show the verdict that maintenance kept, and say when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.utils import timezone

from drain.evidence.checks.schedule import judge_due
from drain.evidence.comparison import bounds
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes import kept
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.schedule import judge_fixes
from drain.models import Check, DrainSession, FixMarker
from drain.models.roles import Role
from drain.models.vocabulary import CheckKind, Origin
from tests.dashboard.evidence.pages import text_of
from tests.dashboard.people import signed_in
from tests.evidence.fixes.around import phases_tried
from tests.factories import FingerprintFactory

pytestmark = pytest.mark.django_db
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
NO_MORE = "Since the fix 0 of 30 phases"


@pytest.fixture
def fix(monkeypatch: pytest.MonkeyPatch) -> FixMarker:
    """It worked four minutes ago, as maintenance found; a minute ago all of another thirty failed so."""
    monkeypatch.setattr(kept, "LARGE", 0)
    caches["pages"].clear()
    now = timezone.now()
    FingerprintFactory(key="k", title="Error k", status="ongoing")
    made = add_marker(
        "fix", By("ada", Origin.BROWSER, now), at=now - HOUR, keys=["k"], guarded=True
    )
    phases_tried(30, now - 2 * HOUR, "failed", "k")
    phases_tried(30, now - HOUR / 2, "complete")
    at = now - timedelta(minutes=4)
    judge_due(at)
    judge_fixes(at)
    phases_tried(30, now - timedelta(minutes=1), "failed", "k")
    return made


def page(fix: FixMarker) -> str:
    return text_of(signed_in(Role.VIEWER).get(f"/evidence/markers/{fix.pk}/").content.decode())


def test_the_page_of_a_fix_shows_what_was_kept_with_its_time(fix):
    seen = page(fix)
    assert NO_MORE in seen
    assert "judged 4 min ago; again after each drain and every 10 minutes" in seen
    assert "The fix works works works" in seen
    assert "judged by maintenance on the attempts" in seen
    # What is compared is read now.
    assert "30 of 60" in seen


def test_once_maintenance_came_round_the_page_says_what_is_so_now(fix):
    now = timezone.now()
    judge_due(now + timedelta(minutes=11))
    judge_fixes(now + timedelta(minutes=11))
    caches["pages"].clear()
    seen = page(fix)
    assert NO_MORE not in seen
    assert "Since the fix 30 of 60 phases" in seen


def test_a_check_that_was_added_since_says_that_nobody_judged_it_yet(fix):
    Check.objects.create(name="new", kind=CheckKind.NO_UNKNOWN, marker=fix, every_minutes=10)
    assert "Maintenance has not judged it yet." in page(fix)


def test_a_small_site_reads_everything_now(fix, monkeypatch):
    monkeypatch.setattr(kept, "LARGE", 5_000)
    seen = page(fix)
    assert NO_MORE not in seen
    assert "again after each drain" not in seen
    assert "judged now on the attempts" in seen


def test_a_check_of_a_page_reads_more_than_the_page_compares(monkeypatch):
    """That something stayed away is not said of the newest attempts alone."""
    now = timezone.now()
    FingerprintFactory(key="k", title="Error k", status="ongoing")
    fix = add_marker(
        "mended", By("ada", Origin.BROWSER, now), at=now - HOUR, keys=["k"], guarded=True
    )
    phases_tried(3, now - 50 * MINUTE, "failed", "k")
    phases_tried(20, now - 10 * MINUTE, "complete")
    monkeypatch.setattr(bounds, "MOST", 10)
    caches["pages"].clear()
    seen = page(fix)
    assert "Only the newest of after FM-" in seen
    assert "1 check fails" in seen
    assert "3 of 23 attempts failed with" in seen


def test_the_report_of_a_drain_says_of_a_fix_what_was_kept_and_when(fix, monkeypatch):
    drain = DrainSession.objects.latest("pk")
    path = f"/drains/{drain.pk}/report/"
    viewer = signed_in(Role.VIEWER)
    seen = text_of(viewer.get(path).content.decode())
    found = FixMarker.objects.get().verdict["at"]
    assert "of 30 phases" in seen
    assert f"As maintenance found it at {found[:16].replace('T', ' ')} UTC." in seen
    monkeypatch.setattr(kept, "LARGE", 5_000)
    caches["pages"].clear()
    seen = text_of(viewer.get(path).content.decode())
    assert "As maintenance found it" not in seen
    assert "of 60 phases" in seen
