"""Causes move only by their verbs, and only attempts started after a fix count against it."""

# A None in the place of a value fails the test by itself.
# mypy: disable-error-code="union-attr, operator, index"

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from drain.evidence.fingerprints import upgrade as refingerprinting
from drain.evidence.fingerprints.aliases import causes, family, resolve_keys
from drain.evidence.fingerprints.lifecycle import (
    By,
    CauseError,
    deploy_fix,
    mark_ongoing,
    mute,
    regress,
    resolve,
    snooze,
    wake,
)
from drain.evidence.fingerprints.merging import merge, unmerge
from drain.evidence.fixes.evaluation import settle
from drain.evidence.fixes.markers import add_marker
from drain.fingerprints import fingerprint
from drain.models import AuditEvent, Fingerprint, FingerprintAlias, Transition
from drain.models.vocabulary import Origin
from drain.policy.moments import read_moment
from tests.factories import NOON, AttemptFactory, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.BROWSER, NOON, "because")
LATER = NOON + timedelta(hours=2)


def _status(found):
    found.refresh_from_db()
    return found.status


def test_each_verb_leaves_a_transition_and_a_persons_one_an_audit_event():
    found = FingerprintFactory(status="new")
    assert mark_ongoing(found.pk, BY)
    assert deploy_fix(found.pk, By("maintenance", Origin.SCHEDULE, NOON))
    assert resolve(found.pk, BY)
    assert regress(found.pk, BY)
    moves = Transition.objects.filter(subject="fingerprint", subject_pk=found.pk).order_by("pk")
    assert [(move.from_state, move.to_state, move.verb) for move in moves] == [
        ("new", "ongoing", "mark_ongoing"),
        ("ongoing", "fix_deployed", "deploy_fix"),
        ("fix_deployed", "resolved", "resolve"),
        ("resolved", "regressed", "regress"),
    ]
    audit = AuditEvent.objects.filter(subject="fingerprint")
    assert [event.verb for event in audit.order_by("pk")] == ["mark_ongoing", "resolve", "regress"]
    assert audit.latest("pk").old == {"status": "resolved"}


def test_a_verb_from_the_wrong_status_changes_nothing():
    found = FingerprintFactory(status="new")
    assert regress(found.pk, BY) is False
    assert wake(found.pk, BY) is False
    assert _status(found) == "new"
    assert not Transition.objects.filter(subject="fingerprint").exists()


def test_an_attempt_started_before_the_fix_does_not_regress_and_one_started_after_it_does():
    found = FingerprintFactory(key="k", status="ongoing")
    phase = PhaseFactory()
    add_marker("imports mended", BY, keys=["k"])
    AttemptFactory(
        phase=phase,
        fingerprint="k",
        started_at=NOON - timedelta(minutes=1),
        finished_at=NOON + timedelta(minutes=5),
    )
    assert settle(LATER).regressed == 0
    assert _status(found) == "fix_deployed"
    bad = AttemptFactory(phase=phase, fingerprint="k", started_at=NOON + timedelta(minutes=1))
    assert settle(LATER).regressed == 1
    assert _status(found) == "regressed"
    assert Transition.objects.get(verb="regress").attempt_pk == bad.pk
    assert settle(LATER).regressed == 0


def test_a_cause_resolved_by_a_person_regresses_by_attempts_after_their_word():
    found = FingerprintFactory(key="k", status="ongoing")
    resolve(found.pk, BY)
    AttemptFactory(fingerprint="k", started_at=NOON)
    settle(LATER)
    assert _status(found) == "resolved"
    AttemptFactory(fingerprint="k", started_at=NOON + timedelta(seconds=1))
    settle(LATER)
    assert _status(found) == "regressed"


def test_a_snooze_ends_by_time_and_gives_back_what_was_before():
    found = FingerprintFactory(status="regressed")
    assert snooze(found.pk, BY, until=LATER)
    assert settle(LATER - timedelta(seconds=1)).woken == 0
    assert settle(LATER).woken == 1
    assert _status(found) == "regressed"
    assert found.snoozed_until is None


def test_a_snooze_ends_after_a_number_of_further_failures_of_its_family():
    found = FingerprintFactory(key="k", status="ongoing")
    FingerprintFactory(key="m", merged_into=found, status="muted")
    AttemptFactory(fingerprint="k")
    assert snooze(found.pk, BY, for_count=2)
    AttemptFactory(fingerprint="m")
    assert settle(LATER).woken == 0
    AttemptFactory(fingerprint="k")
    assert settle(LATER).woken == 1
    assert _status(found) == "ongoing"


def test_what_may_be_a_snoozed_cause_counts_towards_the_end_of_its_snooze():
    found = FingerprintFactory(key="k", headline="h", status="ongoing")
    FingerprintFactory(key="p", headline="h", place_known=True)
    snooze(found.pk, BY, for_count=1)
    AttemptFactory(fingerprint="p")
    assert settle(LATER).woken == 1


def test_a_snoozed_cause_that_is_muted_wakes_to_what_it_was_before_both():
    found = FingerprintFactory(status="ongoing")
    snooze(found.pk, BY, until=LATER)
    assert mute(found.pk, BY)
    assert wake(found.pk, BY)
    assert _status(found) == "ongoing"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "one of the two"),
        ({"until": NOON}, "past"),
        ({"for_count": 0}, "1 or more"),
        ({"until": LATER, "for_count": 3}, "one of the two"),
    ],
)
def test_a_snooze_that_makes_no_sense_is_refused(wrong, sentence):
    with pytest.raises(CauseError, match=sentence):
        snooze(FingerprintFactory().pk, BY, **wrong)


def test_a_new_cause_seen_again_is_ongoing():
    found = FingerprintFactory(status="new", last_seen=NOON)
    once = FingerprintFactory(status="new")
    assert settle(LATER).ongoing == 1
    assert (_status(found), _status(once)) == ("ongoing", "new")


def test_a_merge_sticks_for_later_failures_and_can_be_undone():
    a, b, c = (FingerprintFactory(key=key) for key in "abc")
    assert merge(a.pk, b.pk, BY)
    assert merge(b.pk, c.pk, BY)
    assert resolve_keys(["a", "b", "c", "unknown", ""]) == {
        "a": "c", "b": "c", "c": "c", "unknown": "unknown",
    }  # fmt: skip
    assert family(["a"]) == ["a", "b", "c"]
    assert merge(a.pk, c.pk, BY) is False
    assert unmerge(b.pk, BY)
    assert unmerge(b.pk, BY) is False
    assert resolve_keys(["a", "b"]) == {"a": "b", "b": "b"}
    assert [move.verb for move in Transition.objects.order_by("pk")] == [
        "merge",
        "merge",
        "unmerge",
    ]


def test_a_merge_never_closes_a_circle():
    a, b = FingerprintFactory(key="a"), FingerprintFactory(key="b")
    merge(a.pk, b.pk, BY)
    with pytest.raises(CauseError, match="undo that first"):
        merge(b.pk, a.pk, BY)
    with pytest.raises(CauseError, match="exists"):
        merge(a.pk, a.pk, BY)
    # rows written by hand may hold one all the same
    Fingerprint.objects.filter(pk=b.pk).update(merged_into=a)
    assert set(resolve_keys(["a"])) == {"a"}


def test_an_unknown_key_is_shown_as_itself():
    assert causes(["x"])["x"].title == "x"


def test_a_marker_moves_its_causes_and_says_who_added_it():
    found = FingerprintFactory(key="k", status="ongoing")
    out = StringIO()
    call_command(
        "marker", "add", "Fix", "--commit", "abc", "--fingerprint", "k", "--json", stdout=out
    )
    made = json.loads(out.getvalue())
    assert (made["commit"], made["fingerprints"]) == ("abc", ["k"])
    assert made["created_by"].startswith("os:")
    assert _status(found) == "fix_deployed"
    out = StringIO()
    call_command("marker", "list", stdout=out)
    assert "Fix (abc): 1 fingerprint" in out.getvalue()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["Fix", "--at", "soon"], "not a time"),
        (["Fix", "--at", "2999-01-01"], "still to come"),
        (["Fix", "--fingerprint", "nope"], "no fingerprint"),
        ([" "], "needs a title"),
    ],
)
def test_a_marker_that_makes_no_sense_is_refused(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("marker", "add", *arguments)


def test_a_clock_of_today_that_is_still_to_come_says_what_was_understood_and_how_to_mean_yesterday(
    monkeypatch,
):
    monkeypatch.setattr("drain.evidence.fixes.markers.clock", lambda: NOON)
    with pytest.raises(CauseError) as refused:
        add_marker("Fix", BY, at=read_moment("14:30", NOON))
    at, day = f"{NOON:%Y-%m-%d} 14:30 UTC", NOON - timedelta(days=1)
    assert f"{at} is still to come, it is 12:00" in str(refused.value)
    yesterday = f"{day:%Y-%m-%d}T14:30+00:00"
    assert str(refused.value).endswith(f"write the day as well, like {yesterday}.")
    assert add_marker("Fix", BY, at=read_moment(yesterday, NOON)).applied_at < NOON


TEXT = "ModuleNotFoundError: No module named 'coverage_tracker'"


def test_refingerprinting_keeps_status_markers_and_the_old_key(monkeypatch):
    found = FingerprintFactory(key="old", version=0, sample=TEXT, status="ongoing")
    add_marker("fix", BY, keys=["old"])
    untold = FingerprintFactory(key="untold", version=0)
    assert refingerprinting.refingerprint(limit=1) == 1
    assert refingerprinting.refingerprint() == 1
    assert refingerprinting.refingerprint() == 0
    found.refresh_from_db()
    untold.refresh_from_db()
    assert found.key == fingerprint(TEXT).key
    assert (found.status, untold.key) == ("fix_deployed", "untold")
    assert found.markers.count() == 1
    assert resolve_keys(["old"]) == {"old": found.key}
    assert family([found.key]) == sorted(["old", found.key])


def test_refingerprinting_joins_a_cause_that_the_new_version_has_met_already():
    made = fingerprint(TEXT)
    newer = FingerprintFactory(key=made.key, version=made.version, status="new")
    FingerprintFactory(key="old", version=0, sample=TEXT, status="ongoing")
    add_marker("fix", BY, keys=["old"])
    refingerprinting.refingerprint()
    assert _status(newer) == "fix_deployed"
    assert newer.markers.count() == 1
    assert resolve_keys(["old"]) == {"old": made.key}
    assert not FingerprintAlias.objects.exists()


@pytest.mark.parametrize("old_into_new", [True, False])
def test_refingerprinting_respects_a_merge_between_the_two(old_into_new):
    made = fingerprint(TEXT)
    newer = FingerprintFactory(key=made.key, version=made.version)
    old = FingerprintFactory(key="old", version=0, sample=TEXT)
    merge(*((old.pk, newer.pk) if old_into_new else (newer.pk, old.pk)), BY)
    refingerprinting.refingerprint()
    assert len(set(resolve_keys(["old", made.key]).values())) == 1


def test_refingerprinting_carries_a_merge_into_a_third_cause_along():
    made = fingerprint(TEXT)
    FingerprintFactory(key=made.key, version=made.version)
    old = FingerprintFactory(key="old", version=0, sample=TEXT)
    merge(old.pk, FingerprintFactory(key="third").pk, BY)
    refingerprinting.refingerprint()
    assert resolve_keys(["old", made.key]) == {"old": "third", made.key: "third"}
