"""The doctor names what is wrong and the way out, and calls healthy only what is."""

from __future__ import annotations

import io
import json
import shutil
from collections import namedtuple
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from drain.engine.errors import EngineError
from drain.engine.workers.hosts import register_host
from drain.models import Autopilot, ExecutorProfile, WorkerHost
from drainsite import doctor
from tests.factories import AttemptFactory, PhaseFactory

pytestmark = pytest.mark.django_db


def found() -> dict[str, doctor.Finding]:
    return {each.name: each for each in doctor.examine()}


@pytest.fixture
def healthy():
    now = timezone.now()
    WorkerHost.objects.create(host="h", pid=1, version="1", workers=2, last_answer=now)
    ExecutorProfile.objects.create(name="e", argv=["true"], cwd="/")


def test_a_healthy_site_has_no_warning(healthy):
    assert [each for each in doctor.examine() if each.level != "ok"] == []


def test_a_database_that_does_not_answer_is_the_only_thing_said_of_it(monkeypatch):
    def gone():
        raise OperationalError("connection refused\nis it running?")

    monkeypatch.setattr(connection, "cursor", gone)
    said = found()
    assert said["database"].sentence == "The database does not answer: connection refused."
    assert set(said) == {"settings", "names", "disk", "database"}


def test_a_full_disk_is_a_problem(monkeypatch, healthy):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(10, 10, 5))
    assert found()["disk"].level == "problem"


def test_missing_migrations_are_counted(monkeypatch, healthy):
    monkeypatch.setattr("drainsite.doctor.MigrationExecutor.migration_plan", lambda *_: [1, 2])
    for name in ("_leases", "require_shared_secret"):
        monkeypatch.setattr(doctor, name, lambda: pytest.fail("asked tables of another version"))
    said = found()
    assert said["migrations"].sentence == "2 migrations are missing."
    assert "broker" in said
    assert not said.keys() & {"hosts", "leases", "executors"}


def test_a_clock_that_differs_is_said(monkeypatch, healthy):
    ago = timezone.now() - timedelta(minutes=5)
    monkeypatch.setattr("drainsite.doctor.timezone.now", lambda: ago)
    assert "apart" in found()["clock"].sentence


def test_leases_of_workers_that_are_gone_are_a_problem(healthy):
    late = timezone.now() - timedelta(minutes=10)
    phase = PhaseFactory(state="EXECUTING", lease_owner="0" * 32)
    AttemptFactory(phase=phase, outcome=None, started_at=late, finished_at=None, loop="1" * 32)
    assert found()["leases"].sentence == "1 phase is held by workers that are gone."


def test_what_a_running_site_is_about_to_rescue_is_no_problem_yet_and_not_denied(healthy):
    phase, now = PhaseFactory(state="EXECUTING"), timezone.now()
    AttemptFactory(phase=phase, outcome=None, started_at=now, finished_at=None, loop="1" * 32)
    said = found()["leases"]
    assert said.level == "ok"
    assert said.sentence.endswith("that has been gone for two minutes.")


@pytest.mark.parametrize(
    ("argv", "said"),
    [([], "There is no executor"), (["/nowhere/tool"], "cannot run on this machine")],
)
def test_an_executor_that_is_missing_or_cannot_run_is_said(argv, said):
    if argv:
        ExecutorProfile.objects.create(name="e", argv=argv, cwd="/")
    assert said in found()["executors"].sentence


def test_an_autopilot_that_paused_itself_is_said_and_one_that_a_person_paused_is_not(healthy):
    now = timezone.now()
    for name, by in (("nightly", "autopilot nightly"), ("weekly", "ann"), ("hourly", "")):
        Autopilot.objects.create(
            name=name, trigger="schedule", cron="@daily", armed_at=now, heard_at=now, created_by="ann",
            paused_by=by, paused_at=now if by else None, paused_reason="Nothing completed.",
        )  # fmt: skip
    said = [each for each in doctor.examine() if each.name == "autopilots"]
    assert [(each.level, each.sentence) for each in said] == [
        ("warning", "nightly paused itself: Nothing completed."),
        ("ok", "1 of 3 autopilots are on."),
    ]


def test_no_host_is_a_warning():
    assert found()["hosts"].level == "warning"


def test_a_broker_that_cannot_be_used_is_a_problem(monkeypatch, healthy):
    def refused():
        raise EngineError("The broker redis://h does not answer: start it.")

    monkeypatch.setattr(doctor, "require_broker", refused)
    broker = found()["broker"]
    assert (broker.level, broker.sentence) == (
        "problem",
        "The broker redis://h does not answer: start it.",
    )


def test_another_secret_than_that_of_a_live_host_is_a_problem(healthy, settings):
    register_host(1, [])
    assert found()["secret"].level == "ok"
    settings.SECRET_KEY = "another" * 8
    assert found()["secret"].level == "problem"


def test_half_of_a_provider_without_its_address_is_said(monkeypatch, healthy):
    assert "provider" not in found()
    monkeypatch.setenv("DRAIN_OIDC_CLIENT_ID", "drainsite")
    assert "DRAIN_OIDC_ISSUER is missing" in found()["provider"].sentence


def test_the_command_says_the_same_as_json_and_ends_with_3_for_a_problem(monkeypatch, healthy):
    monkeypatch.setattr("drainsite.doctor.MigrationExecutor.migration_plan", lambda *_: [1])
    out = io.StringIO()
    with pytest.raises(SystemExit, match="3"):
        call_command("doctor", "--json", stdout=out)
    findings = json.loads(out.getvalue())["findings"]
    assert {each["name"] for each in findings} >= {
        "settings",
        "disk",
        "database",
        "migrations",
    }
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=(text := io.StringIO()))
    assert "PROBLEM" in text.getvalue()
    assert "manage.py migrate" in text.getvalue()


def test_a_server_of_a_version_that_no_test_runs_on_is_warned_of(monkeypatch, healthy):
    assert found()["database"].level == "ok"
    monkeypatch.setattr(doctor, "TESTED_POSTGRES", 17)
    said = found()["database"]
    assert {"migrations", "hosts", "leases"} <= found().keys()
    assert said.level == "warning"
    assert said.sentence.endswith(" answers; what is tested is 17.")
    assert said.advice.startswith("Move the data to PostgreSQL 17")
