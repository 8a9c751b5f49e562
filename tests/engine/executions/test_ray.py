"""Phases as jobs of a real Ray cluster."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drain.engine.attempts.logs import open_log
from drain.engine.sessions.verbs import cancel_session
from drain.models import Attempt, Phase, TelemetryEvent, Transition
from tests.engine.conftest import SOMEBODY, Backlog
from tests.engine.executions.acting import meanwhile
from tests.engine.executions.many import drain_twenty
from tests.engine.executions.ray import RayCluster
from tests.hosts import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.verify,
    pytest.mark.serial,
    pytest.mark.xdist_group("ray"),
]
RAN = 'echo "ran $1 $$" >> "$OUT/journal"'


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayCluster]:
    started = RayCluster(tmp_path_factory.mktemp("ray") / "cluster")
    yield started
    started.end()


@pytest.fixture
def ray(cluster: RayCluster) -> RayCluster:
    (cluster.folder / "journal").unlink(missing_ok=True)
    return cluster


def test_a_phase_runs_as_a_job_of_ray_with_its_log_its_report_and_its_exit_code(
    backlog: Backlog, ray: RayCluster
) -> None:
    events = ('{"event":"state","state":"gate"}', '{"event":"telemetry","kind":"t"}')
    said = "; ".join(f"echo 'DRAIN_REPORT {event}'" for event in events)
    ray.executor(f'{RAN}; echo "KeyError: $DRAIN_PARAM_KEY"; {said}; exit 3')
    backlog.run("r", 1)
    Phase.objects.update(params={"key": "it's 7"})
    backlog.drain()
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.exit_code) == ("failed", 3), attempt.error
    assert "KeyError: it's 7" in b"".join(open_log(attempt)).decode()
    assert TelemetryEvent.objects.count() == 1
    moves = (
        Transition.objects.filter(subject="phase").order_by("pk").values_list("to_state", flat=True)
    )
    assert list(moves) == ["EXECUTING", "GATE", "FAILED"]


def test_no_value_becomes_code_in_the_shell_that_ray_runs(
    backlog: Backlog, ray: RayCluster
) -> None:
    ray.executor('printf "%s" "$1" > "$OUT/got"')
    backlog.run("r", 1)
    hostile = f'p\'; touch {ray.folder}/pwned; $(touch {ray.folder}/pwned) `id` \\ "x"'
    Phase.objects.update(phase_id=hostile)
    backlog.drain()
    assert Attempt.objects.get().outcome == "complete"
    assert (ray.folder / "got").read_text() == hostile
    assert not (ray.folder / "pwned").exists()


def test_a_cancel_reaches_a_job_of_ray_within_seconds(backlog: Backlog, ray: RayCluster) -> None:
    ray.executor(f"{RAN}; exec sleep 600")
    backlog.run("r", 1)
    session = backlog.session()
    asked_at: list[float] = []

    def act() -> None:
        until(lambda: ray.count("ran"), 60)
        asked_at.append(time.monotonic())
        cancel_session(session.pk, SOMEBODY)

    with meanwhile(act):
        backlog.drain(session)
    pid = (ray.folder / "journal").read_text().split()[2]
    assert not Path(f"/proc/{pid}").exists()
    assert time.monotonic() - asked_at[0] < 5
    assert (session.state, Attempt.objects.get().outcome) == ("cancelled", "cancelled")


def test_a_job_of_ray_whose_time_is_over_is_stopped(backlog: Backlog, ray: RayCluster) -> None:
    ray.executor(f"{RAN}; exec sleep 600")
    backlog.run("r", 1)
    backlog.drain(phase_timeout_seconds=10, max_attempts_per_phase=1)
    attempt = Attempt.objects.get()
    assert attempt.outcome == "timeout"
    assert "has not said" not in attempt.error
    pid = (ray.folder / "journal").read_text().split()[2]
    assert not Path(f"/proc/{pid}").exists()


def test_twenty_jobs_of_ray_run_once_each_though_workers_are_killed(
    backlog: Backlog, ray: RayCluster, tmp_path: Path
) -> None:
    ray.executor(f"{RAN}; sleep 3")
    drain_twenty(backlog, ray, tmp_path)
    assert len(ray.count("ran")) == 20
    assert set(ray.count("ran").values()) == {1}
