"""A real Airflow of one machine, for tests, in an environment of its own: drainsite never imports it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from drain.models import ExecutorProfile
from drainsite.postgres.postmaster import is_alive
from tests.engine.executions.ray import free_port
from tests.hosts import ROOT, descendants, until

PACKAGE = "apache-airflow==3.3.2"
DAG = """
import os, time
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule=None, start_date=datetime(2026, 1, 1), catchup=False)
def shop():
    @task
    def load(n: int):
        with open("{folder}/journal", "a") as journal:
            print("ran", n, file=journal)
        if n == 3:
            time.sleep(600 if os.path.exists("{folder}/mended") else 0)
        if not os.path.exists("{folder}/mended") or n == 2:
            raise FileNotFoundError(f"config of part {{n}} is missing")

    @task
    def report(parts):
        pass

    report(load.expand(n=[0, 1, 2, 3]))

shop()
"""


def airflow_program() -> str:
    """`airflow` of the environment that AIRFLOW_VENV names, else of one that is made once below var/."""
    venv = Path(os.environ.get("AIRFLOW_VENV") or ROOT / "var" / "airflow")
    if not (venv / "bin" / "airflow").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "-q", PACKAGE], check=True)
    return str(venv / "bin" / "airflow")


class Airflow:
    """The site; its DAG `shop` has four mapped tasks that fail until `mended` exists, and one after them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "dags").mkdir(parents=True)
        (folder / "dags" / "shop.py").write_text(DAG.format(folder=folder))
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rpartition(":")[2]
        program = airflow_program()
        given = {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": port,
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "PATH": f"{Path(program).parent}:{os.environ['PATH']}",
        }
        self._process = subprocess.Popen(
            [program, "standalone"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=given
        )
        until(self._answers, 300)
        self.token = self.ask("GET", "/auth/token")["access_token"]
        until(lambda: not self._is_missing("/api/v2/dags/shop"), 300)
        self.ask("PATCH", "/api/v2/dags/shop", {"is_paused": False})

    def end(self) -> None:
        """End it with all that it started."""
        for pid in (self._process.pid, *descendants(self._process.pid)):
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(60)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer of its API."""
        headers = {"Content-Type": "application/json"}
        if path.startswith("/api/"):
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def run(self, name: str) -> None:
        """Let the DAG run once, not mended, until all of it has failed."""
        (self.folder / "mended").unlink(missing_ok=True)
        self.ask("POST", "/api/v2/dags/shop/dagRuns", {"dag_run_id": name, "logical_date": None})
        ended = ["failed"] * 4 + ["upstream_failed"]
        until(lambda: sorted(map(str, self.states(name))) == ended, 300)

    def instances(self, run: str = "~") -> list[dict[str, Any]]:
        """Every task instance, or those of a run."""
        found: list[dict[str, Any]] = self.ask(
            "GET", f"/api/v2/dags/shop/dagRuns/{run}/taskInstances?limit=100"
        )["task_instances"]
        return found

    def states(self, run: str) -> list[str]:
        """The states of the task instances of a run."""
        return [one["state"] for one in self.instances(run)]

    def executor(self, monkeypatch: pytest.MonkeyPatch) -> ExecutorProfile:
        """The default executor: this site."""
        monkeypatch.setenv("AIRFLOW_AUTHORIZATION", f"Bearer {self.token}")
        return ExecutorProfile.objects.create(
            name="airflow", kind="airflow", url=self.url, is_default=True,
            headers_from={"Authorization": "AIRFLOW_AUTHORIZATION"},
        )  # fmt: skip

    def _answers(self) -> bool:
        assert self._process.poll() is None, "Airflow did not start"
        try:
            self.ask("GET", "/auth/token")
        except OSError:
            return False
        return True

    def _is_missing(self, path: str) -> bool:
        try:
            self.ask("GET", path)
        except urllib.error.HTTPError:
            return True
        return False
