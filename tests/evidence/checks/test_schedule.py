"""Checks that maintenance judges: when they are due, over what, once, and with a history."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, connection, transaction

from drain.evidence.checks import schedule
from drain.evidence.checks.create import Claim, add_check
from drain.evidence.checks.run import checks_of
from drain.evidence.checks.schedule import judge_due
from drain.evidence.checks.verdicts import Verdict
from drain.evidence.fingerprints.lifecycle import By, CauseError
from drain.evidence.fixes.markers import add_marker
from drain.models import AuditEvent, Check, CheckResult
from drain.models.vocabulary import CheckKind, CheckVerdict, Origin
from tests.factories import (
    NOON,
    AttemptFactory,
    CandidateFactory,
    FingerprintFactory,
    PhaseFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.BROWSER, NOON)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def _pattern(text="boom", **fields):
    return add_check(Claim(CheckKind.NO_PATTERN, text, **fields), BY)


def test_a_check_of_the_fleet_looks_at_the_last_hours_of_everything():
    check = _pattern(window_hours=2)
    AttemptFactory(error="boom", started_at=NOON - 3 * HOUR)
    judge_due(NOON)
    assert CheckResult.objects.get().verdict == "not_enough_data"
    bad = AttemptFactory(error="boom", started_at=NOON - HOUR)
    judge_due(NOON + 10 * MINUTE)
    found = CheckResult.objects.latest("pk")
    assert (found.check_run, found.session, found.verdict) == (check, None, "fail")
    assert found.observed["attempts"] == [bad.pk]


@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [("re:(", "cannot read the pattern"), ("re: ", "is missing"), ("x" * 1001, "at most 1,000")],
)
def test_a_pattern_that_could_judge_nothing_is_refused_when_it_is_given(pattern, sentence):
    with pytest.raises(CauseError, match=sentence):
        _pattern(pattern)
    assert not Check.objects.exists()


def test_first_tries_of_the_last_hours_are_no_rise_of_the_fleet():
    session = SessionFactory()
    for _ in range(9):
        phase = PhaseFactory()
        CandidateFactory(session=session, phase=phase, fingerprint="import")
        AttemptFactory(session=session, phase=phase, outcome="complete", started_at=NOON - HOUR)
    add_check(Claim(CheckKind.RATE_NOT_WORSE), BY)
    judge_due(NOON)
    found = CheckResult.objects.get()
    assert (found.verdict, found.observed["paired"]) == ("not_enough_data", False)
    assert "at least 7 on each side would be needed" in found.sentence


def test_a_check_is_judged_no_oftener_than_it_asks_for():
    check = _pattern(every_minutes=10)
    assert judge_due(NOON) == [check]
    assert judge_due(NOON + 9 * MINUTE) == []
    assert judge_due(NOON + 10 * MINUTE) == [check]


def test_the_end_of_a_drain_has_the_checks_of_fixes_judged_at_once_and_once():
    fix = add_marker("Mended", BY, at=NOON - HOUR, keys=[])
    check, fleet = _pattern(marker=fix, every_minutes=10), _pattern(window_hours=2)
    assert judge_due(NOON) == [check, fleet]
    SessionFactory(ended_at=NOON + MINUTE)
    assert judge_due(NOON + 2 * MINUTE) == [check]
    assert judge_due(NOON + 3 * MINUTE) == []


def test_a_round_takes_the_longest_waiting_and_leaves_the_rest_for_the_next():
    checks = [_pattern(str(number)) for number in range(7)]
    first = {check.pk for check in judge_due(NOON, limit=5)}
    second = {check.pk for check in judge_due(NOON, limit=5)}
    assert (len(first), len(second)) == (5, 2)
    assert first | second == {check.pk for check in checks}


def test_history_grows_only_when_something_changed():
    check = _pattern()
    for minute in (0, 10, 20):
        judge_due(NOON + minute * MINUTE)
    assert CheckResult.objects.count() == 1
    check.refresh_from_db()
    assert check.judged_at == NOON + 20 * MINUTE
    AttemptFactory(error="boom", started_at=NOON)
    judge_due(NOON + 30 * MINUTE)
    assert list(CheckResult.objects.order_by("pk").values_list("verdict", flat=True)) == [
        "not_enough_data",
        "fail",
    ]


def test_a_check_of_a_fix_looks_at_everything_since_it_whatever_the_drain():
    cause = FingerprintFactory(key="k")
    marker = add_marker("fix", BY, at=NOON, keys=["k"])
    add_check(Claim(CheckKind.NO_FINGERPRINT, "k", marker=marker), BY)
    phase = AttemptFactory(fingerprint=cause.key, started_at=NOON).phase
    since = {"session": SessionFactory(), "started_at": NOON + MINUTE}
    AttemptFactory(phase=phase, outcome="complete", **since)
    judge_due(NOON + HOUR)
    assert (CheckResult.objects.get().verdict, CheckResult.objects.get().observed["n"]) == (
        "pass",
        1,
    )


def test_no_phase_left_in_a_state_asks_the_whole_fleet_or_what_was_tried_since_a_fix():
    left = PhaseFactory(state="FAILED")
    marker = add_marker("fix", BY, at=NOON)
    add_check(Claim(CheckKind.NO_STATE, "failed"), BY)
    add_check(Claim(CheckKind.NO_STATE, "failed", marker=marker), BY)
    AttemptFactory(phase=PhaseFactory(state="COMPLETE"), started_at=NOON + MINUTE)
    judge_due(NOON + HOUR)
    fleet, fix = CheckResult.objects.order_by("check_run")
    assert (fleet.verdict, fleet.observed["phases"]) == ("fail", [left.pk])
    assert (fix.verdict, fix.observed["n"]) == ("pass", 1)


def test_a_check_of_the_fleet_is_no_check_of_a_session():
    _pattern()
    everywhere = Check.objects.create(name="c", kind=CheckKind.NO_UNKNOWN)
    assert checks_of(SessionFactory()) == [everywhere]
    _pattern(session=SessionFactory())
    assert Check.objects.filter(session__isnull=False, every_minutes=None).count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Check.objects.filter(session__isnull=False).update(every_minutes=5)


@pytest.mark.django_db(transaction=True)
def test_two_hosts_at_once_judge_every_check_once():
    checks = [_pattern(str(number)) for number in range(8)]
    meet = Barrier(2)

    def host() -> list[int]:
        try:
            meet.wait()
            return [check.pk for check in judge_due(NOON, limit=8)]
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        one, two = [pool.submit(host) for _ in range(2)]
        judged = one.result() + two.result()
    assert sorted(judged) == [check.pk for check in checks]
    assert CheckResult.objects.count() == 8


def test_a_check_that_cannot_be_judged_does_not_hold_up_the_others(monkeypatch):
    broken, sound = _pattern("broken"), _pattern("sound")

    def judge(check, ground):
        if check == broken:
            raise RuntimeError
        return Verdict(CheckVerdict.PASS, "Fine.")

    monkeypatch.setattr(schedule, "judge_on", judge)
    with pytest.raises(RuntimeError):
        judge_due(NOON)
    assert judge_due(NOON + MINUTE) == [sound]


def test_a_disabled_check_rests():
    check = _pattern()
    Check.objects.filter(pk=check.pk).update(enabled=False)
    assert judge_due(NOON) == []


def test_who_added_a_check_is_in_the_audit():
    check = _pattern()
    event = AuditEvent.objects.get(verb="add_check")
    assert (event.actor, event.subject_pk, event.new["of"]) == ("ada", str(check.pk), "fleet")


def test_a_fix_marked_on_the_command_line_at_a_time_of_today_with_its_checks(capsys):
    FingerprintFactory(key="k")
    call_command("marker", "add", "fix", "--at", "00:00", "--guard", "--fingerprint", "k")
    marker = Check.objects.filter(marker__isnull=False).first().marker  # type: ignore[union-attr]
    assert (marker.applied_at.hour, marker.applied_at.minute) == (0, 0)  # type: ignore[union-attr]
    assert marker.checks.count() == 2  # type: ignore[union-attr]
    with pytest.raises(CommandError, match="write it like 18:00"):
        call_command("marker", "add", "fix", "--at", "noon")
