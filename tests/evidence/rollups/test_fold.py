"""Totals are exact at any moment: before, while and after they are folded."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index, misc, arg-type"

from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from drain.evidence.rollups import fold, verify
from drain.evidence.rollups.verify import check, rebuild
from drain.models import (
    AttemptDelta,
    AuditEvent,
    DailyFingerprint,
    HourlyRollup,
    HourlyTotal,
    StateCount,
    StateDelta,
    StateTotal,
)
from tests.factories import NOON, AttemptFactory, FingerprintFactory, PhaseFactory, RunFactory


def _ended(phase, **fields):
    """An ended attempt with the delta that the finish writes."""
    attempt = AttemptFactory(phase=phase, **fields)
    AttemptDelta.objects.create(
        finished_at=attempt.finished_at,
        run_pk=attempt.run_id,
        category=phase.category,
        outcome=attempt.outcome,
        fingerprint=attempt.fingerprint,
        seconds=(attempt.finished_at - attempt.started_at).total_seconds(),
        telemetry_events=attempt.telemetry_count,
    )
    return attempt


@pytest.mark.django_db
def test_readers_say_the_same_before_and_after_a_fold():
    phase = PhaseFactory()
    PhaseFactory(run=phase.run, state="QUEUED")
    _ended(phase, outcome="failed", fingerprint="a")
    _ended(phase, outcome="complete", telemetry_count=7)
    before = _readings()
    assert before[0] == {"FAILED": 1, "QUEUED": 1}
    assert [
        (row.outcome, row.attempts, row.telemetry_events, row.zero_yield) for row in before[1]
    ] == [
        ("complete", 1, 7, 0),
        ("failed", 1, 0, 1),
    ]
    folded = fold.fold()
    assert (folded.attempts, folded.busy) == (2, False)
    assert folded.states >= 2
    assert not AttemptDelta.objects.exists()
    assert _readings() == before
    assert check().equal


def _readings():
    return (
        fold.state_totals(),
        fold.hourly(NOON, NOON + timedelta(hours=1)),
        fold.failing_most(NOON.date(), 9),
    )


@pytest.mark.django_db
def test_a_fold_takes_no_more_than_its_limit_and_adds_to_what_is_there():
    phase = PhaseFactory()
    for _ in range(5):
        _ended(phase)
    assert fold.fold(limit=3).attempts == 3
    assert fold.fold(limit=3).attempts == 2
    assert HourlyRollup.objects.get().attempts == 5
    assert check().equal


@pytest.mark.django_db
def test_readers_narrow_to_runs_hours_and_causes():
    one, other = PhaseFactory(), PhaseFactory()
    _ended(one, fingerprint="a")
    _ended(other, fingerprint="b", started_at=NOON + timedelta(days=1))
    assert fold.state_totals([one.run_id]) == {"FAILED": 1}
    assert len(fold.hourly(NOON, NOON + timedelta(days=3), [one.run_id])) == 1
    assert fold.hourly(NOON + timedelta(hours=2), NOON + timedelta(hours=5)) == []
    assert [row.day for row in fold.failing_most(NOON.date() + timedelta(days=1), 9)] == [
        NOON.date() + timedelta(days=1)
    ]
    assert fold.failing_most(date(2026, 3, 4), 9) == []


@pytest.mark.django_db
def test_merged_causes_count_for_their_target_on_read():
    target = FingerprintFactory(key="t")
    FingerprintFactory(key="m", merged_into=target)
    phase = PhaseFactory()
    for key in ("t", "m", ""):
        _ended(phase, fingerprint=key)
    found = [(row.key, row.attempts, row.causes) for row in fold.failing_most(NOON.date(), 9)]
    assert found == [("t", 2, 1)]


@pytest.mark.django_db
def test_the_causes_that_failed_most_stand_first_and_say_how_many_there_are():
    phase = PhaseFactory()
    for key, times in (("a", 1), ("b", 3), ("c", 2)):
        for day in range(times):
            _ended(phase, fingerprint=key, started_at=NOON + timedelta(days=day))
    found = fold.failing_most(NOON.date(), 2)
    assert [row.key for row in found] == ["b", "b", "b", "c", "c"]
    assert {row.causes for row in found} == {3}


@pytest.mark.django_db
def test_the_totals_of_a_deleted_run_go_with_it_even_before_a_fold():
    phase = PhaseFactory()
    fold.fold()
    _ended(phase)
    phase.run.delete()
    assert fold.state_totals() == {}
    fold.fold()
    assert not StateDelta.objects.exists()
    assert check().equal


@pytest.mark.django_db
def test_check_names_the_total_that_is_wrong():
    phase = PhaseFactory()
    _ended(phase, fingerprint="a")
    fold.fold()
    StateCount.objects.update(count=7)
    HourlyRollup.objects.update(attempts=9)
    DailyFingerprint.objects.update(attempts=3)
    places = [difference.place for difference in check().differences]
    assert [place.split()[0] for place in places] == ["run", "hour", "day"]
    out = StringIO()
    with pytest.raises(CommandError, match="rollups rebuild") as refused:
        call_command("rollups", "check", "--json", stdout=out)
    assert refused.value.returncode == 3
    assert len(json.loads(out.getvalue())["differences"]) == 3


@pytest.mark.django_db
def test_older_totals_are_left_alone_where_prune_took_the_attempts():
    phase = PhaseFactory()
    old = _ended(phase, started_at=NOON - timedelta(days=9))
    _ended(phase)
    fold.fold()
    old.delete()
    assert not check().equal
    AuditEvent.objects.create(
        actor="a",
        origin="schedule",
        verb="prune",
        subject="attempt",
        new={"attempts_before": (NOON - timedelta(days=3)).isoformat()},
    )
    assert check().equal
    assert verify.kept_since() == (NOON - timedelta(days=2)).replace(hour=0)


@pytest.mark.django_db(transaction=True)
def test_rebuild_writes_wrong_totals_anew_and_leaves_later_deltas_to_the_readers():
    phase = PhaseFactory()
    _ended(phase, fingerprint="a")
    fold.fold()
    _ended(phase, fingerprint="a")
    StateCount.objects.update(count=7)
    HourlyRollup.objects.all().delete()
    out = StringIO()
    call_command("rollups", "rebuild", stdout=out)
    assert "written anew" in out.getvalue()
    assert check().equal
    assert HourlyRollup.objects.get().attempts == 2
    assert not AttemptDelta.objects.exists()
    call_command("rollups", "fold", stdout=out)
    call_command("rollups", "check", stdout=out)
    assert "Every total equals" in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_fold_steps_aside_while_another_one_works():
    _ended(PhaseFactory())
    with transaction.atomic():
        fold.fold()
        assert _elsewhere(fold.fold) == fold.Folded(0, 0, busy=True)
    assert _elsewhere(fold.fold).busy is False


def _elsewhere(work):
    """Run it on a connection of its own."""
    answers = []

    def target():
        try:
            answers.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return answers[0]


@pytest.mark.django_db
def test_totals_over_all_runs_follow_whoever_changes_those_of_a_run():
    one, other = RunFactory(), RunFactory()
    for run, attempts in ((one, 2), (other, 3)):
        HourlyRollup.objects.create(
            hour=NOON, run=run, category="c", outcome="complete", attempts=attempts, seconds=1
        )
    total = HourlyTotal.objects.values_list("hour", "category", "outcome", "attempts", "seconds")
    assert list(total) == [(NOON, "c", "complete", 5, 2.0)]
    HourlyRollup.objects.filter(run=one).update(attempts=4)
    assert total.get()[3] == 7
    one.delete()
    assert total.get()[3] == 3
    assert fold.hourly(NOON, NOON + timedelta(hours=1))[0].attempts == 3


@pytest.mark.django_db(transaction=True)
def test_a_wrong_total_over_all_runs_is_found_and_rebuilt():
    AttemptFactory(outcome="complete")
    rebuild()
    HourlyTotal.objects.update(attempts=9)
    assert any("all runs" in found.place for found in check().differences)
    rebuild()
    assert check().equal
    assert HourlyTotal.objects.get().attempts == 1


@pytest.mark.django_db
def test_states_over_all_runs_follow_whoever_changes_those_of_a_run():
    one, other = PhaseFactory(), PhaseFactory(state="QUEUED")
    PhaseFactory(run=one.run)
    fold.fold()
    total = StateTotal.objects.order_by("state").values_list("state", "count")
    assert list(total) == [("FAILED", 2), ("QUEUED", 1)]
    StateCount.objects.filter(run=other.run).update(state="FAILED", count=4)
    assert list(total.all()) == [("FAILED", 6), ("QUEUED", 0)]
    StateCount.objects.filter(run=one.run).delete()
    assert list(total.all()) == [("FAILED", 4), ("QUEUED", 0)]


@pytest.mark.django_db(transaction=True)
def test_a_wrong_count_over_all_runs_is_found_and_rebuilt():
    PhaseFactory()
    rebuild()
    StateTotal.objects.update(count=9)
    assert [found.place for found in check().differences] == ["all runs, FAILED"]
    rebuild()
    assert check().equal
    assert fold.state_totals() == {"FAILED": 1}
