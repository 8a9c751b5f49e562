"""A real service of jobs in a process of its own, for tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from drain.models import Attempt, ExecutorProfile, Phase
from tests.engine.conftest import Backlog
from tests.hosts import until

SCRIPT = Path(__file__).resolve().parents[2] / "data" / "jobs.py"


class Jobs:
    """The service; what it did is in its journal."""

    def __init__(self, folder: Path, token: str = "") -> None:
        self.folder = folder
        folder.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._token = token
        self.process: subprocess.Popen[bytes] | None = None
        self.begin()

    @property
    def url(self) -> str:
        """The address at which jobs are started."""
        return f"http://127.0.0.1:{self.port}/jobs"

    def begin(self) -> None:
        """Start it, or start it again, at the same address."""
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(self.port), str(self.folder)],
            env={**os.environ, "JOBS_TOKEN": self._token},
            stderr=subprocess.DEVNULL,
        )
        until(self._answers)

    def end(self) -> None:
        """Kill it; its jobs go on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def signal(self, number: signal.Signals) -> None:
        """Stop it or have it go on."""
        assert self.process is not None
        self.process.send_signal(number)

    def misbehave(self, **kinds: Any) -> None:
        """Answer so from now on; nothing: be well."""
        part = self.folder / "mode.part"
        part.write_text(json.dumps(kinds))
        part.replace(self.folder / "mode")

    def count(self, word: str) -> Counter[str]:
        """Count how often each job was `asked` for, `ran` or was told to `cancel`."""
        path = self.folder / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(line.split()[1] for line in lines if line.split()[0] == word)

    def job(self, name: str) -> dict[str, Any]:
        """Return the job as the service was asked for it."""
        found: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text())
        return found

    def executor(self, **changes: Any) -> ExecutorProfile:
        """The default executor: this service."""
        log_url = f"{self.url}/{{submission_id}}/log"
        values = {"kind": "http", "url": self.url, "log_url": log_url, "is_default": True}
        profile, _ = ExecutorProfile.objects.update_or_create(
            name="jobs", defaults={**values, **changes}
        )
        return profile

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def job_id_of(attempt: Attempt) -> str:
    """The id of its job."""
    assert attempt.lease is not None
    return f"drainsite-{attempt.lease.hex}"


def does(**params: Any) -> None:
    """Have the job of every phase do this."""
    Phase.objects.update(params=params)


def runs(backlog: Backlog, count: int) -> None:
    """So many runs of one phase, which may all run at once."""
    for number in range(count):
        backlog.run(f"r{number}", 1)


def outcomes() -> list[str | None]:
    """Return the outcomes of the attempts, in the order of their starts."""
    return list(Attempt.objects.order_by("pk").values_list("outcome", flat=True))
