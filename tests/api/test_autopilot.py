"""Autopilots by a script, and a deploy hook that marks a fix and has it drained."""

from __future__ import annotations

import pytest

from drain.models import AuditEvent, Autopilot, FixMarker, Rollout
from drain.models.roles import Role
from tests.factories import ExecutorFactory, FingerprintFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db


def test_an_autopilot_is_added_listed_run_paused_resumed_and_removed(script):
    ExecutorFactory()
    PhaseFactory(run=RunFactory(labels=["gpu"]))
    operator = script()
    body = {
        "name": "nightly", "cron": "30 2 * * *", "timezone": "Europe/Berlin", "quiet": "07:00-20:00",
        "filter": {"labels": ["gpu"]}, "limits": {"parallel": 2}, "budget": {"attempts": 50},
    }  # fmt: skip
    made = operator.post("autopilots", body, 201)
    assert (made["filter"], made["limits"]) == ({"labels": ["gpu"]}, {"parallel": 2})
    assert (made["budget"]["attempts"], made["used"]["attempts"]) == (50, 0)
    assert len(made["next"]) == 5
    assert operator.get("autopilots")["items"] == [made]
    at = f"autopilots/{made['id']}"
    assert operator.post(f"{at}/run", {"reason": "now"}, 201)["selected"] == 1
    operator.post(f"{at}/run", {"reason": "again"}, 409)
    assert operator.post(f"{at}/pause", {"reason": "holiday"})["paused"] is True
    operator.post(f"{at}/pause", {"reason": "holiday"}, 409)
    assert operator.post(f"{at}/resume", {"reason": "back"})["paused"] is False
    operator.post(f"{at}/remove", {}, 422)
    assert operator.post(f"{at}/remove", {"reason": "enough"}) == {"removed": "nightly"}
    operator.post(f"{at}/run", {"reason": "x"}, 404)


def test_settings_that_are_left_out_stay_and_null_clears(script):
    operator = script()
    body = {
        "name": "nightly",
        "cron": "@daily",
        "filter": {"labels": ["gpu"]},
        "limits": {"parallel": 2},
    }
    made = operator.post("autopilots", body, 201)
    at = f"autopilots/{made['id']}/change"
    changed = operator.post(at, {"quiet": "07:00-20:00", "pause_after": None, "reason": "x"})
    assert (changed["filter"], changed["limits"]) == (made["filter"], made["limits"])
    assert (changed["quiet"], changed["pause_after"]) == ("07:00-20:00", None)
    changed = operator.post(at, {"filter": None, "budget": {"attempts": 5}, "reason": "x"})
    assert (changed["filter"], changed["budget"]["attempts"]) == ({}, 5)
    operator.post(at, {"reason": "x"}, 422)
    operator.post(at, {"cron": "@hourly"}, 422)
    operator.post(at, {"filter": {}, "reason": "x"}, 422)
    operator.post("autopilots/0/change", {"cron": "@hourly", "reason": "x"}, 404)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"cron": "nonsense"}, "is no schedule"),
        ({"on_fix": True}, "and not both"),
        ({"timezone": "Mars"}, "no time zone"),
        ({"quiet": "late"}, "no quiet hours"),
        ({"filter": {}}, "empty filter"),
        ({"limits": {"until": "2099-01-01"}}, "until"),
        ({"budget": {"attempts": 0}}, "attempts"),
        ({"pause_after": 0}, "pause_after"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_makes_no_sense_is_refused(script, changes, sentence):
    body = {"name": "nightly", "cron": "@daily", **changes}
    assert sentence in operator_said(script, body)
    assert not Autopilot.objects.exists()


def operator_said(script, body):
    return str(script().post("autopilots", body, 422))


def test_a_deploy_hook_marks_a_fix_and_has_it_drained_or_does_neither(script):
    FingerprintFactory(key="cause")
    manager = script(Role.MANAGER)
    body = {"title": "Pinned", "commit": "abc", "drain_on_fix": {"limits": {"parallel": 3}}}
    for wrong in (
        body,
        body | {"fingerprints": ["cause"], "drain_on_fix": {"sample": 2}},
        body | {"fingerprints": ["cause"], "drain_on_fix": {"limits": {"sample": 3}}},
    ):
        manager.post("markers", wrong, 422)
    assert not FixMarker.objects.exists()
    made = manager.post("markers", body | {"fingerprints": ["cause"]}, 201)
    (found,) = manager.get("rollouts")["items"]
    assert (found["marker"], found["state"], found["sample"]) == (made["id"], "waiting", 24)
    assert Rollout.objects.get().limits["parallel"] == 3
    stopped = script().post(f"markers/{made['id']}/stop", {"reason": "wrong fix"})
    assert (stopped["state"], stopped["card"]["rule"]) == ("stopped", "person")
    script().post(f"markers/{made['id']}/stop", {"reason": "again"}, 409)
    lines = AuditEvent.objects.filter(verb__startswith="rollout.").values_list("verb", flat=True)
    assert list(lines.order_by("pk")) == ["rollout.start", "rollout.stop"]


def test_a_marker_alone_is_drained_by_nobody(script):
    FingerprintFactory(key="cause")
    script(Role.MANAGER).post("markers", {"title": "Pinned", "fingerprints": ["cause"]}, 201)
    assert not Rollout.objects.exists()


def test_who_may_mark_and_not_drain_gets_neither(script):
    from django.contrib.auth.models import Permission

    from drain.models.audit import Person
    from drain.models.vocabulary import Origin
    from drain.people.tokens import issue_token
    from tests.people import person

    FingerprintFactory(key="cause")
    marks = person(None, "marks")
    marks.user_permissions.add(Permission.objects.get(codename="add_fixmarker"))
    by = Person("administrator", Origin.ADMIN)
    viewer = script(Role.VIEWER)
    viewer.token = issue_token(marks, "marks", by, expires_at=None)[1]
    body = {"title": "Pinned", "fingerprints": ["cause"]}
    viewer.post("markers", body | {"drain_on_fix": {}}, 403)
    assert not FixMarker.objects.exists()
    viewer.post("markers", body, 201)
