"""Services of phases are started before a drain, watched, and ended after it;
a wrong one is refused with both names.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection

from drain.engine.process.health import Needed, ask, mismatch, read_answer
from drain.engine.sessions.results import session_result
from drain.engine.workers import services
from drain.models import Attempt, ExecutorProfile
from tests.engine.conftest import Backlog
from tests.engine.pipeline import DATA, Pipeline

pytestmark = pytest.mark.django_db(transaction=True)


class Api:
    """A port, and the server that may answer there."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.noted = folder / "started"
        self.argv = [sys.executable, str(DATA / "service.py"), str(self.port), str(self.noted)]

    @property
    def pids(self) -> list[int]:
        return [int(line) for line in self.noted.read_text().split()] if self.noted.exists() else []

    def answers(self) -> bool:
        return ask(f"{self.url}/health") is not None


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(tmp_path)


@pytest.fixture
def shared(
    tmp_path: Path, transactional_db: None, api: Api, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """Two runs of two phases, each of which needs the API server while it runs."""
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.02)
    monkeypatch.setattr(services, "TRUSTED_SECONDS", 0.2)
    pipeline = Pipeline(tmp_path, settle_seconds=0.5)
    for run in range(2):
        pipeline.run(f"r{run}")
        pipeline.phase(f"r{run}", "a", 0)
        pipeline.phase(f"r{run}", "b", 1)
    pipeline.load()
    pipeline.tell(AUTOPACK_API_URL=api.url, STUB_CALLS_API="1")
    name_service(pipeline, api.argv)
    yield pipeline
    services.end_services()


def name_service(pipeline: Pipeline, argv: list[str]) -> None:
    profile = ExecutorProfile.objects.filter(pk=pipeline.profile.pk)
    profile.update(service=" ".join(argv), preflight="")


@pytest.mark.verify
def test_phases_share_one_service_that_is_gone_after_the_drain(
    shared: Pipeline, api: Api, backlog: Backlog
) -> None:
    result = session_result(backlog.drain(shared.session(parallel=2)))
    assert (result["complete"], result["failed"]) == (4, 0)
    assert len(api.pids) == 1
    assert not api.answers()
    with pytest.raises(ProcessLookupError):
        os.kill(api.pids[0], 0)


@pytest.mark.verify
def test_a_service_that_dies_is_there_again_for_the_next_phase(
    shared: Pipeline, api: Api, backlog: Backlog
) -> None:
    def kill_once() -> None:
        while not Attempt.objects.filter(outcome="complete", session__isnull=False).exists():
            time.sleep(0.05)
        os.kill(api.pids[0], signal.SIGKILL)
        connection.close()

    thread = Thread(target=kill_once)
    thread.start()
    result = session_result(backlog.drain(shared.session(max_fingerprint_repeats=9)))
    thread.join()
    assert len(api.pids) == 2
    assert result["complete"] >= 3, "at most the one that ran then has failed"


def test_another_service_at_the_address_is_refused_with_both_names(
    shared: Pipeline, api: Api, backlog: Backlog
) -> None:
    other = subprocess.Popen([*api.argv, "billing", "orders.db"])
    try:
        while not api.answers():
            time.sleep(0.05)
        session = backlog.drain(shared.session())
    finally:
        other.kill()
        other.wait()
    assert (session.state, session.stop_reason) == ("refused", "preflight_failed")
    sentence = session.stop_card["sentence"]
    assert "it says “billing” with the database “orders.db”" in sentence
    assert f"this drain needs “autopack” with “sqlite:///{shared.path}”" in sentence
    assert not Attempt.objects.filter(session__isnull=False).exists()
    assert api.pids == [other.pid], "none of ours was started"


def test_the_right_one_that_runs_already_is_used_and_left_running(
    shared: Pipeline, api: Api, backlog: Backlog
) -> None:
    env = {**os.environ, "DATABASE_URL": f"sqlite:///{shared.path}"}
    there = subprocess.Popen(api.argv, env=env)
    try:
        while not api.answers():
            time.sleep(0.05)
        result = session_result(backlog.drain(shared.session(batch_size=2)))
        assert result["complete"] == 2
        assert there.poll() is None
        assert api.pids == [there.pid]
    finally:
        there.kill()
        there.wait()


def test_a_service_that_cannot_start_refuses_the_drain_with_its_last_words(
    shared: Pipeline, backlog: Backlog
) -> None:
    name_service(shared, ["/bin/sh", "-c", "'echo no module named uvicorn; exit 3'"])
    session = backlog.drain(shared.session())
    assert session.state == "refused"
    assert "exit 3: no module named uvicorn" in session.stop_card["sentence"]


def test_any_executor_may_have_a_service(api: Api, backlog: Backlog) -> None:
    backlog.executor(
        f'{sys.executable} -c "import urllib.request as u; u.urlopen(\'{api.url}\')"',
        service=" ".join(api.argv), service_url=f"{api.url}/well",
    )  # fmt: skip
    backlog.run("r", 3)
    assert session_result(backlog.drain(parallel=2))["complete"] == 3
    assert not api.answers()


@pytest.mark.parametrize(
    ("answer", "database"),
    [
        ({"database_identity": "a1b2"}, "a1b2"),
        ({"database": "sqlite:////srv/a.db"}, "sqlite:////srv/a.db"),
        ({"database": "connected"}, ""),
        (
            {"database": "connected", "db_identity_detail": {"sqlite_file": "/srv/a.db"}},
            "/srv/a.db",
        ),
        ({"db_identity": "a1b2", "database": "connected"}, "a1b2"),
    ],
)
def test_a_database_is_known_by_any_of_its_names(answer: dict[str, object], database: str) -> None:
    found = read_answer(json.dumps({"service": "autopack", **answer}).encode())
    assert (found.service, found.database) == ("autopack", database)
    assert not mismatch(found, Needed("autopack", {database}, "it"), "http://x")
    assert bool(mismatch(found, Needed("autopack", {"other"}, "it"), "http://x")) is bool(database)
