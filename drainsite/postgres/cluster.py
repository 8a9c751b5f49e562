"""Make a cluster with initdb, write its settings, launch its postmaster."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from pathlib import Path

from drainsite.postgres.identity import ServerUser
from drainsite.postgres.layout import PORT, Layout, PostgresError

MARK = "\n# --- written by drainsite at each start; put your own settings above this line ---\n"
LOG_LIMIT_BYTES = 10_000_000
INIT_SECONDS = 120
LEAST_BYTES = 1_000_000
"""With less room than this a server that did not start had none."""
LAST_LINES = 20
"""Of its log: what it says at one start."""
_COMPLAINT = re.compile(r"FATAL|PANIC|ERROR|error")

# Modest on memory, made for many short transactions. Everything not named here is PostgreSQL's
# own default; full durability is the default too (see _durability).
SETTINGS = f"""\
listen_addresses = ''
port = {PORT}
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = '128MB'
synchronous_commit = on
jit = off
track_io_timing = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_checkpoints = off
"""


def ensure_created(layout: Layout, identity: ServerUser, *, user: str, password: str) -> None:
    """Run initdb once; a run that was killed half-way leaves nothing that counts as a cluster."""
    place = identity.elsewhere or layout.root
    for leftover in place.glob("init-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    if layout.data.exists():
        return
    if layout.data.is_symlink():
        raise PostgresError(
            f"The database folder {layout.data.readlink()} is gone: restore it, "
            f"or delete {layout.root} to begin with an empty database."
        )
    work = Path(tempfile.mkdtemp(prefix="init-", dir=place))
    try:
        _initdb(work, identity, user=user, password=password)
        (work / "data").rename(place / "data")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if identity.elsewhere:
        layout.data.symlink_to(place / "data")


def _initdb(work: Path, identity: ServerUser, *, user: str, password: str) -> None:
    password_file = work / "password"
    password_file.write_text(password, encoding="ascii")
    identity.own(work)
    done = identity.run(
        [
            str(identity.binaries / "initdb"),
            f"--pgdata={work / 'data'}",
            f"--username={user}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *([] if _is_durable() else ["--no-sync"]),
        ],
        env=_environment(),
        timeout=INIT_SECONDS,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["initdb gave no reason"]
        if _told_full(lines):
            raise PostgresError(full(work.parent))
        # The last line says what was removed again; the one before it may be a hint.
        reason = next((line for line in lines if _COMPLAINT.search(line)), lines[-1])
        raise PostgresError(
            f"The embedded PostgreSQL could not be set up: {reason} "
            "(set DATABASE_URL to use a server of your own)."
        )


def launch(layout: Layout, identity: ServerUser, socket_dir: Path) -> int:
    """Start the postmaster detached from this process and its terminal; return its pid."""
    data = layout.data.resolve()
    identity.own(data)
    identity.own(socket_dir)
    _write_settings(data, socket_dir)
    if layout.log.exists() and layout.log.stat().st_size > LOG_LIMIT_BYTES:
        layout.log.replace(layout.log.with_suffix(".log.old"))
    layout.log.touch(mode=0o600)
    with layout.log.open("ab") as log:
        argv = [str(identity.binaries / "postgres"), "-D", str(data)]
        return identity.detach(argv, env=_environment(), log=log)


def why_ended(layout: Layout) -> str:
    """The sentence for a server that did not start, from the last complaint in its log."""
    if shutil.disk_usage(layout.root).free < LEAST_BYTES:
        return full(layout.root)
    said = "it left no log"
    with contextlib.suppress(OSError):
        lines = layout.log.read_text(encoding="utf-8", errors="replace").splitlines()
        if _told_full(lines[-LAST_LINES:]):
            return full(layout.root)
        last = lines[-1] if lines else "it said nothing"
        said = next((line for line in reversed(lines) if _COMPLAINT.search(line)), last)
    return (
        f"The embedded PostgreSQL did not start: {said} "
        f"(see {layout.log}, or set DATABASE_URL to use a server of your own)."
    )


def full(folder: Path) -> str:
    """The sentence for a disk on which the server cannot write."""
    return f"The disk of {folder} is full: make room there, or name another folder with DRAINSITE_DATA."


def _told_full(lines: list[str]) -> bool:
    return any("No space left on device" in line or "Disk quota exceeded" in line for line in lines)


def _write_settings(data: Path, socket_dir: Path) -> None:
    """Ours replace the last lines of postgresql.conf at each start; a person's own stay above."""
    conf = data / "postgresql.conf"
    text, _, _ = conf.read_text(encoding="utf-8").partition(MARK)
    safety = "on" if _is_durable() else "off"
    ours = (
        f"unix_socket_directories = '{socket_dir}'\nfsync = {safety}\nfull_page_writes = {safety}\n"
    )
    info = conf.stat()
    draft = conf.with_name("postgresql.conf.new")
    draft.write_text(text + MARK + SETTINGS + ours, encoding="utf-8")
    draft.chmod(0o600)
    os.chown(draft, info.st_uid, info.st_gid)
    draft.replace(conf)


def _is_durable() -> bool:
    """Tests may trade durability for speed; nothing else should."""
    return os.environ.get("DRAINSITE_FSYNC", "on") != "off"


def _environment() -> dict[str, str]:
    """A short one: no secret of ours, no PG* variable, no mark that finds a phase's children."""
    own = {"DRAINSITE_OWN": "server"}  # nobody takes it for what a phase left
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", **own}
