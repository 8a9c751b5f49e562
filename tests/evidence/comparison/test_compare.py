"""Two sides compared: every rate has its n, the same phases are paired, and causes are told apart."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

from datetime import timedelta

import pytest

from drain.evidence.comparison.compare import SELECTED, compare, speak_for_both
from drain.evidence.comparison.figures import figures
from drain.evidence.comparison.sides import (
    around_marker,
    before_session,
    of_fix,
    of_session,
    of_source,
    of_window,
)
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.evidence.fixes.status import standing
from drain.models.vocabulary import Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    RunFactory,
    SessionFactory,
    SourceFactory,
    tried_again,
)

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
BY = By("ada", Origin.BROWSER, NOON)


def _fix(*keys):
    for key in keys:
        FingerprintFactory(key=key, title=f"Error {key}", status="ongoing")
    return add_marker("imports mended", BY, keys=keys[:1])


def test_the_same_phases_are_followed_from_cause_to_outcome_around_a_fix():
    marker = _fix("import", "disk")
    for index in range(10):
        done = index < 6
        tried_again(PhaseFactory(), "import" if done else "disk", done=done)
    found = compare(*around_marker(marker), fixed=["import"])
    assert [(m.was_cause.title, m.became, m.phases) for m in found.pairs.moves] == [
        ("Error import", "complete", 6),
        ("Error disk", "failed", 4),
    ]
    assert (found.after.rate.complete, found.after.rate.n) == (6, 10)
    assert found.difference.is_paired
    assert found.difference.verdict == "selected"
    assert "6 of 10 phases completed that had failed before;" in found.difference.sentence
    assert SELECTED in found.notes
    assert [cause.key for cause in found.causes.gone] == ["import"]
    assert [cause.key for cause in found.causes.still] == ["disk"]


def test_a_fix_is_compared_on_what_it_concerns_and_until_the_next_fix_of_its_causes():
    source, other = SourceFactory(), SourceFactory()
    here, there = (RunFactory(source=each) for each in (source, other))
    FingerprintFactory(key="placed", headline="h", place_known=True)
    FingerprintFactory(key="import", headline="h", status="ongoing")
    fix = add_marker("imports mended", BY, keys=["import"])
    known_by_plan = PhaseFactory(run=here)
    CandidateFactory(phase=known_by_plan, fingerprint="import")
    AttemptFactory(phase=known_by_plan, outcome="complete", started_at=NOON + HOUR)
    for run, key in ((here, "import"), (here, "placed"), (there, "import"), (here, "disk")):
        phase = PhaseFactory(run=run)
        AttemptFactory(phase=phase, fingerprint=key, started_at=NOON - HOUR)
        AttemptFactory(phase=phase, outcome="complete", started_at=NOON + HOUR)
    assert [figures(side).attempts for side in of_fix(fix, ["import"])] == [3, 4]
    fix.source = source
    assert [figures(side).attempts for side in of_fix(fix, ["import"])] == [2, 3]
    fix.run_ids = [there.run_id]
    assert [figures(side).attempts for side in of_fix(fix, ["import"])] == [0, 0]
    fix.source, fix.run_ids = None, []
    later = By("ada", Origin.BROWSER, NOON + HOUR / 2)
    add_marker("again", later, keys=["import"])
    assert [figures(side).attempts for side in of_fix(fix, ["import"])] == [3, 0]


def test_an_attempt_that_started_before_the_fix_belongs_to_before_however_late_it_ended():
    marker = _fix("import")
    AttemptFactory(fingerprint="import", started_at=NOON, finished_at=NOON + HOUR)
    found = compare(*around_marker(marker))
    assert (found.before.attempts, found.after.attempts) == (1, 0)
    assert found.after.rate.interval is None
    assert "Not enough data" in found.difference.sentence


def test_a_phase_without_an_earlier_attempt_counts_with_the_cause_of_its_plan():
    session = SessionFactory()
    phase = PhaseFactory()
    FingerprintFactory(key="import", title="Error import")
    CandidateFactory(session=session, phase=phase, fingerprint="import")
    AttemptFactory(phase=phase, session=session, outcome="complete")
    found = compare(before_session(session), of_session(session))
    assert [(m.was, m.was_cause.key, m.became) for m in found.pairs.moves] == [
        ("failed", "import", "complete")
    ]
    assert found.pairs.from_plan == 1
    assert any("the drain's plan" in note for note in found.notes)


def test_a_plan_that_was_made_after_a_later_attempt_says_nothing_about_before():
    marker = _fix("import", "new")
    phase = PhaseFactory()
    first, second = SessionFactory(), SessionFactory()
    CandidateFactory(session=first, phase=phase, fingerprint="import")
    AttemptFactory(session=first, phase=phase, fingerprint="new", started_at=NOON + HOUR)
    CandidateFactory(session=second, phase=phase, fingerprint="new")
    AttemptFactory(session=second, phase=phase, outcome="complete", started_at=NOON + 2 * HOUR)
    move, *_ = compare(*around_marker(marker)).pairs.moves
    assert (move.was_cause.key, move.became) == ("import", "complete")


def test_what_a_pipeline_did_after_a_fix_is_not_before_it_by_word_of_a_plan():
    marker, phase, session = _fix("import"), PhaseFactory(), SessionFactory()
    AttemptFactory(phase=phase, fingerprint="import", started_at=NOON + HOUR)
    CandidateFactory(session=session, phase=phase, fingerprint="import")
    AttemptFactory(session=session, phase=phase, outcome="complete", started_at=NOON + 2 * HOUR)
    found = compare(*around_marker(marker))
    assert found.pairs.n == 0
    assert found.difference.sentence == (
        "Not enough data: 0 attempts before and 2 after; at least 27 on each side would be needed."
    )


def test_two_sessions_without_common_phases_are_compared_as_they_are():
    sides = []
    for complete in (3, 6):
        session = SessionFactory()
        sides.append(of_session(session))
        for index in range(8):
            outcome = "complete" if index < complete else "failed"
            AttemptFactory(session=session, outcome=outcome)
    found = compare(sides[0], sides[1])
    assert not found.difference.is_paired
    assert found.pairs.n == 0
    assert found.difference.verdict == "not_enough_data"
    assert found.difference.enough > 8
    assert f"about {found.difference.enough} would be enough" in found.difference.sentence
    assert "(8 attempts before and 8 after; no phase on both sides)" in found.difference.sentence


@pytest.mark.parametrize(
    ("shared", "fewer", "are_pairs"),
    [
        (0, 0, False),  # nothing was tried
        (0, 40, False),  # two sources: no phase belongs to both
        (1, 1, True),  # one phase tried again
        (4, 4, True),  # a small drain of phases that all failed last week
        (7, 12, True),  # a fix: most of what was tried since had failed before
        (6, 12, True),  # just half
        (5, 12, False),
        (3, 1000, False),  # two weeks of a fleet that share a handful
    ],
)
def test_the_same_phases_decide_where_they_are_at_least_half_of_the_smaller_side(
    shared, fewer, are_pairs
):
    assert speak_for_both(shared, fewer) is are_pairs


def test_a_handful_of_shared_phases_does_not_speak_for_two_weeks_of_the_fleet():
    """Both stretches complete half of their phases; only the two shared ones went from bad to good."""
    for at in (NOON - HOUR, NOON):
        for index in range(8):
            AttemptFactory(outcome=("complete", "failed")[index % 2], started_at=at)
    for phase in (PhaseFactory(), PhaseFactory()):
        AttemptFactory(phase=phase, started_at=NOON - HOUR)
        AttemptFactory(phase=phase, outcome="complete", started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert (found.pairs.n, found.difference.is_paired) == (2, False)
    assert (found.difference.n_before, found.difference.n_after) == (10, 10)
    assert "percentage points between two groups (10 attempts before and 10 after; " in (
        found.difference.sentence
    )
    assert "2 phases on both sides, fewer than half of the smaller side's 10)" in (
        found.difference.sentence
    )
    assert SELECTED not in found.notes


def test_a_small_drain_of_phases_that_are_all_in_a_large_one_is_compared_on_them():
    large, small = SessionFactory(), SessionFactory()
    for index in range(12):
        phase = PhaseFactory()
        AttemptFactory(session=large, phase=phase)
        if index < 4:
            AttemptFactory(session=small, phase=phase, outcome="complete")
    found = compare(of_session(large), of_session(small)).difference
    assert (found.is_paired, found.n_after) == (True, 4)
    assert "4 of 4 phases completed that had failed before; a second try" in found.sentence


def test_phases_that_their_source_opened_again_do_not_make_a_second_try_a_better_rate():
    """A flaky executor, and two phases among the failed ones that had completed before."""
    for index in range(40):
        phase = PhaseFactory()
        was = "complete" if index < 2 else "failed"
        AttemptFactory(phase=phase, outcome=was, started_at=NOON - HOUR)
        AttemptFactory(phase=phase, outcome=("failed", "complete")[index % 2], started_at=NOON)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert found.difference.verdict == "selected"
    assert (
        "19 of 40 phases completed that had failed before, and 1 that had completed failed"
        in found.difference.sentence
    )
    assert SELECTED in found.notes


@pytest.mark.parametrize(("runs", "verdict"), [(2, "not_enough_data"), (40, "better")])
def test_phases_of_few_runs_prove_no_better_rate_and_those_of_many_do(runs, verdict):
    for at, outcome in ((NOON - HOUR, "failed"), (NOON, "complete")):
        for _ in range(runs):
            run = RunFactory()
            for _ in range(40 // runs):
                AttemptFactory(phase=PhaseFactory(run=run), outcome=outcome, started_at=at)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR))
    assert found.difference.verdict == verdict


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [(3, 3, "better"), (3, 0, "doubtful"), (9, 2, "doubtful"), (8, 2, "better"), (0, 0, "better")],
)
def test_a_rate_is_no_better_where_what_completes_does_less_than_it_did(before, now, verdict):
    for at, completing, events in ((NOON - HOUR, 10, before), (NOON, 40, now)):
        for index in range(40):
            outcome = "complete" if index < completing else "failed"
            AttemptFactory(outcome=outcome, telemetry_count=events, started_at=at)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR)).difference
    assert found.verdict == verdict
    said = f"less than a quarter of the {before} events that were usual before"
    assert (said in found.sentence) is (verdict == "doubtful")
    assert standing([], {}, found).verdict == ("pass" if verdict == "better" else "not_enough_data")


def test_a_rate_is_no_better_where_what_completes_ends_at_once():
    """A pipeline that reports nothing: only the time tells."""
    for at, completing, took in ((NOON - HOUR, 10, 60), (NOON, 40, 1)):
        for index in range(40):
            ended = {"started_at": at, "finished_at": at + timedelta(seconds=took)}
            AttemptFactory(outcome="complete" if index < completing else "failed", **ended)
    found = compare(of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR)).difference
    assert found.verdict == "doubtful"
    assert "took 1.0 s in the mean, less than a tenth of the 60.0 s before" in found.sentence


def test_a_rate_that_fell_on_the_same_phases_is_called_worse():
    window = of_window(NOON - HOUR, NOON), of_window(NOON, NOON + HOUR)
    for _ in range(12):
        phase = PhaseFactory()
        AttemptFactory(phase=phase, outcome="complete", started_at=NOON - HOUR)
        AttemptFactory(phase=phase, fingerprint="new", started_at=NOON)
    found = compare(window[0], window[1])
    assert found.difference.verdict == "worse"
    assert SELECTED not in found.notes
    assert [cause.key for cause in found.causes.new] == ["new"]


def test_figures_give_yield_with_median_p90_and_the_reasons_for_none():
    source = SourceFactory()
    run = RunFactory(source=source)
    for count in (0, 0, 4, 6, 90):
        AttemptFactory(
            phase=PhaseFactory(run=run),
            outcome="complete" if count else "timeout",
            telemetry_count=count,
            zero_yield_reason="timeout" if count else "",
        )
    AttemptFactory(phase=PhaseFactory(run=run), outcome="cancelled")
    AttemptFactory()
    found = figures(of_source(source))
    assert found.attempts == 5
    assert found.outcomes == {"cancelled": 1, "complete": 3, "timeout": 2}
    assert found.telemetry.events == 100
    assert found.telemetry.per_minute == pytest.approx(20.0)
    assert (found.telemetry.median, found.telemetry.with_events) == (4.0, 3)
    assert found.telemetry.p90 == pytest.approx(56.4)
    assert found.telemetry.bounds is None  # of one run
    assert sum(found.zero_yield.values()) == 2
    assert [cause.title for cause in found.causes] == ["no fingerprint"]
