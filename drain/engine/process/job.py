"""From a profile and a contract to the exact process to start."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from drain.engine.process.contract import Contract
from drain.engine.process.environment import base_environment, build_environment
from drain.engine.process.errors import SpawnError
from drain.engine.process.profile import Profile
from drain.engine.process.template import render

GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """One process to start, with nothing left to decide."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    """The worker's own folder, see `worker_folder`: large logs and the report file."""
    claim: str
    timeout: float
    """Seconds from the start to SIGTERM."""
    grace: float = GRACE_SECONDS
    """Seconds from SIGTERM to SIGKILL."""
    cwd: str | None = None
    stored: frozenset[str] = frozenset()
    """Names of variables whose values the executor holds; in what the child prints they are hidden."""
    passed: frozenset[str] = frozenset()
    """Names of the worker's variables that the executor passes on; hidden as well."""
    os_user: str = ""
    report: Path | str | None = None
    """DRAIN_REPORT; the file need not exist."""
    own_folder: Path | None = None
    """Folder made for this attempt alone, when another user writes the report; `discard` removes it."""

    def discard(self) -> None:
        """Remove what was made for this attempt alone; the log stays."""
        if self.own_folder is not None:
            shutil.rmtree(self.own_folder, ignore_errors=True)


def prepare(
    profile: Profile,
    contract: Contract,
    *,
    folder: Path,
    timeout: float,
    grace: float = GRACE_SECONDS,
    environ: Mapping[str, str] | None = None,
) -> Job:
    """Fill the profile for one attempt. Raises a ChildError; starts nothing. `environ` is the worker's."""
    argv = render(
        profile.argv,
        contract,
        allow_dash=profile.allow_dash,
        allow_program_text=profile.allow_program_text,
    )
    own_folder = _shared_folder(profile.os_user) if profile.os_user else None
    report = f"{own_folder or folder}/{contract.claim}.report.jsonl"
    env = build_environment(profile.env, profile.env_from, contract, report, environ)
    if profile.os_user:
        env = as_user(env, profile)
    return Job(
        argv=argv,
        env=env,
        folder=folder,
        claim=contract.claim,
        timeout=timeout,
        grace=grace,
        cwd=profile.cwd or None,
        stored=frozenset(profile.env),
        passed=frozenset(profile.env_from),
        os_user=profile.os_user,
        report=report,
        own_folder=own_folder,
    )


def worker_folder(base: Path, worker: UUID) -> Path:
    """Return the folder of a worker under `base`, made if need be; nobody else may enter it."""
    folder = base.absolute() / worker.hex
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def command_job(
    profile: Profile,
    command: str,
    claim: str,
    folder: Path,
    *,
    timeout: float,
    grace: float = GRACE_SECONDS,
) -> Job:
    """A command line of the executor's own (preflight, service): run as its phases are, but for no phase.

    Raises SpawnError if it cannot be split into arguments.
    """
    try:
        argv = tuple(shlex.split(command))
    except ValueError as error:
        raise SpawnError(f"`{command}` cannot be split into arguments: {error}.") from error
    env = base_environment(profile.env, profile.env_from)
    if profile.os_user:
        env = as_user(env, profile)
    return Job(
        argv=argv,
        env=env | {"DRAIN_CLAIM": claim},
        folder=folder,
        claim=claim,
        timeout=timeout,
        grace=grace,
        cwd=profile.cwd or None,
        stored=frozenset(profile.env),
        passed=frozenset(profile.env_from),
        os_user=profile.os_user,
    )


def as_user(env: dict[str, str], profile: Profile) -> dict[str, str]:
    """Return the environment as the other user has it, where the profile does not say otherwise."""
    user = _user(profile.os_user)
    own = {
        "HOME": user.pw_dir,
        "USER": user.pw_name,
        "LOGNAME": user.pw_name,
        "SHELL": user.pw_shell,
    }
    without = {name: value for name, value in env.items() if name != "TMPDIR"}
    return without | own | dict(profile.env)


def _user(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):
        raise SpawnError(f"There is no OS user {name!r} on this host.") from None


def _shared_folder(name: str) -> Path:
    """Make a folder that the other user can write to: the worker's own, often its parents, are closed."""
    user = _user(name)
    folder = Path(tempfile.mkdtemp(prefix="drain-report-"))
    try:
        os.chown(folder, user.pw_uid, user.pw_gid)
    except PermissionError:
        folder.rmdir()
        raise SpawnError(
            f"Only a worker of root can run a phase as {name}; start it so or change the profile."
        ) from None
    return folder
