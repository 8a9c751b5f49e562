"""The service of docs/kubernetes.md, started as its Deployment starts it, with a stand-in for kubectl."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from drain.engine.sessions.verbs import cancel_session
from drain.models import Attempt, Phase
from tests.engine.conftest import ROOT, SOMEBODY, Backlog
from tests.engine.executions.acting import meanwhile
from tests.hosts import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("soon"),
    pytest.mark.verify,
]
DOCUMENT = ROOT / "docs" / "kubernetes.md"
TOKEN = "a token"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("JOBS_AUTHORIZATION", f"Bearer {TOKEN}")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(ROOT / "tests" / "data" / "kubectl.py")
    (tmp_path / "cluster").mkdir()
    (tmp_path / "job.json").write_text(json.dumps(template()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "CLUSTER": str(tmp_path / "cluster"),
        "TEMPLATE": str(tmp_path / "job.json"), "TOKEN": TOKEN, "PORT": str(port),
    }  # fmt: skip
    program = ROOT / "docs" / "examples" / "kubernetes_jobs.py"
    with subprocess.Popen(
        [sys.executable, str(program)], env=given, stderr=subprocess.DEVNULL
    ) as process:
        address = f"http://127.0.0.1:{port}/jobs"
        until(lambda: answers(address), 30)
        yield address
        process.terminate()


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code == 401
    except requests.ConnectionError:
        return False


def blocks() -> list[dict[str, Any]]:
    """Return the blocks that the document gives to `kubectl apply`."""
    text = DOCUMENT.read_text().split("```yaml\n")[1].split("```")[0]
    return list(yaml.safe_load_all(text))


def template() -> dict[str, Any]:
    (found,) = [one for one in blocks() if one["kind"] == "ConfigMap"]
    shown: dict[str, Any] = json.loads(found["data"]["job.json"])
    return shown


def executor(backlog: Backlog, address: str, script: str) -> None:
    backlog.executor(
        script, kind="http", url=address, log_url=f"{address}/{{submission_id}}/log",
        headers_from={"Authorization": "JOBS_AUTHORIZATION"},
    )  # fmt: skip


def test_a_phase_is_a_job_of_the_cluster_once_each(
    backlog: Backlog, service: str, tmp_path: Path
) -> None:
    executor(backlog, service, 'echo "KeyError: $1"; echo $1 >> "$OUT/marks"; exit $1')
    backlog.run("r", 2, max_parallel=2)
    assert backlog.drain(max_attempts_per_phase=1).state == "finished"
    states = dict(Phase.objects.values_list("phase_index", "state"))
    assert states == {0: "COMPLETE", 1: "FAILED"}
    failed = Attempt.objects.get(phase__phase_index=1)
    assert (failed.exit_code, failed.outcome) == (1, "failed")
    assert "KeyError: 1" in Phase.objects.get(phase_index=1).last_failure_reason
    assert sorted(backlog.marks()) == ["0", "1"]
    job = json.loads(next((tmp_path / "cluster").glob("*/job")).read_text())
    assert job["spec"]["backoffLimit"] == 0


def test_a_cancel_reaches_the_pod_and_a_second_start_is_refused(
    backlog: Backlog, service: str, tmp_path: Path
) -> None:
    executor(backlog, service, "sleep 300")
    backlog.run("r", 1)
    session = backlog.session()
    cluster = tmp_path / "cluster"

    def cancel() -> None:
        until(lambda: any(cluster.glob("*/pid")), 30)
        cancel_session(session.pk, SOMEBODY)

    with meanwhile(cancel):
        backlog.drain(session)
    assert Attempt.objects.get().outcome == "cancelled"
    (folder,) = cluster.iterdir()
    assert (folder / "suspended").exists()
    again: dict[str, Any] = {
        "submission_id": folder.name.removeprefix("drain-"), "command": ["true"], "env": {},
        "timeout_seconds": 5,
    }  # fmt: skip
    answer = requests.post(
        service, json=again, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
    )
    assert answer.status_code == 409


def test_the_role_in_the_document_allows_what_the_service_does_and_nothing_else() -> None:
    (role,) = [one for one in blocks() if one["kind"] == "Role"]
    allowed = {
        (resource, verb)
        for rule in role["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert allowed == {
        ("jobs", "create"), ("jobs", "get"), ("jobs", "patch"), ("pods", "list"), ("pods/log", "get"),
        ("pods", "get"),
    }  # fmt: skip
