"""Placebos of a fix, as they lie in the database: none of them is called one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fingerprints.merging import merge
from drain.evidence.fixes import reading
from drain.evidence.fixes.evaluation import settle
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.verdict import Ruling
from drain.models import Attempt, Candidate, Fingerprint, FingerprintSplit, Phase, Run
from drain.models.vocabulary import Origin
from tests.evidence.fixes.around import AFTER, BEFORE, phases_tried
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    ExecutorFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.BROWSER, NOON)
LATER = NOON + timedelta(hours=9)


def marker(*keys, **fields):
    for key in keys:
        if not Fingerprint.objects.filter(key=key).exists():
            FingerprintFactory(key=key, title=f"Error {key}", status="ongoing")
    return add_marker("fix", BY, keys=keys, **fields)


def busy(source, count):
    """Attempts of another source next to the fix, on both sides of it."""
    for number in range(count):
        phase = PhaseFactory(run=RunFactory(source=source), state="COMPLETE")
        for minutes in (-1, 1):
            AttemptFactory(
                phase=phase, outcome="complete", started_at=NOON + timedelta(minutes=minutes),
                number=2 * number + (minutes > 0) + 1,
            )  # fmt: skip


def test_a_general_recovery_is_told_however_busy_another_source_is(monkeypatch):
    fix = marker("k")
    FingerprintFactory(key="o")
    for key in ("k", "o"):
        phases_tried(20, BEFORE, "failed", key, had=key)
        phases_tried(40, AFTER, "complete", had=key)
    Run.objects.update(source=SourceFactory())
    assert judge_marker(fix).ruling is Ruling.CANNOT_BE_TOLD
    monkeypatch.setattr(reading, "MOST_OTHERS", 200)
    busy(SourceFactory(), 210)
    assert judge_marker(fix).ruling is Ruling.CANNOT_BE_TOLD


def test_the_verdict_is_read_from_phases_that_were_tried_and_not_from_the_oldest(monkeypatch):
    fix = marker("k")
    for number in range(60):
        phase = CandidateFactory(fingerprint="k", phase=PhaseFactory(last_fingerprint="k")).phase
        if number < 20:
            AttemptFactory(phase=phase, fingerprint="k", started_at=NOON - timedelta(days=40))
        elif number < 40:
            AttemptFactory(phase=phase, outcome="lost", fingerprint="w", started_at=AFTER)
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    monkeypatch.setattr(reading, "MOST_PHASES", 80)
    found = judge_marker(fix)
    assert (found.causes[0].before.n, found.causes[0].after.n) == (20, 40)


def test_of_too_many_phases_the_same_lot_draws_from_both_sides(monkeypatch):
    fix = marker("k")
    phases_tried(60, BEFORE, "failed", "k")
    phases_tried(60, AFTER, "complete")
    monkeypatch.setattr(reading, "MOST_PHASES", 60)
    (found,) = judge_marker(fix).causes
    assert found.before.n + found.after.n == 60
    assert min(found.before.n, found.after.n) > 10


def test_two_places_of_one_headline_are_judged_each_by_its_own_past():
    """One place always fails and was tried before the fix, the other sometimes and was tried after it."""
    for key, known in (("one", True), ("two", True), ("reason", False)):
        FingerprintFactory(
            key=key, title=f"Error {key}", headline="h", place_known=known, status="ongoing"
        )
    fix = add_marker("fix", BY, keys=["one", "two"])
    phases_tried(30, BEFORE, "failed", "one", had="one")
    phases_tried(2, AFTER, "failed", "two", had="two")
    phases_tried(40, AFTER, "complete", had="two")
    found = judge_marker(fix)
    assert found.ruling not in (Ruling.WORKS, Ruling.PARTLY), found.sentence


def test_a_reason_that_turns_out_to_be_another_place_has_failed_as_before():
    """Flaky work, known by its reason alone; since the marker its failures bring their traceback."""
    FingerprintFactory(key="named", headline="h", place_known=True, status="ongoing")
    FingerprintFactory(key="reason", headline="h", place_known=False, status="ongoing")
    FingerprintFactory(key="other", headline="h", place_known=True, status="ongoing")
    fix = add_marker("fix", BY, keys=["named"])
    phases_tried(20, BEFORE, "failed", "reason", had="reason")
    phases_tried(30, BEFORE, "complete", had="reason")
    phases_tried(24, AFTER, "failed", "other", had="reason")
    phases_tried(36, AFTER, "complete", had="reason")
    found = judge_marker(fix)
    assert found.ruling is not Ruling.WORKS, found.sentence
    assert found.causes[0].after.failed == 24


def test_a_stray_failure_of_long_ago_does_not_make_an_outage_last():
    fix = marker("k")
    Fingerprint.objects.update(category="network")
    phases_tried(2, NOON - timedelta(days=5), "failed", "k")
    phases_tried(30, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    assert judge_marker(fix).ruling is Ruling.CANNOT_BE_TOLD


def in_one_drain(at):
    session = SessionFactory(started_at=at)
    Candidate.objects.filter(phase__attempt_set__started_at=at).update(session=session)
    Attempt.objects.filter(started_at=at).update(session=session)


def test_a_part_split_off_after_the_plans_were_made_is_no_failure_that_went():
    """Nobody knows which of the phases that the plans know by the whole had failed by its part."""
    fix = marker("k")
    part, further = (FingerprintFactory(key=key, status="ongoing") for key in ("part", "further"))
    whole = Fingerprint.objects.get(key="k")
    for one, other in ((whole, part), (part, further)):
        FingerprintSplit.objects.create(fingerprint=one, part=other, by="place", value="x")
    phases_tried(40, BEFORE, "failed", "k")
    for at in (BEFORE, AFTER):
        phases_tried(8, at, "failed", part.key)
        phases_tried(7, at, "failed", further.key)
        phases_tried(25, at, "complete")
        in_one_drain(at)
    (found,) = judge_marker(fix).causes
    assert found.ruling is not Ruling.WORKS
    assert (found.before.failed, found.after.failed) == (55, 15)


def test_what_fails_in_another_source_does_not_regress_a_fix_of_one_and_keeps_it_unresolved():
    here, there = SourceFactory(), SourceFactory()
    fix = marker("k", source=here)
    for at, count, outcome in ((BEFORE, 20, "failed"), (AFTER, 40, "complete")):
        made = phases_tried(count, at, outcome, "k" if outcome == "failed" else "")
        Run.objects.filter(phases__in=made).update(source=here)
    elsewhere = PhaseFactory(run=RunFactory(source=there), last_fingerprint="k")
    settle(LATER)
    assert judge_marker(fix).ruling is Ruling.WORKS
    assert Fingerprint.objects.get().status == "fix_deployed"
    AttemptFactory(phase=elsewhere, fingerprint="k", started_at=AFTER)
    settle(LATER)
    assert Fingerprint.objects.get().status == "fix_deployed"
    Attempt.objects.filter(phase=elsewhere).delete()
    Phase.objects.filter(pk=elsewhere.pk).update(state="COMPLETE", last_fingerprint="")
    again = AttemptFactory(phase=elsewhere, fingerprint="k", started_at=AFTER)
    settle(LATER)
    assert Fingerprint.objects.get().status == "fix_deployed"
    again.delete()
    settle(LATER)
    assert Fingerprint.objects.get().status == "resolved"
    AttemptFactory(phase=elsewhere, fingerprint="k", started_at=AFTER)
    settle(LATER)
    assert Fingerprint.objects.get().status == "regressed"


def test_what_a_source_brought_without_an_attempt_had_failed_before_the_fix_too():
    source = SourceFactory()
    FingerprintFactory(key="k", title="Error k", status="ongoing")
    for _ in range(3):
        PhaseFactory(run=RunFactory(source=source), last_fingerprint="k", state_changed_at=BEFORE)
    fix = add_marker("fix", BY, source=source)
    found = judge_marker(fix)
    assert [one.key for one in found.causes] == ["k"]
    assert "3 phases are failed by it now" in found.sentence


def test_phases_that_fail_at_their_source_since_the_fix_are_no_green():
    fix = marker("k")
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    assert judge_marker(fix).ruling is Ruling.WORKS
    for _ in range(60):
        PhaseFactory(
            run=RunFactory(), last_fingerprint="k", state_changed_at=AFTER, source_changed_at=AFTER
        )
    for said, moved in ((BEFORE, BEFORE), (AFTER, AFTER + timedelta(minutes=1)), (None, AFTER)):
        # Its failure is older than the fix; we put it back ourselves; nobody said when it failed.
        PhaseFactory(last_fingerprint="k", state_changed_at=moved, source_changed_at=said)
    tried = PhaseFactory(last_fingerprint="k", state_changed_at=AFTER, source_changed_at=AFTER)
    AttemptFactory(phase=tried, fingerprint="else", started_at=AFTER)
    found = judge_marker(fix)
    assert found.ruling is not Ruling.WORKS
    assert "60 phases failed this way at their source since" in found.sentence
    later = By("ada", Origin.BROWSER, LATER)
    add_marker("the next", later, at=AFTER - timedelta(minutes=1), keys=["k"])
    assert "at their source" not in judge_marker(fix).sentence


@pytest.mark.parametrize(
    ("differ", "fields"), [("source", {}), ("executor", {"is_default": False})]
)
def test_a_cause_of_two_places_is_not_mended_in_one_by_what_the_other_does(differ, fields):
    """It always fails in one source or with one executor, seldom in the other: that one was tried since."""
    fix = marker("k")
    make: Callable[..., Any] = SourceFactory if differ == "source" else ExecutorFactory
    for at, count, outcome in ((BEFORE, 20, "failed"), (AFTER, 40, "complete")):
        made = phases_tried(count, at, outcome, "k" if outcome == "failed" else "")
        Run.objects.filter(phases__in=made).update(**{differ: make(**fields)})
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    assert "it cannot be told from where it was tried" in found.sentence


def test_another_fingerprint_merged_in_after_the_fix_brings_its_own_past_along():
    fix = marker("k")
    FingerprintFactory(key="m", title="Error m", status="ongoing")
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    phases_tried(40, AFTER, "failed", "m", had="m")
    assert judge_marker(fix).ruling is Ruling.WORKS
    merge(Fingerprint.objects.get(key="m").pk, Fingerprint.objects.get(key="k").pk, BY)
    assert judge_marker(fix).ruling is not Ruling.WORKS
    assert Phase.objects.exists()
