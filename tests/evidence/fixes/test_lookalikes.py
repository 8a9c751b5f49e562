"""Situations that look like a fix as long as only ended attempts are counted, or only shares:
none of them is one.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.evaluation import settle
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.verdict import Ruling
from drain.models import Attempt, Candidate, Fingerprint, Phase, Run
from drain.models.vocabulary import Origin
from tests.evidence.fixes.around import AFTER, BEFORE, phases_tried
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    SessionFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def marker(*keys, at=NOON, category="", **fields):
    for key in keys or ("k",):
        if not Fingerprint.objects.filter(key=key).exists():
            FingerprintFactory(key=key, title=f"Error {key}", status="ongoing", category=category)
    return add_marker(
        "fix", By("ada", Origin.BROWSER, max(at, NOON)), at=at, keys=keys or ("k",), **fields
    )


def tried(
    at,
    complete=0,
    failed=0,
    key="k",
    *,
    step=timedelta(seconds=1),
    seconds=None,
    even=False,
    **fields,
):
    """Phases that had failed by k, tried in one drain, one step after the other:
    those that fail first, or evenly.
    """
    made = phases_tried(failed, at, "failed", key) + phases_tried(complete, at, "complete")
    drain = SessionFactory(started_at=at)
    Candidate.objects.filter(phase__in=made).update(session=drain)
    order = sorted(range(len(made)), key=lambda n: n * 37 % len(made)) if even else range(len(made))
    for number, phase in zip(order, made, strict=True):
        start = at + number * step
        times = {"finished_at": start + timedelta(seconds=seconds)} if seconds else {}
        Attempt.objects.filter(phase=phase).update(started_at=start, session=drain, **times)
    if fields:
        Phase.objects.filter(pk__in=[phase.pk for phase in made]).update(**fields)
    return made


def open_or_ended(at, count, outcome):
    """Attempts that say nothing of their phases, of one drain."""
    session = SessionFactory(started_at=at)
    for _ in range(count):
        phase = PhaseFactory(state="FAILED", last_fingerprint="elsewhere")
        CandidateFactory(session=session, phase=phase, fingerprint="k")
        ended = {} if outcome else {"finished_at": None}
        AttemptFactory(session=session, phase=phase, outcome=outcome, started_at=at, **ended)


def test_a_failure_that_changed_its_words_is_not_mended():
    """Flaky work: half of it fails before and since, only the text is another one by now."""
    fix = marker()
    tried(BEFORE, 21, 20, even=True)
    tried(AFTER, 34, 26, key="reworded")
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert "26 of 60 failed by something else" in found.sentence
    assert "as many fail as before" in found.sentence


def test_a_fix_is_one_although_a_few_phases_now_fail_by_something_else():
    fix = marker()
    tried(BEFORE, 0, 20)
    tried(AFTER, 54, 6, key="other")
    assert judge_marker(fix).ruling is Ruling.WORKS


@pytest.mark.parametrize(
    "outcome", [None, "lost", "cancelled", "interrupted", "retryable", "skipped"]
)
def test_what_was_started_since_and_has_not_ended_by_itself_is_not_left_out_of_the_count(outcome):
    """The quick ones complete; the rest hangs until something ends it, or is put off each time."""
    fix = marker()
    tried(BEFORE, 0, 20)
    tried(AFTER, 30)
    assert judge_marker(fix).ruling is Ruling.WORKS
    open_or_ended(AFTER, 5, outcome)
    assert judge_marker(fix).ruling is Ruling.WORKS
    open_or_ended(AFTER, 30, outcome)
    found = judge_marker(fix)
    assert found.ruling is Ruling.NOT_ENOUGH_DATA, found.sentence
    assert "35 more were started since and have not ended by themselves" in found.sentence
    assert found.as_dict()["causes"][0]["unended"] == 35


def test_what_was_not_run_at_all_says_nothing():
    fix = marker()
    tried(BEFORE, 0, 20)
    tried(AFTER, 30)
    open_or_ended(AFTER, 30, "diverted")
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_what_was_lost_and_completed_at_its_next_try_has_ended():
    fix = marker()
    tried(BEFORE, 0, 20)
    for phase in tried(AFTER + HOUR, 40):
        AttemptFactory(phase=phase, outcome="lost", fingerprint="w", started_at=AFTER, number=9)
    assert judge_marker(fix).ruling is Ruling.WORKS


@pytest.mark.parametrize("to", ["COMPLETE", "SKIPPED"])
def test_phases_that_were_given_up_do_not_make_the_rest_a_fix(to):
    """Half are hopeless and were called complete by hand or skipped; the others were flaky all the time."""
    fix = marker()
    hopeless = tried(BEFORE, 44, 57, even=True)[:50]
    tried(AFTER, 43, 7)
    Phase.objects.filter(pk__in=[phase.pk for phase in hopeless]).update(state=to)
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert "it cannot be told from who is left" in found.sentence
    assert (
        "50 of 57 phases that failed this way again before the fix were skipped or called complete by hand"
        in found.sentence
    )


def test_phases_that_completed_when_they_were_tried_once_more_are_not_given_up():
    fix = marker()
    for phase in tried(BEFORE, 0, 20):
        AttemptFactory(phase=phase, outcome="complete", started_at=BEFORE + HOUR / 2, number=9)
        Phase.objects.filter(pk=phase.pk).update(state="COMPLETE")
    tried(AFTER, 40)
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_what_its_source_completed_was_not_given_up():
    fix = marker()
    by_source = [phase.pk for phase in tried(BEFORE, 0, 20)]
    tried(AFTER, 40)
    Phase.objects.filter(pk__in=by_source).update(
        state="COMPLETE", state_changed_at=AFTER, source_changed_at=AFTER
    )
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_another_category_of_phases_was_tried_since():
    """It always fails for big ones and seldom for small ones; nobody changed anything."""
    fix = marker()
    tried(BEFORE, 0, 20, category="big")
    tried(AFTER, 40, category="small")
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert "of the same categories" in found.sentence
    tried(AFTER, 24, category="big")
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_the_second_of_two_fixes_is_not_what_the_first_one_was():
    first = marker(at=NOON - MINUTE)
    second = marker()
    tried(BEFORE, 0, 20)
    tried(AFTER, 40)
    assert judge_marker(first).ruling is Ruling.NOT_ENOUGH_DATA
    found = judge_marker(second)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert f"cannot be told from FM-{first.pk}" in found.sentence
    settle(NOON + 9 * HOUR)
    assert Fingerprint.objects.get().status == "fix_deployed"


def test_a_fix_that_follows_one_that_did_not_work_is_one():
    first = marker(at=NOON - HOUR)
    second = marker()
    tried(BEFORE - HOUR, 0, 20)
    tried(NOON - HOUR / 2, 0, 20)
    tried(AFTER, 40)
    assert judge_marker(first).ruling is Ruling.DOES_NOT_WORK
    assert judge_marker(second).ruling is Ruling.WORKS
    settle(NOON + 9 * HOUR)
    assert Fingerprint.objects.get().status == "resolved"


def test_a_fix_of_another_source_just_before_takes_nothing_from_it():
    here, there = SourceFactory(), SourceFactory()
    marker(at=NOON - MINUTE, source=there)
    fix = marker(source=here)
    made = tried(BEFORE, 0, 20) + tried(AFTER, 40)
    Run.objects.filter(phases__in=made).update(source=here)
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_a_fix_of_the_whole_source_just_before_may_have_been_it():
    source = SourceFactory()
    made = tried(BEFORE, 0, 20) + tried(AFTER, 40)
    Run.objects.filter(phases__in=made).update(source=source)
    FingerprintFactory(key="k", title="Error k", status="ongoing")
    whole = add_marker("moved", By("ada", Origin.BROWSER, NOON), at=NOON - MINUTE, source=source)
    fix = marker()
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert f"FM-{whole.pk}" in found.sentence
    whole.source = SourceFactory()
    whole.save()
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_a_marker_that_is_set_after_it_had_gone_proves_nothing():
    """In the middle of the drain before it, it stopped; somebody noticed and marked what he had done."""
    fix = marker()
    tried(BEFORE, 10, 20)
    tried(AFTER, 60)
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert (
        "of the last 10 tried before the marker 0 failed this way, of the 20 before them 20"
        in found.sentence
    )


def test_what_fails_at_night_is_not_mended_by_day():
    fix = marker(category="database")
    for night in (3, 2, 1):
        tried(NOON - night * DAY - 10 * HOUR, 0, 12)
    tried(AFTER, 40)
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert "the time of day" in found.sentence
    tried(NOON - 2 * DAY, 0, 12)
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_fewer_side_by_side_are_no_fix_of_what_runs_short():
    fix = marker(category="out_of_memory")
    tried(BEFORE - DAY, 0, 24, step=5 * MINUTE, seconds=3600)
    tried(AFTER, 40, step=30 * MINUTE, seconds=3600)
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert "fewer side by side" in found.sentence
    tried(BEFORE - 3 * DAY, 0, 12, step=30 * MINUTE, seconds=3600)
    assert judge_marker(fix).ruling is Ruling.WORKS


def test_an_event_that_says_nothing_was_done_is_no_work():
    fix = marker()
    tried(BEFORE, 0, 20)
    for _ in range(20):
        AttemptFactory(
            phase=PhaseFactory(), outcome="complete", telemetry_count=12, started_at=BEFORE - HOUR
        )
    made = tried(AFTER, 40)
    Attempt.objects.filter(phase__in=made).update(telemetry_count=1)
    found = judge_marker(fix)
    assert found.ruling is Ruling.CANNOT_BE_TOLD, found.sentence
    assert "brought less than a quarter of the 12 events" in found.sentence
    Attempt.objects.filter(phase__in=made).update(telemetry_count=4)
    assert judge_marker(fix).ruling is Ruling.WORKS
