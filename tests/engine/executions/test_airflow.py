"""Phases as task instances of a real Airflow."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from django.utils import timezone

from drain.engine.attempts.logs import open_log
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.verbs import cancel_session
from drain.models import Attempt, Phase
from drain.models.audit import Person
from drain.models.vocabulary import Origin
from drain.sources.files.importing import import_file
from drain.sources.files.result import Options
from tests.engine.conftest import SOMEBODY, Backlog
from tests.engine.executions.acting import meanwhile
from tests.engine.executions.airflow import Airflow
from tests.hosts import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.verify,
    pytest.mark.serial,
    pytest.mark.timeout(1500),
]

PERSON = Person("os:test@host", Origin.COMMAND)


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    started = Airflow(tmp_path_factory.mktemp("airflow") / "home")
    yield started
    started.end()


def read(airflow: Airflow, run: str) -> None:
    """Import what its API lists, as `manage.py import_phases` does with a file of it."""
    listed = json.dumps({"task_instances": airflow.instances(run)}).encode()
    import_file(io.BytesIO(listed), None, timezone.now(), "airflow", Options(), by=PERSON, file="f")


def test_failed_tasks_are_cleared_once_each_and_what_airflow_says_of_them_counts(
    airflow: Airflow, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow.executor(monkeypatch)
    airflow.run("night+1")
    read(airflow, "night+1")
    assert sorted(Phase.objects.values_list("phase_id", "state")) == [
        ("load[0]", "FAILED"), ("load[1]", "FAILED"), ("load[2]", "FAILED"), ("load[3]", "FAILED"),
        ("report", "QUEUED"),
    ]  # fmt: skip
    airflow.ask("PATCH", "/api/v2/dags/shop/dagRuns/night+1/taskInstances/load/1", {"note": "mine"})
    (airflow.folder / "mended").touch()
    only = Phase.objects.filter(phase_id__in=["load[0]", "load[1]", "load[2]"])
    scope = SessionScope(phases=tuple(only.values_list("pk", flat=True)))
    backlog.drain(backlog.session(scope=scope, parallel=3, max_attempts_per_phase=1))
    outcomes = dict(Attempt.objects.values_list("phase__phase_id", "outcome"))
    assert outcomes == {"load[0]": "complete", "load[1]": "complete", "load[2]": "failed"}
    failed = Attempt.objects.get(outcome="failed")
    assert "FileNotFoundError: config of part 2 is missing" in failed.error
    assert "Traceback" in b"".join(open_log(failed)).decode()
    tried = {(one["task_id"], one["map_index"]): one for one in airflow.instances("night+1")}
    assert [tried["load", n]["try_number"] for n in range(4)] == [2, 2, 2, 1]
    assert tried["load", 1]["note"].startswith("mine\ndrainsite-")
    assert [tried["load", n]["state"] for n in range(4)] == [
        "success",
        "success",
        "failed",
        "failed",
    ]


def test_a_cancel_ends_the_task_in_airflow(
    airflow: Airflow, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow.executor(monkeypatch)
    airflow.run("night+2")
    (airflow.folder / "mended").touch()
    read(airflow, "night+2")
    phase = Phase.objects.get(run__run_id="shop/night+2", phase_id="load[3]")
    session = backlog.session(scope=SessionScope(phases=(phase.pk,)))

    def cancel() -> None:
        until(lambda: "running" in airflow.states("night+2"), 240)
        cancel_session(session.pk, SOMEBODY)

    with meanwhile(cancel):
        backlog.drain(session)
    attempt = Attempt.objects.get()
    assert attempt.outcome == "cancelled"
    assert "has not said" not in attempt.error
    assert "running" not in airflow.states("night+2")


def test_what_is_not_failed_in_airflow_any_more_is_not_cleared(
    airflow: Airflow, backlog: Backlog, monkeypatch: pytest.MonkeyPatch
) -> None:
    airflow.executor(monkeypatch)
    airflow.run("night+3")
    read(airflow, "night+3")
    path = "/api/v2/dags/shop/dagRuns/night+3/taskInstances/load/0"
    airflow.ask("PATCH", path, {"new_state": "success"})
    phase = Phase.objects.get(run__run_id="shop/night+3", phase_id="load[0]")
    backlog.drain(scope=SessionScope(phases=(phase.pk,)), max_attempts_per_phase=1)
    attempt = Attempt.objects.get()
    assert "is success there, not failed: nothing was cleared" in attempt.error
    assert airflow.ask("GET", path)["try_number"] == 1
