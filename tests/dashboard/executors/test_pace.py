"""The pace of an executor in its form: typed, kept as it is, refused in a sentence, and shown as gauges."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from drain.dashboard.executors.gauges import executor_gauges
from drain.models import ExecutorProfile
from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.factories import AttemptFactory, ExecutorFactory, PhaseFactory, RunFactory

pytestmark = pytest.mark.django_db
ADDRESS = "/executors/set/"


@pytest.fixture
def client(db: None) -> Client:
    return signed_in(Role.ADMINISTRATOR)


def save(client: Client, **more: str) -> str:
    form = {"name": "jobs", "command": "true", "act": "save", "reason": "slower", **more}
    return str(client.post(ADDRESS, form).content.decode())


def field(page: str, name: str) -> str:
    (found,) = re.findall(rf'name="{name}"[^>]*\s+value="([^"]*)"', page)
    return str(found)


def test_a_ramp_in_percent_and_a_delay_come_back_as_they_were_typed(client):
    save(client, max_parallel="8", ramp="12.5", run_delay_seconds="0.5")
    made = ExecutorProfile.objects.get()
    assert (made.ramp, made.run_delay_seconds) == (0.125, 0.5)
    page = client.get(f"{ADDRESS}?name=jobs").content.decode()
    assert (field(page, "ramp"), field(page, "run_delay_seconds")) == ("12.5", "0.5")
    save(client, max_parallel="8", ramp="", run_delay_seconds="")
    made.refresh_from_db()
    assert (made.ramp, made.run_delay_seconds) == (None, None)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"ramp": "20"}, "A ramp doubles up to --max-parallel"),
        ({"max_parallel": "8", "ramp": "120"}, "at most 1"),
        ({"max_parallel": "8", "ramp": "x"}, "is a number like 20 or 0.5"),
        ({"run_delay_seconds": "1e9"}, "is a number like 20 or 0.5"),
        ({"run_delay_seconds": "0"}, "must be more than 0"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_saves_nothing(client, typed, said):
    assert said in save(client, **typed)
    assert not ExecutorProfile.objects.exists()


def test_gauges_count_what_runs_and_starts_of_it_over_all_drains_and_nothing_of_others(client):
    default = ExecutorFactory(
        name="jobs", max_parallel=8, starts_per_minute=60, ramp=0.2, ramp_size=4, ramp_ended=3, ramp_failed=1
    )  # fmt: skip
    other = ExecutorFactory(name="other", is_default=False, max_parallel=9)
    for executor in (default, None, other):
        run = RunFactory(executor=executor)
        AttemptFactory(
            phase=PhaseFactory(run=run, state="EXECUTING", lease_owner="0" * 32), outcome=None, finished_at=None,
            started_at=timezone.now(),
        )  # fmt: skip
    shown = [(each.name, each.observed, each.limit) for each in executor_gauges("jobs")]
    assert shown == [("At once", 2, 8), ("Starts in a minute", 2, 60), ("Ramp", 4, 8)]
    assert [(each.name, each.observed) for each in executor_gauges("other")] == [("At once", 1)]
    page = client.get(f"{ADDRESS}?name=jobs").content.decode()
    assert "at once; 3 of 4 ended, 1 failed; begins anew at 20" in page
    assert executor_gauges("nobody") == executor_gauges("") == []
