"""The files of an embedded cluster, and the permissions on them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

# The longest socket path the kernel takes is 107 bytes; PostgreSQL names the socket by its port.
MAX_SOCKET_PATH = 107
KEEP_MARK = "keep"
PORT = 5432
SOCKET_NAME = f".s.PGSQL.{PORT}"


class PostgresError(Exception):
    """The embedded server cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True)
class Layout:
    """The files of one cluster: `root` is ours (0700), `data` belongs to PostgreSQL."""

    root: Path

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def password_file(self) -> Path:
        return self.root / "password"

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    @property
    def start_lock(self) -> Path:
        return self.root / "start.lock"

    @property
    def users_lock(self) -> Path:
        return self.root / "users.lock"

    @property
    def keep_mark(self) -> Path:
        return self.root / KEEP_MARK

    @property
    def socket_note(self) -> Path:
        """Holds the path of the socket folder when that had to go elsewhere."""
        return self.root / "socket_dir"

    def create(self) -> None:
        """Make the folder, private to its owner; refuse one that another user owns."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            owner = self.root.stat().st_uid
        except OSError as error:
            raise PostgresError(
                f"The data folder {self.root} cannot be used ({error.strerror}): "
                "set DRAINSITE_DATA to a folder you may write to."
            ) from error
        if owner != os.geteuid():
            raise PostgresError(
                f"The data folder {self.root} belongs to another user: "
                "set DRAINSITE_DATA to a folder of your own, or run as its owner."
            )


def layout_of(data_dir: Path) -> Layout:
    """Files of the cluster that belongs to a data folder (DRAINSITE_DATA)."""
    return Layout(data_dir.absolute() / "postgres")


def password_of(layout: Layout) -> str:
    """The cluster's password, made on first use and kept in a file only its owner can read."""
    with contextlib.suppress(FileNotFoundError):
        return layout.password_file.read_text(encoding="ascii").strip()
    if layout.data.exists():
        raise PostgresError(
            f"The password file {layout.password_file} is missing: put it back from a backup, "
            f"or delete {layout.root} to begin with an empty database."
        )
    password = secrets.token_urlsafe(24)
    write_private(layout.password_file, password)
    return password


def write_private(path: Path, text: str) -> None:
    """Write a 0600 file in one step: a reader sees the whole text or no file."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)


def socket_dir_of(layout: Layout) -> Path:
    """The folder the server puts its socket in, as far as it is known now (may not exist yet)."""
    with contextlib.suppress(FileNotFoundError):
        return Path(layout.socket_note.read_text(encoding="utf-8"))
    return layout.root / "run"


def prepare_socket_dir(layout: Layout, *, reachable: bool) -> Path:
    """Make the socket folder and return it; call under the start lock.

    A path too long for a socket, or not `reachable` for the server's user, moves to a fresh folder
    with a random name, so nobody else can have put it there first; its place is noted for the
    processes that attach.
    """
    beside = layout.root / "run"
    if reachable and _fits(beside):
        layout.socket_note.unlink(missing_ok=True)
        beside.mkdir(mode=0o700, exist_ok=True)
        return beside
    noted = socket_dir_of(layout)
    if noted != beside and _is_private(noted):
        return noted
    fresh = Path(tempfile.mkdtemp(prefix="drainsite-", dir="/tmp"))
    write_private(layout.socket_note, str(fresh))
    return fresh


def remove_socket_dir(layout: Layout) -> None:
    """Take away a socket folder that had to go elsewhere, once its server has ended."""
    elsewhere = socket_dir_of(layout)
    if elsewhere != layout.root / "run" and _is_private(elsewhere):
        shutil.rmtree(elsewhere, ignore_errors=True)
        layout.socket_note.unlink(missing_ok=True)


def _fits(folder: Path) -> bool:
    path = str(folder / SOCKET_NAME)
    # The server reads its list of folders as comma-separated, optionally quoted names.
    return len(os.fsencode(path)) <= MAX_SOCKET_PATH and not set(path) & set(",\"'\n\\")


def _is_private(folder: Path) -> bool:
    try:
        info = folder.lstat()
    except OSError:
        return False
    owned = info.st_uid == os.geteuid() or os.geteuid() == 0
    return stat.S_ISDIR(info.st_mode) and owned and not info.st_mode & 0o077
