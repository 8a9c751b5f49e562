"""The verdict on a fix is read from attempts as they lie in the database, and is one answer everywhere."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from drain.db.sql import clock
from drain.evidence.checks.run import judge
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.scope import concerned, concerns, fixes_of
from drain.evidence.fixes.status import standings
from drain.evidence.fixes.verdict import Ruling
from drain.evidence.report.build import build_report
from drain.models import Attempt, Check, Fingerprint, FixMarker, Phase, Run
from drain.models.vocabulary import CheckKind, Origin
from tests.evidence.fixes.around import AFTER, BEFORE, phases_tried
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.BROWSER, NOON)


def marker(*keys, **fields):
    for key in keys:
        FingerprintFactory(key=key, title=f"Error {key}", headline=fields.pop("headline", ""))
    return add_marker("fix", BY, keys=keys, **fields)


def placebo():
    """An executor that fails half of the time, a marker in the middle, and nothing changed."""
    rng = random.Random(4)
    for at in (BEFORE, AFTER):
        failed = sum(rng.random() < 0.5 for _ in range(40))
        phases_tried(failed, at, "failed", "k")
        phases_tried(40 - failed, at, "complete")


def test_a_placebo_is_never_better_anywhere():
    fix = marker("k", guarded=True)
    placebo()
    found = judge_marker(fix)
    assert found.ruling in (Ruling.NOT_ENOUGH_DATA, Ruling.CANNOT_BE_TOLD)
    assert standings([fix])[fix.pk].verdict != "pass"
    for check in Check.objects.filter(marker=fix):
        assert judge(check, SessionFactory()).verdict != "pass"


def test_a_real_fix_works_by_its_own_past():
    fix = marker("k")
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    found = judge_marker(fix)
    assert found.ruling is Ruling.WORKS
    assert "Since the fix 0 of 40 phases (0.0 %" in found.sentence
    assert "before it 20 of 20 phases (100.0 %" in found.sentence


def test_forty_imported_reasons_that_fail_again_with_a_traceback_are_not_gone():
    fix = marker("k", headline="h", guarded=True)
    FingerprintFactory(key="placed", headline="h", place_known=True)
    phases_tried(40, AFTER, "failed", "placed")
    found = judge_marker(fix)
    assert found.ruling is Ruling.DOES_NOT_WORK
    assert found.causes[0].after.failed == 40


def test_a_cause_without_a_past_cannot_be_told_from_a_second_try():
    fix = marker("k")
    phases_tried(30, AFTER, "complete")
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    assert "cannot be told from a second try: none had been tried again before" in found.sentence


def test_a_general_recovery_is_told_by_the_causes_beside_it():
    fix = marker("k")
    FingerprintFactory(key="o")
    for key in ("k", "o"):
        phases_tried(20, BEFORE, "failed", key, had=key)
        phases_tried(40, AFTER, "complete", had=key)
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    assert "general recovery" in found.sentence


def test_what_the_next_fix_of_the_cause_brought_is_not_the_first_ones():
    fix = marker("k")
    add_marker(
        "second",
        By("ada", Origin.BROWSER, NOON + timedelta(hours=3)),
        at=NOON + timedelta(hours=2),
        keys=["k"],
    )
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, NOON + timedelta(hours=3), "complete")
    assert judge_marker(fix).ruling is Ruling.NOT_ENOUGH_DATA


def test_a_fix_of_several_causes_says_which_it_ended():
    fix = marker("k", "m")
    for key in ("k", "m"):
        phases_tried(20, BEFORE, "failed", key, had=key)
    phases_tried(40, AFTER, "complete", had="k")
    phases_tried(40, AFTER, "failed", "m", had="m")
    found = judge_marker(fix)
    assert found.ruling is Ruling.PARTLY
    assert "Works for “Error k”" in found.sentence
    assert "Does not work for “Error m”" in found.sentence


def test_phases_left_out_are_named_and_not_imputed():
    fix = marker("k")
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    for _ in range(3):
        PhaseFactory(last_fingerprint="k")
    found = judge_marker(fix)
    assert (found.left.failing, found.left.untried) == (3, 3)
    assert "3 phases are failed by it now, 3 of them not tried since the fix." in found.sentence


def test_a_fix_of_a_source_does_not_look_at_another():
    here, there = SourceFactory(), SourceFactory()
    fix = marker("k", source=here)
    phases_tried(20, BEFORE, "failed", "k", run=RunFactory(source=there))
    phases_tried(40, AFTER, "complete", run=RunFactory(source=there))
    assert judge_marker(fix).causes[0].after.n == 0
    session = SessionFactory()
    CandidateFactory(
        session=session, phase=PhaseFactory(run=RunFactory(source=there)), fingerprint="k"
    )
    assert not concerns(fix, session)
    CandidateFactory(
        session=session, phase=PhaseFactory(run=RunFactory(source=here)), fingerprint="k"
    )
    assert concerns(fix, session)


def test_a_fix_of_a_source_or_of_runs_is_judged_by_the_causes_that_they_had():
    """The fix of one source mends what failed there, whatever the other goes through."""
    for key in ("here", "there"):
        FingerprintFactory(key=key, title=f"Error {key}")
    source = SourceFactory()
    mended = [RunFactory(source=source) for _ in range(8)]
    for run in mended:
        phases_tried(4, BEFORE, "failed", "here", had="here", run=run)
        phases_tried(4, AFTER, "complete", had="here", run=run)
    for at in (BEFORE, AFTER):
        phases_tried(30, at, "failed", "there", had="there")
    for named in ({"source": source}, {"run_ids": [run.run_id for run in mended]}):
        found = judge_marker(add_marker("fix", BY, **named))
        assert [one.key for one in found.causes] == ["here"]
        assert found.ruling is Ruling.WORKS, found.sentence
        FixMarker.objects.all().delete()


def test_a_placebo_that_names_runs_and_no_cause_is_not_green_either():
    FingerprintFactory(key="k", title="Error k")
    run = RunFactory(run_id="r")
    for at, failed in ((BEFORE, 15), (AFTER, 14)):
        phases_tried(failed, at, "failed", "k", run=run)
        phases_tried(30 - failed, at, "complete", run=run)
    found = judge_marker(add_marker("fix", BY, run_ids=["r"]))
    assert [one.key for one in found.causes] == ["k"]
    assert found.ruling in (Ruling.NOT_ENOUGH_DATA, Ruling.CANNOT_BE_TOLD)


def test_a_fix_that_names_nothing_is_not_judged():
    found = judge_marker(add_marker("fix", BY))
    assert found.ruling is Ruling.NOT_ENOUGH_DATA
    assert "names no fingerprint" in found.sentence


def test_page_of_fixes_report_check_and_commands_say_the_same_sentence():
    fix = marker("k", guarded=True)
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(30, AFTER, "complete")
    phases_tried(2, AFTER, "failed", "k")
    said = judge_marker(fix).sentence
    session = SessionFactory()
    phase = CandidateFactory(session=session, fingerprint="k").phase
    AttemptFactory(session=session, phase=phase, outcome="cancelled")
    report = build_report(session, NOON)
    assert report.fixes[0].verdict.sentence == said
    rate = next(check for check in report.checks if check.kind == CheckKind.RATE_NOT_WORSE)
    assert rate.sentence == said
    out = StringIO()
    with pytest.raises(CommandError, match="2 of 32 attempts failed with"):
        call_command("compare", "--marker", str(fix.pk), "--json", stdout=out)
    assert json.loads(out.getvalue())["fix"]["sentence"] == said


def test_drains_of_another_source_do_not_read_after_this_fix():
    mine, other = SessionFactory(), SessionFactory()
    FingerprintFactory(key="reason", headline="h")
    FingerprintFactory(key="placed", headline="h", place_known=True)
    fix = add_marker("fix", BY, keys=["reason"])
    CandidateFactory(session=mine, fingerprint="placed")
    CandidateFactory(session=other, fingerprint="elsewhere")
    assert [found.pk for found in fixes_of(mine, 5)] == [fix.pk]
    assert fixes_of(other, 5) == []
    assert concerned(fix, [mine.pk, other.pk]) == {mine.pk}
    everything = add_marker("all of it", BY)
    assert [found.pk for found in fixes_of(other, 5)] == [everything.pk]


def test_failures_of_a_network_that_end_within_a_day_may_be_an_outage_that_ended():
    fix = marker("k")
    Fingerprint.objects.update(category="network")
    phases_tried(20, BEFORE, "failed", "k")
    phases_tried(40, AFTER, "complete")
    found = judge_marker(fix)
    assert (found.words, found.check) == ("Cannot be told", "not_enough_data")
    assert "failures of this kind (network) pass by themselves" in found.sentence
    assert found.as_dict()["causes"][0]["doubt"] in found.sentence
    phases_tried(5, BEFORE - timedelta(hours=30), "failed", "k")
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_a_cause_that_had_gone_in_a_drain_before_the_fix_is_not_called_mended():
    fix = marker("k")
    for hours, outcome in ((5, "failed"), (3, "complete"), (1, "failed")):
        key = "k" if outcome == "failed" else ""
        phases_tried(15 * (1 + hours % 2), NOON - timedelta(hours=hours), outcome, key)
    phases_tried(40, NOON - timedelta(minutes=30), "failed", "k")
    phases_tried(40, AFTER, "complete")
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    assert (
        "a swing: without the fix too 0 of 30 phases failed this way in one drain" in found.sentence
    )


def test_what_completes_without_an_event_although_such_phases_brought_some_is_not_called_mended():
    fix = marker("k")
    failed = phases_tried(20, BEFORE, "failed", "k")
    source, other = SourceFactory(), SourceFactory()
    for where, events in ((source, 3), (other, 0)):
        for _ in range(30):
            phase = PhaseFactory(run=RunFactory(source=where), category="build")
            at = BEFORE - timedelta(hours=2)
            AttemptFactory(phase=phase, outcome="complete", telemetry_count=events, started_at=at)
    healed = phases_tried(40, AFTER, "complete")
    # Nothing is known of other sources, nor of other sorts of phase.
    assert judge_marker(fix).ruling is Ruling.WORKS
    Run.objects.filter(phases__in=[*failed, *healed]).update(source=source)
    assert judge_marker(fix).ruling is Ruling.WORKS
    Phase.objects.filter(pk__in=[phase.pk for phase in failed + healed]).update(category="build")
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD
    assert (
        "of what completed 0 of 40 phases brought an event, of what completed before 30 of 30"
        in (found.sentence)
    )
    Attempt.objects.filter(started_at=AFTER).update(telemetry_count=2)
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_a_fix_that_is_marked_now_is_marked_by_the_clock_that_attempts_start_by(monkeypatch):
    """A host whose clock is behind would take failures of before for failures since."""
    behind = timezone.now() - timedelta(minutes=10)
    with monkeypatch.context() as patched:
        patched.setattr("drain.management.commands.marker.timezone.now", lambda: behind)
        call_command("marker", "add", "fix", stdout=StringIO())
    fix = FixMarker.objects.get()
    assert fix.applied_at > behind + timedelta(minutes=9)
    assert fix.applied_at <= clock()
