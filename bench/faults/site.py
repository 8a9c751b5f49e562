"""A site of its own to break: its folder, its processes, its database."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg

from drain.engine.process.tree import Process, children_of, find_process, is_running, tree
from drainsite import postgres

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("phase.sh")
_EACH = """
import json, os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drainsite.settings")
from django.core.management import execute_from_command_line
for arguments in json.loads(sys.argv[1]):
    execute_from_command_line(["manage.py", *arguments])
"""


class NotStartedError(Exception):
    """An `up` that was started and has no workers."""


class Site:
    """One `up`, which may be killed and started again, and the commands beside it."""

    def __init__(self, folder: Path, lease: float) -> None:
        self.folder = folder
        self.out = folder / "out"
        (self.out / "locks").mkdir(parents=True, exist_ok=True)
        self.journal = self.out / "journal"
        self.journal.touch()
        self.env = {
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "DRAINSITE_DATA": str(folder / "data"),
            "DRAINSITE_FSYNC": "off",
            "DRAIN_LEASE_SECONDS": str(lease),
        }
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._up: subprocess.Popen[bytes] | None = None
        self._log = (folder / "up.log").open("ab")

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises RuntimeError with its errors if it fails and `check`."""
        return self._run([str(ROOT / "manage.py"), *arguments], check=check)

    def manage_each(
        self, *commands: Sequence[str], check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run commands one after the other, up to the first that fails, in one process:
        each takes seconds to start.
        """
        return self._run(["-c", _EACH, json.dumps(commands)], check=check)

    def _run(self, argv: list[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, *argv],
            env=self.env,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}: {done.stderr[-2000:]}")
        return done

    def start(self) -> None:
        """Start `up` unless it runs, and wait until its workers are there.
        Raises NotStartedError if they never are.
        """
        if self._up is None or self._up.poll() is not None:
            argv = [
                sys.executable,
                str(ROOT / "manage.py"),
                "up",
                "--port",
                str(self.port),
                "--workers",
                "2",
            ]
            self._up = subprocess.Popen(
                argv, env=self.env, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log
            )
        up = self._up
        alive = "SELECT 1 FROM drain_workerhost WHERE stopped_at IS NULL AND last_seen > now() - interval '5 s' AND pid = %s"
        try:
            self.until(lambda: up.poll() is not None or bool(self.rows(alive, up.pid)), 90, "")
        except TimeoutError:
            raise NotStartedError("up did not start within 90 s") from None
        if up.poll() is not None:
            raise NotStartedError(f"up did not start: it ended with {up.returncode}")

    def stop(self) -> int:
        """Ask `up` to end; its exit code."""
        if self._up is None:
            return 0
        if self._up.poll() is None:
            self._up.send_signal(signal.SIGTERM)
        return self._up.wait(90)

    def close(self) -> None:
        """Leave nothing."""
        if self._up is not None and self._up.poll() is None:
            self._up.kill()
            self._up.wait()
        for process in self.remains():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        postgres.stop(self.folder / "data", force=True)
        self._log.close()

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database; a server that was killed is started again."""
        server = postgres.ensure_running(self.folder / "data")
        with psycopg.connect(
            host=str(server.socket_dir), port=server.port, user=server.user, password=server.password,
            dbname=server.dbname, autocommit=True, connect_timeout=5,
            options="-c default_transaction_read_only=off",
        ) as connection:  # fmt: skip
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def wait_for_up(self) -> None:
        """Wait until a killed `up` has ended: on a busy machine a process takes its time to die."""
        if self._up is not None:
            self._up.wait()

    def up_pid(self) -> int:
        """The pid of `up`; 0 when it is gone."""
        return self._up.pid if self._up is not None and self._up.poll() is None else 0

    def stand_in(self, name: str) -> int:
        """The stand-in of the drain or the maintenance cluster; 0 if there is none right now."""
        for pid in children_of(self.up_pid(), self.up_pid()):
            environment = read(pid, "environ")
            if f"Q_CLUSTER_NAME={name}".encode() in environment.split(b"\0"):
                return pid
        return 0

    def web(self) -> int:
        """The first process that has the web server's command line, its stand-in or itself;
        0 if there is none right now.
        """
        for process in tree(self.up_pid()) if self.up_pid() else []:
            argv = read(process.pid, "cmdline").split(b"\0")
            if b"drainsite.web" in argv and str(self.port).encode() in argv:
                return process.pid
        return 0

    def answers(self) -> bool:
        """Return whether the web server answers a request with any page of its own."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5):
                return True
        except HTTPError:
            return True
        except OSError:
            return False

    def cluster(self, name: str = "drain") -> int:
        """The main process of a cluster."""
        stand_in = self.stand_in(name)
        return next(iter(children_of(stand_in, stand_in)), 0)

    def sentinel(self) -> int:
        """The process that looks after the workers."""
        cluster = self.cluster()
        return next(iter(children_of(cluster, cluster)), 0)

    def workers(self) -> list[int]:
        """Processes below the sentinel that run phases now, else all of them."""
        below = children_of(self.sentinel(), self.sentinel())
        busy = [
            pid for pid in below if any(b"sweep.py" in read(p.pid, "cmdline") for p in tree(pid))
        ]
        return busy or below

    def wardens(self) -> list[int]:
        """The wardens of all workers."""
        below = tree(self.sentinel()) if self.sentinel() else []
        return [process.pid for process in below if b"sweep.py" in read(process.pid, "cmdline")]

    def remains(self) -> list[Process]:
        """Living processes that a phase of this site or its `up` has left:
        by their folder and their marks.
        """
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            pid = int(entry.name)
            seen = read(pid, "environ") + read(pid, "cmdline")
            process = find_process(pid)
            if process and str(self.out).encode() in seen and is_running(pid, process.started):
                found.append(process)
        return [process for process in found if process.pid != os.getpid()]

    def until(self, truth: Callable[[], object], seconds: float, what: str) -> None:
        """Wait for something that must become true. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(psycopg.Error, postgres.PostgresError):
                if truth():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            time.sleep(0.1)

    def prepare(self, name: str, phases: list[dict[str, object]]) -> None:
        """Make the database, name the executor that runs phases, and import these failed ones."""
        path = self.folder / f"{name}.jsonl"
        path.write_text("\n".join(json.dumps(phase) for phase in phases))
        executor = (
            "executor", "set", "faulty", "--default", "--env", f"OUT={self.out}", "--timeout", "20",
            "--", "/bin/sh", str(SCRIPT), "{params[mode]}", "{params[seconds]}",
        )  # fmt: skip
        self.manage_each(("migrate", "-v", "0"), executor, ("import_phases", str(path)))


def read(pid: int, name: str) -> bytes:
    """Return a file of a process; b"" if it is gone or closed to us."""
    try:
        return (Path("/proc") / str(pid) / name).read_bytes()
    except OSError:
        return b""
