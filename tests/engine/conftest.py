"""Backlogs of real processes: each phase is a shell script, each drain is the engine's own loop."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.utils import timezone

from drain.engine.inline import drain_inline
from drain.engine.process import warden
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.results import session_counts
from drain.engine.sessions.scope import SessionScope
from drain.engine.sessions.verbs import Actor
from drain.models import DrainSession, ExecutorProfile, Phase, Run
from drain.models.vocabulary import CandidateStatus, Order, Origin, PhaseState
from drain.policy.stopping.limits import Limits
from tests.engine.autopack import Autopack
from tests.engine.pipeline import OLD, Pipeline

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True, scope="session")
def _no_warden_outlives_the_tests() -> Iterator[None]:
    """Loops that ran in this process have left it one, as they do in a worker."""
    yield
    warden.retire()


SOMEBODY = Actor("os:test@host", Origin.COMMAND)


class Backlog:
    """Makes runs of failed phases and drains them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def executor(self, script: str, **changes: Any) -> ExecutorProfile:
        """The default profile: a shell script that sees the phase in its environment, $1 is its index."""
        values = {
            "argv": ["/bin/sh", "-c", script, "sh", "{phase_index}"],
            "env": {"OUT": str(self.folder)},
        }
        profile, _ = ExecutorProfile.objects.update_or_create(
            name="script", defaults={**values, "is_default": True, **changes}
        )
        return profile

    def run(
        self,
        run_id: str,
        states: Sequence[str] | int,
        *,
        max_parallel: int = 1,
        order: Order = Order.INDEPENDENT,
    ) -> Run:
        """A run whose phases p0, p1 … are in these states; a number means that many failed ones."""
        run = Run.objects.create(run_id=run_id, max_parallel=max_parallel, order=order)
        found = [PhaseState.FAILED] * states if isinstance(states, int) else states
        Phase.objects.bulk_create(
            Phase(run=run, phase_id=f"p{index}", phase_index=index, state=state)
            for index, state in enumerate(found)
        )
        return run

    def session(self, *, scope: SessionScope | None = None, **limits: Any) -> DrainSession:
        """A planned session over everything."""
        given = Limits(**{"batch_size": 1000, **limits})
        asked = DrainRequest(
            scope or SessionScope(), given, SOMEBODY.name, SOMEBODY.origin, inline=True
        )
        return create_session(asked, timezone.now())

    def drain(self, session: DrainSession | None = None, **limits: Any) -> DrainSession:
        """Drain a session to its end in this process; what waits is counted right however it ends."""
        session = session or self.session(**limits)
        drain_inline(session, SOMEBODY, lambda: False)
        waiting = session.candidates.filter(status=CandidateStatus.WAITING).count()
        assert session_counts(session.pk)["waiting"] == waiting
        return session

    def marks(self) -> list[str]:
        """The lines that phases have appended to $OUT/marks, in order."""
        path = self.folder / "marks"
        return path.read_text().split() if path.exists() else []


@pytest.fixture
def backlog(tmp_path: Path, transactional_db: None) -> Backlog:
    """An empty backlog in a database of its own, with a folder for what phases write."""
    return Backlog(tmp_path)


@pytest.fixture
def autopack(tmp_path: Path, transactional_db: None) -> Autopack:
    """The sample Autopack database, imported, with the stub script behind it."""
    return Autopack(tmp_path)


@pytest.fixture
def pipeline(tmp_path: Path, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """An empty Autopack database with the stand-in script behind it."""
    monkeypatch.setattr("drain.sources.autopack.readback.POLL_SECONDS", 0.05)
    monkeypatch.setattr("drain.engine.attempts.finish.back_off", lambda tries: 0.1)
    return Pipeline(tmp_path, settle_seconds=0.6)


@pytest.fixture
def one(pipeline: Pipeline) -> Pipeline:
    """A run with one failed phase that has failed before."""
    pipeline.run("r")
    pipeline.phase("r", "p", 0, last_failure_reason=OLD, retry_attempt=1)
    pipeline.load()
    return pipeline


Manage = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def manage(tmp_path: Path, transactional_db: None) -> Manage:
    """Start `manage.py` on the test's database in a process of its own."""
    settings = connection.settings_dict
    connection.ensure_connection()
    info = connection.connection.info
    address = f"{quote(info.user)}:{quote(info.password)}@{quote(info.host, safe='')}:{info.port}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://{address}/{settings['NAME']}",
        "DRAINSITE_DATA": str(tmp_path / "data"),
        "DRAIN_LEASE_SECONDS": "2",
    }

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    return start


def answer(process: subprocess.Popen[str], *codes: int) -> dict[str, Any]:
    """The JSON object that a command printed before it ended with one of these exit codes (none: with 0)."""
    out, err = process.communicate(timeout=300)
    assert process.returncode in (codes or (0,)), err
    found: dict[str, Any] = json.loads(out)
    return found
