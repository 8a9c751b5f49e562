"""Sources and their schedules by a script."""

from __future__ import annotations

from typing import Any

import pytest

from drain.models import Source
from drain.models.roles import Role

pytestmark = pytest.mark.django_db


def test_a_source_is_scheduled_read_and_left_alone_again(script, monkeypatch):
    sent: list[Any] = []
    monkeypatch.setattr(
        "drain.engine.source.schedules.send", lambda *given, **_: sent.append(given)
    )
    source = Source.objects.create(name="jobs", kind="sql", url="postgresql://a:hunter-two@db/x")
    manager = script(Role.MANAGER)
    at = f"sources/{source.pk}"
    made = manager.post(
        f"{at}/schedule", {"cron": "@hourly", "timezone": "Europe/Berlin", "pause_after": None}
    )
    assert (made["schedule"], made["timezone"], made["pause_after"]) == (
        "@hourly",
        "Europe/Berlin",
        None,
    )
    assert made["next_at"]
    assert "hunter-two" not in made["address"]
    assert manager.get("sources")["items"] == [made]
    assert manager.post(f"{at}/read", {"reason": "now"}, 202)["name"] == "jobs"
    assert len(sent) == 1
    assert manager.post(f"{at}/unschedule", {"reason": "moved"})["schedule"] == ""
    manager.post(f"{at}/unschedule", {"reason": "moved"}, 409)
    manager.post("sources/0/read", {"reason": "x"}, 404)


def test_what_makes_no_sense_is_refused_and_changes_nothing(script):
    files = Source.objects.create(name="files", kind="files")
    jobs = Source.objects.create(name="jobs", kind="sql")
    manager = script(Role.MANAGER)
    assert "made of files" in str(
        manager.post(f"sources/{files.pk}/schedule", {"cron": "@daily"}, 409)
    )
    for body in (
        {},
        {"cron": "often"},
        {"cron": "@daily", "pause_after": 0},
        {"cron": "@daily", "dags": ["x"]},
    ):
        manager.post(f"sources/{jobs.pk}/schedule", body, 422)
    script(Role.OPERATOR).post(f"sources/{jobs.pk}/schedule", {"cron": "@daily"}, 403)
    assert not Source.objects.exclude(cron="").exists()


@pytest.mark.parametrize("name", ["after", "limit"])
@pytest.mark.parametrize(
    "typed", ["%2B0.0", "%2B1", "1.0", "1_0", "%201", "%D9%A3", "1e0", "0x1", "9" * 30, "--1"]
)
def test_a_number_in_an_address_is_written_in_digits(script, name, typed):
    said = str(script().get(f"phases?{name}={typed}", 422))
    assert name in said
    assert len(said) < 200
    script(Role.VIEWER).get(f"phases?{name}=7")
