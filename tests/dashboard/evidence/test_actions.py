"""Marking fixes and adding checks: what comes of a form, what is refused, and who may not."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import AuditEvent, Check, Fingerprint, FixMarker
from drain.models.roles import Role
from drain.models.vocabulary import Origin
from tests.dashboard.people import signed_in
from tests.factories import NOON, AttemptFactory, FingerprintFactory, SessionFactory, SourceFactory

pytestmark = pytest.mark.django_db
BY = By("ada", Origin.COMMAND, NOON)


def _fixed():
    return add_marker("imports mended", BY, at=NOON)


def test_a_manager_marks_a_fix_with_the_checks_that_hold_it():
    FingerprintFactory(key="import", title="Error import", status="ongoing")
    FingerprintFactory(key="other", status="ongoing")
    manager = signed_in(Role.MANAGER)
    form = manager.get("/evidence/markers/new/?fingerprint=import").content.decode()
    assert re.search(r'value="import" checked', form)
    assert "Try 12 of its phases now, before the" in form
    assert (
        'href="/drains/new/?fingerprint=import&amp;batch_size=12&amp;max_fingerprint_repeats=12'
        in form
    )
    answer = manager.post(
        "/evidence/markers/new/",
        {
            "title": "mended", "at": "2026-03-02 12:00", "commit": "4c1f", "fingerprint": "import",
            "keys": "other", "guard": "on", "source": SourceFactory(name="here").name, "runs": "b a",
        },
    )  # fmt: skip
    marker = FixMarker.objects.get()
    assert answer.headers["Location"] == f"/evidence/markers/{marker.pk}/"
    assert (marker.applied_at, marker.created_by) == (NOON, "manager-False")
    assert (marker.source.name, marker.run_ids) == ("here", ["a", "b"])  # type: ignore[union-attr]
    assert sorted(marker.fingerprints.values_list("key", flat=True)) == ["import", "other"]
    assert Fingerprint.objects.get(key="import").status == "fix_deployed"
    assert sorted(marker.checks.values_list("kind", flat=True)) == [
        "no_fingerprint",
        "no_fingerprint",
        "rate_not_worse",
    ]
    assert AuditEvent.objects.filter(verb="add_marker", origin="browser").count() == 1


def test_a_fix_that_makes_no_sense_is_refused_with_what_was_typed():
    manager = signed_in(Role.MANAGER)
    for values, sentence in (
        ({"title": " "}, "needs a title"),
        ({"title": "kept", "at": "2999-01-01"}, "still to come"),
        ({"title": "kept", "source": "nowhere"}, "There is no source “nowhere”"),
        ({"title": "kept", "keys": "none"}, "There is no fingerprint “none”"),
        ({"title": "kept", "at": "noon"}, "“noon” is not a time"),
    ):
        answer = manager.post("/evidence/markers/new/", values)
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
        assert f'value="{values["title"].strip()}"' in answer.content.decode()
    assert not FixMarker.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_a_forged_form_of_somebody_who_may_not_changes_nothing(role):
    marker, person = _fixed(), signed_in(role)
    assert person.post("/evidence/markers/new/", {"title": "forged"}).status_code == 403
    forged = {"kind": "no_unknown"}
    path = f"/evidence/checks/new/?marker={marker.pk}"
    assert person.post(path, forged).status_code == 403
    assert FixMarker.objects.count() == 1
    assert not Check.objects.exists()


def test_a_form_from_another_site_changes_nothing():
    manager = signed_in(Role.MANAGER, csrf=True)
    assert manager.post("/evidence/markers/new/", {"title": "forged"}).status_code == 403
    assert not FixMarker.objects.exists()


def test_a_check_is_added_to_a_fix_a_drain_or_the_fleet():
    marker, session, manager = _fixed(), SessionFactory(), signed_in(Role.MANAGER)
    path = "/evidence/checks/new/"
    manager.post(f"{path}?marker={marker.pk}", {"kind": "completion_rate", "value": "80"})
    manager.post(f"{path}?drain={session.pk}", {"kind": "no_state", "value": "failed"})
    manager.post(path, {"kind": "no_pattern", "value": "Boom", "every": "30", "hours": "6"})
    first, second, third = Check.objects.order_by("pk")
    assert (first.marker, first.threshold, first.every_minutes) == (marker, 0.8, 10)
    assert (second.session, second.state, second.every_minutes) == (session, "FAILED", None)
    assert (third.pattern, third.every_minutes, third.window_hours) == ("Boom", 30, 6)
    assert (third.marker, third.session) == (None, None)
    page = manager.get("/evidence/").content.decode()
    assert "No failure with “Boom”" in page
    assert "Maintenance has not judged it yet." in page
    page = manager.get(f"/evidence/markers/{marker.pk}/").content.decode()
    assert "Dashed: the check asks for 80 %" in page


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"kind": "everything"}, "is no kind of check"),
        ({"kind": "no_pattern"}, "A pattern is missing"),
        ({"kind": "no_fingerprint", "value": "none"}, "There is no fingerprint “none”"),
        ({"kind": "completion_rate", "value": "120"}, "give percent from 0 to 100"),
        ({"kind": "yield", "value": "nan"}, "give events a minute"),
        ({"kind": "no_state", "value": "sad"}, "“sad” is no state"),
        ({"kind": "no_unknown", "every": "x"}, "is no whole number"),
        ({"kind": "no_unknown", "every": "0"}, "every 1 to"),
        ({"kind": "no_unknown", "hours": "9999"}, "looks back 1 to"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(values, sentence):
    answer = signed_in(Role.MANAGER).post("/evidence/checks/new/", values)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not Check.objects.exists()


def test_a_check_of_a_fix_that_is_gone_does_not_become_one_of_the_fleet():
    manager = signed_in(Role.MANAGER)
    for target in ("marker=7", "drain=7", "marker=x"):
        answer = manager.post(f"/evidence/checks/new/?{target}", {"kind": "no_unknown"})
        assert answer.status_code == 404
    assert not Check.objects.exists()


def test_a_regression_is_told_by_the_cause_that_a_fixed_one_was_merged_into():
    target = FingerprintFactory(key="target", title="Error target")
    FingerprintFactory(key="import", merged_into=target)
    marker = add_marker("mended", BY, at=NOON, keys=["import"])
    AttemptFactory(fingerprint="import", started_at=NOON + timedelta(minutes=1))
    page = signed_in(Role.VIEWER).get(f"/evidence/markers/{marker.pk}/").content.decode()
    assert re.search(r"Error target</a> <span class=\"tag\">", page)
