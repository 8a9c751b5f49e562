"""The embedded server in real processes: started, shared, killed, left."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from drainsite.postgres import PostgresError, postmaster
from drainsite.postgres.layout import MAX_SOCKET_PATH, SOCKET_NAME, layout_of, password_of
from tests.hosts import until

ROOT = Path(__file__).resolve().parents[2]
ENSURE = """
import sys, time
from pathlib import Path
from drainsite.postgres import ensure_running
begun = time.perf_counter()
server = ensure_running(Path(sys.argv[1]))
print(time.perf_counter() - begun, server.socket_dir, server.password, flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the server of a folder until it is let go or killed."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", ENSURE, str(folder)],
            cwd=ROOT,
            env={**os.environ, "DRAINSITE_FSYNC": "off", **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> tuple[float, str, str]:
        """Seconds it took, socket folder, password."""
        assert self.process.stdout
        seconds, folder, password = self.process.stdout.readline().split()
        return float(seconds), folder, password

    def leave(self) -> None:
        """End as a program ends, and wait for that."""
        self.process.communicate(timeout=300)

    def kill(self) -> None:
        """End without a chance to tidy up."""
        self.process.kill()
        self.process.communicate(timeout=300)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A stopped cluster to copy: making one is most of the time of a first start."""
    place = tmp_path_factory.mktemp("template") / "site"
    user = User(place)
    user.ready()
    user.leave()
    return place


@pytest.fixture
def fresh(tmp_path):
    place = tmp_path / "site"
    yield place
    running = postmaster.find(layout_of(place).data)
    if running:
        postmaster.end(running.pid, layout_of(place).data, how=signal.SIGQUIT, seconds=30)


@pytest.fixture
def folder(fresh, template):
    shutil.copytree(template, fresh)
    return fresh


def connect(ready: tuple[float, str, str], **changes: str) -> psycopg.Connection:
    _, socket_dir, password = ready
    wanted: dict[str, Any] = {
        "host": socket_dir,
        "user": "drainsite",
        "password": password,
        "dbname": "drainsite",
    }
    return psycopg.connect(**{**wanted, **changes}, autocommit=True)


def pid_of(folder: Path) -> int:
    running = postmaster.find(layout_of(folder).data)
    assert running
    return running.pid


def test_the_first_start_makes_a_database_that_only_its_password_opens(fresh):
    user = User(fresh)
    ready = user.ready()
    with connect(ready) as connection:
        row = connection.execute(
            "SELECT current_setting('listen_addresses'), current_setting('server_encoding'),"
            " current_setting('synchronous_commit'), current_setting('jit')"
        ).fetchone()
    assert row == ("", "UTF8", "on", "off")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(ready, password="wrong")
    layout = layout_of(fresh)
    assert stat.S_IMODE(layout.password_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(layout.root.stat().st_mode) == 0o700
    user.leave()


def test_several_processes_share_one_server_and_the_last_to_leave_stops_it(folder):
    users = [User(folder) for _ in range(4)]
    assert len({user.ready()[1:] for user in users}) == 1
    server = pid_of(folder)
    for user in users[:-1]:
        user.leave()
    assert pid_of(folder) == server
    users[-1].leave()
    assert postmaster.find(layout_of(folder).data) is None
    assert not postmaster.is_alive(server)


def test_a_killed_starter_leaves_the_server_to_the_next_who_stops_it(folder):
    first = User(folder)
    first.ready()
    server = pid_of(folder)
    first.kill()
    second = User(folder)
    second.ready()
    assert pid_of(folder) == server
    second.leave()
    assert postmaster.find(layout_of(folder).data) is None


def test_a_starter_killed_during_the_first_start_spoils_nothing(fresh):
    first = User(fresh)
    while not list(fresh.glob("postgres/init-*")):
        assert first.process.poll() is None
    first.kill()
    second = User(fresh)
    with connect(second.ready()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    # The dead one's initdb may have gone on writing beside the second start; the next one clears up after it.
    second.leave()
    until(lambda: not works_below(f"{fresh}/postgres/init-"))
    third = User(fresh)
    third.ready()
    assert not list(fresh.glob("postgres/init-*"))
    third.leave()


def works_below(place):
    """Return whether a process has a path that begins so among its words."""
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if place.encode() in words.read_bytes():
                return True
    return False


@pytest.mark.verify
def test_a_killed_postmaster_is_started_again_with_its_data(folder):
    user = User(folder)
    ready = user.ready()
    with connect(ready) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        # An orphaned backend in the middle of a statement outlives its postmaster.
        busy = connect(ready)
        busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 10000000000)")
        os.kill(pid_of(folder), signal.SIGKILL)
        again = User(folder)
        with connect(again.ready()) as other:
            assert other.execute("SELECT answer FROM kept").fetchone() == (42,)
    busy.close()
    user.leave()
    again.leave()


@pytest.mark.parametrize("content", ["{pid}\n{data}\n", "garbage", ""])
def test_a_pid_file_that_names_a_foreign_process_or_nothing_does_not_stop_the_start(
    folder, content
):
    data = layout_of(folder).data
    said = content.format(pid=os.getpid(), data=data)
    (data / "postmaster.pid").write_text(said)
    (layout_of(folder).root / "run" / f"{SOCKET_NAME}.lock").write_text(said)
    again = User(folder)
    with connect(again.ready()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    again.leave()


def test_a_server_whose_socket_was_swept_away_is_replaced(folder):
    user = User(folder)
    _, socket_dir, _ = user.ready()
    (Path(socket_dir) / SOCKET_NAME).unlink()
    again = User(folder)
    with connect(again.ready()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    user.leave()
    again.leave()


def test_a_folder_too_deep_for_a_socket_gets_a_private_one_elsewhere(folder):
    deep = folder / ("d" * 60) / ("e" * 60)
    shutil.copytree(folder / "postgres", deep / "postgres")
    user = User(deep)
    ready = user.ready()
    socket_dir = Path(ready[1])
    assert len(str(socket_dir / SOCKET_NAME)) <= MAX_SOCKET_PATH
    assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
    connect(ready).close()
    user.leave()
    assert not socket_dir.exists()


def test_the_server_inherits_neither_secrets_nor_settings_from_who_started_it(folder):
    user = User(folder, DRAIN_CLAIM="cookie", PGPORT="1", PGDATABASE="other", SECRET_KEY="hidden")
    user.ready()
    environment = Path(f"/proc/{pid_of(folder)}/environ").read_bytes()
    for name in (b"DRAIN_CLAIM", b"PGPORT", b"PGDATABASE", b"SECRET_KEY"):
        assert name not in environment
    user.leave()


def test_attaching_to_a_running_server_takes_no_time_and_a_warm_start_little(folder):
    first = User(folder)
    first.ready()
    attached = User(folder)
    assert attached.ready()[0] < 0.1
    attached.leave()
    first.leave()
    warm = User(folder)
    assert warm.ready()[0] < 3
    warm.leave()


def test_a_lost_password_is_one_sentence(folder):
    layout_of(folder).password_file.unlink()
    with pytest.raises(PostgresError, match=r"password file .* is missing"):
        password_of(layout_of(folder))


def test_a_zombie_counts_as_dead():
    child = subprocess.Popen(["true"])
    deadline = time.monotonic() + 300
    while postmaster.is_alive(child.pid):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    child.wait()
