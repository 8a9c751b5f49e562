"""`manage.py autopilot` and `marker add --drain-on-fix`: the verbs of the page, with sentences and JSON."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from drain.models import AuditEvent, Autopilot, DrainSession, FixMarker, Rollout
from drain.policy.stopping.limits import Limits
from tests.factories import ExecutorFactory, FingerprintFactory, PhaseFactory

pytestmark = pytest.mark.django_db


def said(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def answer(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said(*arguments, "--json"))
    return found


def test_one_is_added_with_everything_that_a_drain_has_and_listed_with_its_next_times():
    made = answer(
        "autopilot", "add", "nightly", "--cron", "30 2 * * *", "--timezone", "Europe/Berlin",
        "--quiet", "07:00-20:00", "--budget-attempts", "50", "--budget-minutes", "90.5", "--type", "test",
        "--batch-size", "7", "--ramp", "0.5", "--sample", "3", "--pause-after", "0", "--reason", "why not",
    )  # fmt: skip
    assert made["filter"] == {"types": ["test"]}
    assert made["limits"] == {"batch_size": 7, "ramp": 0.5, "sample": 3}
    assert made["budget"] == {"attempts": 50, "minutes": 90.5, "events": None}
    assert (made["pause_after"], made["paused"], len(made["next"])) == (None, False, 5)
    assert Limits.from_json(Autopilot.objects.get().limits).batch_size == 7
    assert AuditEvent.objects.get().reason == "why not"
    assert answer("autopilot", "list") == {"autopilots": [made], "rollouts": []}
    assert said("autopilot", "list").startswith("nightly (30 2 * * * Europe/Berlin), next 20")


def test_the_verbs_in_their_turn():
    ExecutorFactory()
    PhaseFactory()
    assert said("autopilot", "list") == "No autopilot yet.\n"
    said("autopilot", "add", "hourly", "--cron", "@hourly")
    assert "of 1 phase is started" in said("autopilot", "run", "hourly", "--reason", "now")
    paused = said("autopilot", "pause", "hourly", "--reason", "holiday")
    assert "paused by os:" in paused
    assert paused.endswith(": holiday\n")
    with pytest.raises(CommandError, match="paused already"):
        said("autopilot", "pause", "hourly", "--reason", "again")
    assert "next 20" in said("autopilot", "resume", "hourly", "--reason", "back")
    assert said("autopilot", "remove", "hourly", "--reason", "x") == "hourly is removed.\n"
    assert DrainSession.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add", "x", "--cron", "nonsense"), "is no schedule"),
        (("add", "x", "--cron", "@daily", "--until", "18:00"), "give quiet hours"),
        (("add", "x", "--cron", "@daily", "--run-id", "nowhere"), "no run"),
        (("add", "x", "--on-fix", "--sample", "3"), "sample of 3"),
        (("pause", "x", "--reason", "y"), "no autopilot “x”; there are: none yet"),
        (("remove", "x"), "reason is missing"),
        (("stop", "7", "--reason", "x"), "no drain on fix FM-7"),
    ],
)
def test_a_refusal_is_one_sentence(arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        said("autopilot", *arguments)


def test_a_marker_with_its_drain_on_fix_is_made_whole_or_not_at_all():
    FingerprintFactory(key="cause")
    with pytest.raises(CommandError, match="Name the fingerprints"):
        said("marker", "add", "Pinned", "--drain-on-fix")
    with pytest.raises(CommandError, match="sample of 2"):
        said("marker", "add", "Pinned", "--fingerprint", "cause", "--drain-on-fix", "--sample", "2")
    assert not FixMarker.objects.exists()
    assert not AuditEvent.objects.exists()
    marker = answer("marker", "add", "Pinned", "--fingerprint", "cause", "--drain-on-fix")["marker"]
    rollout = Rollout.objects.get()
    assert (rollout.marker_id, rollout.sample, rollout.state) == (marker, 24, "waiting")
    assert said("autopilot", "list") == f"FM-{marker} waiting: no drain yet\n"
    assert f"FM-{marker} stopped" in said("autopilot", "stop", str(marker), "--reason", "wrong")


def test_settings_are_changed_one_by_one_and_cleared():
    answer(
        "autopilot", "add", "nightly", "--cron", "@daily", "--type", "test", "--batch-size", "7",
        "--budget-attempts", "50", "--quiet", "07:00-20:00",
    )  # fmt: skip
    made = answer("autopilot", "set", "nightly", "--ramp", "0.5", "--reason", "slower")
    assert (made["limits"], made["filter"]) == ({"batch_size": 7, "ramp": 0.5}, {"types": ["test"]})
    assert (made["cron"], made["pause_after"]) == ("@daily", 3)
    made = answer(
        "autopilot", "set", "nightly", "--clear", "ramp", "--clear", "filters", "--clear", "quiet",
        "--clear", "budget-attempts", "--budget-minutes", "9", "--pause-after", "0", "--cron", "@hourly", "--reason", "x",
    )  # fmt: skip
    assert (made["limits"], made["filter"], made["quiet"]) == ({"batch_size": 7}, {}, "")
    assert made["budget"] == {"attempts": None, "minutes": 9, "events": None}
    assert (made["cron"], made["pause_after"]) == ("@hourly", None)
    for wrong in (
        ("--reason", "x"),
        ("--cron", "@daily"),
        ("--clear", "nonsense", "--reason", "x"),
    ):
        with pytest.raises((CommandError, SystemExit)):
            said("autopilot", "set", "nightly", *wrong)
    assert AuditEvent.objects.filter(verb="autopilot.change").count() == 2
