"""Start, attach to and stop the embedded server of a data folder."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from psycopg import sql

from drainsite.postgres import cluster, postmaster, usage
from drainsite.postgres.identity import choose_identity
from drainsite.postgres.layout import (
    PORT,
    SOCKET_NAME,
    Layout,
    PostgresError,
    layout_of,
    password_of,
    prepare_socket_dir,
    remove_socket_dir,
    socket_dir_of,
)

USER = "drainsite"
DBNAME = "drainsite"
START_SECONDS = 60.0
STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Server:
    """A running server, reached by its unix socket and a password, never by network."""

    socket_dir: Path
    port: int
    user: str
    password: str
    dbname: str

    def __repr__(self) -> str:
        return f"Server({self.socket_dir}, {self.user}@{self.dbname})"


def ensure_running(data_dir: Path) -> Server:
    """Attach to the server of `data_dir`, starting (and first creating) it if need be.

    Safe in any number of processes at once. This process then counts as a user until it ends.
    Raises PostgresError with one sentence when there can be no server.
    """
    layout = layout_of(data_dir)
    layout.create()
    try:
        # First count as a user: whoever leaves last may be stopping the server at this moment, and
        # this waits for it.
        usage.hold(layout.users_lock, partial(_stop_fast, layout))
        if not _accepts(layout):
            with _locked(layout.start_lock):
                if not _accepts(layout):
                    _start(layout)
        return Server(socket_dir_of(layout), PORT, USER, password_of(layout), DBNAME)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PostgresError(cluster.full(layout.root)) from error
        raise PostgresError(
            f"The data folder {layout.root} cannot be used ({error.strerror or error}): "
            "set DRAINSITE_DATA to a folder you may write to."
        ) from error


def connection_settings(server: Server) -> dict[str, str]:
    """The server in the words of Django's DATABASES."""
    return {
        "HOST": str(server.socket_dir),
        "PORT": str(server.port),
        "USER": server.user,
        "PASSWORD": server.password,
        "NAME": server.dbname,
    }


def stop(data_dir: Path, *, force: bool = False) -> bool:
    """Stop the server and forget `keep`; False when others use it and `force` was not asked for."""
    layout = layout_of(data_dir)
    if not layout.root.is_dir():
        return True
    layout.keep_mark.unlink(missing_ok=True)
    usage.forget(layout.users_lock)
    if force:
        _stop_fast(layout)
        return True
    return usage.alone(layout.users_lock, partial(_stop_fast, layout))


def status(data_dir: Path) -> postmaster.Postmaster | None:
    """The running server's process, or None; starts nothing."""
    return postmaster.find(layout_of(data_dir).data)


def _accepts(layout: Layout) -> bool:
    running = postmaster.find(layout.data)
    reachable = (socket_dir_of(layout) / SOCKET_NAME).exists()
    return running is not None and running.status == "ready" and reachable


def _start(layout: Layout) -> None:
    _clear_away(layout)
    identity = choose_identity(layout)
    cluster.ensure_created(layout, identity, user=USER, password=password_of(layout))
    socket_dir = prepare_socket_dir(layout, reachable=identity.elsewhere is None)
    pid = cluster.launch(layout, identity, socket_dir)
    deadline = time.monotonic() + START_SECONDS
    while not _accepts(layout):
        if not postmaster.is_alive(pid) or time.monotonic() > deadline:
            raise PostgresError(cluster.why_ended(layout))
        time.sleep(0.005)
    _ensure_database(layout)


def _clear_away(layout: Layout) -> None:
    """End what is left of an earlier server that can no longer be reached."""
    running = postmaster.find(layout.data)
    if running is not None:
        _wait_or_end(layout, running.pid)
    if layout.data.exists() and not postmaster.clear_remains(layout.data):
        raise PostgresError(
            f"Processes of an earlier database server in {layout.data} do not end: "
            "end the processes named 'postgres' that work there and try again."
        )
    # The lock beside a socket names a pid just like postmaster.pid, and misleads in the same way.
    for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (socket_dir_of(layout) / name).unlink(missing_ok=True)


def _wait_or_end(layout: Layout, pid: int) -> None:
    """A server that is starting or stopping gets time to finish; one without its socket ends."""
    deadline = time.monotonic() + START_SECONDS
    while (running := postmaster.find(layout.data)) and running.status != "ready":
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    if running is not None and not _accepts(layout):
        postmaster.end(pid, layout.data, how=signal.SIGINT, seconds=STOP_SECONDS)


def _ensure_database(layout: Layout) -> None:
    with psycopg.connect(
        host=str(socket_dir_of(layout)),
        port=PORT,
        user=USER,
        password=password_of(layout),
        dbname="postgres",
        autocommit=True,
    ) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DBNAME])
        if known.fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DBNAME)))


def _stop_fast(layout: Layout) -> None:
    running = postmaster.find(layout.data)
    if running is None:
        return
    if not postmaster.end(running.pid, layout.data, how=signal.SIGINT, seconds=STOP_SECONDS):
        postmaster.end(running.pid, layout.data, how=signal.SIGQUIT, seconds=STOP_SECONDS)
    remove_socket_dir(layout)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
