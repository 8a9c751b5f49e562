"""A verdict that maintenance kept is the one it found, to the last figure,
and is read only where judging takes long.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes import kept
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.schedule import judge_fixes
from drain.evidence.rollups.fold import state_totals
from drain.models import FixMarker
from drain.models.vocabulary import Origin
from tests.evidence.fixes.around import AFTER, BEFORE, phases_tried
from tests.factories import NOON, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.COMMAND, NOON)
LATER = NOON + timedelta(hours=3)


def judged(before: int, after: int, *, keys: tuple[str, ...] = ("k",)) -> FixMarker:
    """A fix that maintenance has judged: so many of 30 failed before it, and so many since."""
    for key in (*keys, "other"):
        FingerprintFactory(key=key, title=f"Error {key}")
    fix = add_marker("fix", BY, at=NOON, keys=keys)
    for at, failed in ((BEFORE, before), (AFTER, after)):
        phases_tried(failed, at, "failed", "k")
        phases_tried(30 - failed, at, "complete")
        phases_tried(6, at, "failed", "other", had="other")
    phases_tried(2, AFTER, "cancelled")
    PhaseFactory(state="FAILED", last_fingerprint="k")
    judge_fixes(LATER)
    return FixMarker.objects.get(pk=fix.pk)


def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LARGE", 0)


@pytest.mark.parametrize("keys", [("k",), ("k", "second")])
@pytest.mark.parametrize(
    ("before", "after"), [(29, 0), (15, 14), (30, 28), (30, 12), (0, 15), (0, 0)]
)
def test_what_was_kept_is_what_was_found(monkeypatch, before, after, keys):
    large(monkeypatch)
    fix = judged(before, after, keys=keys)
    found = kept.judgement(fix, LATER)
    assert (found.kept, found.at) == (True, LATER)
    assert found.verdict == judge_marker(fix)
    assert found.verdict.as_dict() == judge_marker(fix).as_dict()
    assert found.verdict.others is not None


def test_a_site_is_large_by_its_phases(monkeypatch):
    fix = judged(30, 0)
    phases = sum(state_totals().values())
    for large_from, is_kept in ((phases, False), (phases - 1, True)):
        monkeypatch.setattr(kept, "LARGE", large_from)
        assert kept.judgement(fix, LATER).kept is is_kept


def test_a_small_site_is_judged_at_every_look_and_a_large_one_says_when_it_was(monkeypatch):
    fix = judged(30, 0)
    at = LATER + timedelta(minutes=5)
    phases_tried(30, LATER, "failed", "k")
    now = kept.judgement(fix, at)
    assert (now.kept, now.at, now.verdict) == (False, at, judge_marker(fix))
    large(monkeypatch)
    then = kept.judgement(fix, at)
    assert (then.kept, then.at) == (True, LATER)
    assert then.verdict != now.verdict


def never(verdict: dict[str, Any]) -> dict[str, Any]:
    return {}


def before_it_was_kept_whole(verdict: dict[str, Any]) -> dict[str, Any]:
    return {name: verdict[name] for name in ("ruling", "check", "words", "sentence", "short")}


def with_a_figure_that_is_no_more(verdict: dict[str, Any]) -> dict[str, Any]:
    causes = [{**one, "gone": 1} for one in verdict["whole"]["causes"]]
    return {**verdict, "whole": {**verdict["whole"], "causes": causes}}


def without_a_figure(verdict: dict[str, Any]) -> dict[str, Any]:
    causes = [
        {name: found for name, found in one.items() if name != "after"}
        for one in verdict["whole"]["causes"]
    ]
    return {**verdict, "whole": {**verdict["whole"], "causes": causes}}


@pytest.mark.parametrize(
    "form", [never, before_it_was_kept_whole, with_a_figure_that_is_no_more, without_a_figure]
)
def test_what_was_never_kept_or_by_another_release_is_judged_now(monkeypatch, form):
    large(monkeypatch)
    fix = judged(30, 0)
    fix.verdict = form(fix.verdict)
    found = kept.judgement(fix, LATER)
    assert (found.kept, found.at, found.verdict) == (False, LATER, judge_marker(fix))


def test_what_a_maintenance_that_rests_kept_is_judged_now(monkeypatch):
    large(monkeypatch)
    fix = judged(30, 0)
    minute = timedelta(minutes=1)
    assert kept.judgement(fix, LATER + kept.KEPT_FOR - minute).kept
    assert not kept.judgement(fix, LATER + kept.KEPT_FOR + minute).kept


def test_its_time_is_of_what_was_read_and_not_of_a_look_that_broke(monkeypatch):
    large(monkeypatch)
    fix = judged(30, 0)
    FixMarker.objects.filter(pk=fix.pk).update(judged_at=LATER + timedelta(minutes=9))
    fix.refresh_from_db()
    assert kept.judgement(fix, LATER + timedelta(minutes=10)).at == LATER
