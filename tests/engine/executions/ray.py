"""A real Ray cluster of one node, for tests, in an environment of its own: drainsite never imports Ray."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from drain.models import ExecutorProfile
from drainsite.postgres.postmaster import is_alive
from tests.hosts import ROOT, argv_of, descendants, until

PACKAGE = "ray[default]==2.60.0"


def ray_program() -> str:
    """`ray` of the environment that RAY_VENV names, else of one that is made once below var/."""
    venv = Path(os.environ.get("RAY_VENV") or ROOT / "var" / "ray")
    if not (venv / "bin" / "ray").exists():
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "-q", PACKAGE], check=True)
    return str(venv / "bin" / "ray")


class RayCluster:
    """The cluster; what its jobs did is in its journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        # Its sockets have long names, and an address of a socket may have 107 bytes.
        self._temp = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
        port, self._port = free_port(), free_port()
        self._process = subprocess.Popen(
            [
                *(ray_program(), "start", "--head", "--block", "--num-cpus", "2"),
                *("--port", str(port), "--dashboard-host", "127.0.0.1"),
                *("--dashboard-port", str(self._port), "--temp-dir", self._temp),
                *("--object-store-memory", "80000000", "--disable-usage-stats"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "RAY_DISABLE_IMPORT_WARNING": "1"},
        )
        until(self._answers, 120)

    @property
    def url(self) -> str:
        """Of its dashboard."""
        return f"http://127.0.0.1:{self._port}"

    def end(self) -> None:
        """End it with all that it started, which leaves its session."""
        roots = [self._process.pid, *self._named()]
        ours = {*roots, *(pid for root in roots for pid in descendants(root))}
        for pid in ours:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(60)
        shutil.rmtree(self._temp, ignore_errors=True)

    def count(self, word: str) -> Counter[str]:
        """Count how often jobs of each phase wrote a line that begins with this word."""
        path = self.folder / "journal"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(line.split()[1] for line in lines if line.split()[0] == word)

    def executor(self, script: str, **changes: Any) -> ExecutorProfile:
        """The default executor: this cluster; $1 is the phase."""
        argv = ["/bin/sh", "-c", script, "sh", "{phase_id}"]
        values = {"kind": "ray", "url": self.url, "argv": argv, "is_default": True}
        values["env"] = {"OUT": str(self.folder)}
        profile, _ = ExecutorProfile.objects.update_or_create(
            name="ray", defaults={**values, **changes}
        )
        return profile

    def _named(self) -> list[int]:
        pids = [int(each.name) for each in Path("/proc").glob("[0-9]*")]
        return [pid for pid in pids if self._temp in argv_of(pid)]

    def _answers(self) -> bool:
        assert self._process.poll() is None, "Ray did not start"
        try:
            with urllib.request.urlopen(f"{self.url}/api/jobs/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


def free_port() -> int:
    """A port of this machine that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found
