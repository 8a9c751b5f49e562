"""`manage.py compare` gives the page's numbers as text or JSON, and CI its exit code."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.markers import add_marker
from drain.models import Check, Fingerprint
from drain.models.vocabulary import CheckKind, Origin
from tests.factories import NOON, AttemptFactory, FingerprintFactory, PhaseFactory, SessionFactory

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def marker():
    found = add_marker("mended", By("ada", Origin.COMMAND, NOON), at=NOON)
    for _ in range(8):
        phase = PhaseFactory()
        AttemptFactory(phase=phase, started_at=NOON - HOUR, error="boom")
        AttemptFactory(phase=phase, started_at=NOON + HOUR, outcome="complete")
    return found


def test_before_and_after_a_fix_in_sentences(marker, capsys):
    call_command("compare", "--marker", str(marker.pk))
    said = capsys.readouterr().out
    assert "8 of 8 phases completed that had failed before; a second try alone may do that" in said
    assert "Not enough data: The fix names no fingerprint" in said
    assert "completed 8 of 8 (100.0 %, 95 % interval 56.1 to 100.0)" in said


def test_a_failed_check_of_the_fix_ends_with_3(marker, capsys):
    Check.objects.create(name="c", kind=CheckKind.NO_STATE, state="FAILED", marker=marker)
    with pytest.raises(CommandError, match="phases are FAILED") as refused:
        call_command("compare", "--marker", str(marker.pk), "--json")
    assert refused.value.returncode == 3
    found = json.loads(capsys.readouterr().out)
    assert found["after"]["rate"]["n"] == 8
    assert found["checks"][0]["verdict"] == "fail"


def test_what_cannot_be_compared_is_one_sentence(marker):
    drain = str(SessionFactory().pk)
    with pytest.raises(CommandError, match="choose two different drains"):
        call_command("compare", "--drains", drain, drain)


def test_the_newest_drain_has_a_name_wherever_a_number_would_do(capsys):
    with pytest.raises(CommandError, match="no drain yet"):
        call_command("compare", "--drain", "latest")
    earlier, newest = SessionFactory().pk, SessionFactory().pk
    call_command("compare", "--drains", str(earlier), "latest", "--json")
    assert json.loads(capsys.readouterr().out)["asked"]["b"] == str(newest)
    for command in ("whatif", "report"):
        call_command(command, "latest", "--json")
        assert json.loads(capsys.readouterr().out)["session"]


def test_a_fix_whose_cause_is_seen_again_ends_with_3_as_its_page_says(capsys):
    FingerprintFactory(key="import", title="Error import", status="ongoing")
    target = FingerprintFactory(key="root", title="Error root", status="regressed")
    fix = add_marker("mended", By("ada", Origin.COMMAND, NOON), at=NOON, keys=["import"])
    Fingerprint.objects.filter(key="import").update(merged_into=target)
    with pytest.raises(CommandError, match="1 of 1 fingerprint failed in attempts") as refused:
        call_command("compare", "--marker", str(fix.pk), "--json")
    assert refused.value.returncode == 3
    assert json.loads(capsys.readouterr().out)["standing"]["verdict"] == "fail"


def test_a_fix_that_names_nothing_says_how_a_verdict_on_it_is_had(capsys):
    FingerprintFactory(key="cause")
    call_command("marker", "add", "Mended")
    assert "mark it again with --fingerprint KEY" in capsys.readouterr().out
    call_command("marker", "add", "Mended", "--fingerprint", "cause")
    assert "mark it again" not in capsys.readouterr().out
