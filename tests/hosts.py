"""Real worker hosts, each a `manage.py up --role worker` on the test's database with its own data folder."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from drainsite.postgres.postmaster import is_alive

ROOT = Path(__file__).resolve().parent.parent


def until(truth: Callable[[], object], seconds: float = 30, what: Host | None = None) -> None:
    """Wait for something that must become true."""
    deadline = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < deadline, what.output if what else "did not happen in time"
        time.sleep(0.05)


def database_url() -> str:
    """The address of this test's database for other processes."""
    connection.ensure_connection()
    info = connection.connection.info
    person = f"{quote(info.user)}:{quote(info.password)}"
    place = f"{quote(info.host, safe='')}:{info.port}"
    return f"postgresql://{person}@{place}/{connection.settings_dict['NAME']}"


def descendants(pid: int) -> list[int]:
    """Every living process below this one, parents first."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(int(entry.name))
    found, todo = list[int](), [pid]
    while todo:
        below = sorted(parents.get(todo.pop(0), []))
        found += below
        todo += below
    return found


def argv_of(pid: int) -> str:
    """The command line of a process; "" when it is gone."""
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


class Host:
    """One running `up`, or any other `manage.py` command."""

    def __init__(
        self, *arguments: str, folder: Path, prefix: Sequence[str] = (), **env: str
    ) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*prefix, sys.executable, str(ROOT / "manage.py"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                **({} if "DATABASE_URL" in env else {"DATABASE_URL": database_url()}),
                "DRAINSITE_DATA": str(folder),
                "SECRET_KEY": settings.SECRET_KEY,
                **env,
            },
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.all: set[int] = {self.process.pid}

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(self.process.stdout)

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return "".join(self.lines)

    def pids(self, word: str = "") -> list[int]:
        """Its living descendants, those whose command line holds the word."""
        found = [pid for pid in descendants(self.process.pid) if is_alive(pid)]
        self.all.update(found)
        return [pid for pid in found if word in argv_of(pid)]

    def workers(self) -> list[int]:
        """Processes of the drain cluster that run tasks: the sentinel's children that no helper of its is."""
        cluster = next((pid for pid in self.pids("qcluster") if self._is_drain(pid)), None)
        return descendants(cluster) if cluster else []

    def _is_drain(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            return b"Q_CLUSTER_NAME=drain" in (Path("/proc") / str(pid) / "environ").read_bytes()
        return False

    def ended(self, seconds: float = 60) -> int:
        """Wait for its end; its exit code."""
        code = self.process.wait(seconds)
        self._reader.join(5)
        if self.process.stdout is not None and not self._reader.is_alive():
            self.process.stdout.close()
        return code

    def end(self) -> int:
        """Ask it to stop, and wait."""
        self.pids()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def json(self) -> Any:
        """Return its output, once it has ended without complaint."""
        assert self.ended() == 0, self.output
        return json.loads(self.lines[-1])

    def clear(self) -> None:
        """End whatever is left of it."""
        self.pids()
        for pid in self.all:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self._reader.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def redis_server(
    folder: Path, address: str = "127.0.0.1"
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A Redis of its own on a free port: its address and its process."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port = probe.getsockname()[1]
    argv = ["redis-server", "--port", str(port), "--bind", address, "--save", "", "--dir"]
    argv += [str(folder), "--protected-mode", "no"]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as server:
        try:
            until(lambda: _listens(address, port))
            yield f"redis://{address}:{port}/0", server
        finally:
            server.kill()


def _listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0
