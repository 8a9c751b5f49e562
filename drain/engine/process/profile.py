"""Executor profile: how phases of a kind are run, and whether this host can."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from drain.engine.process.environment import (
    base_environment,
    header_values,
    passed_variables,
)
from drain.engine.process.errors import ChildError
from drain.engine.process.os_user import may, why_not
from drain.engine.process.template import inspect
from drain.policy.remote import Kind, Remote

_TAKES_SCRIPT = re.compile(r"(?:ba|da|k|z)?sh|python[\d.]*|perl|ruby|node")
"""Programs whose first argument, if it is a path, is the file that they run."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named way to run phases. `argv` may hold placeholders, see `template`."""

    name: str
    argv: tuple[str, ...]
    cwd: str = ""
    """Folder the phase runs in; "" means the worker's own."""
    timeout: float | None = None
    """Seconds; None leaves the default to the session."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables set for the phase, stored with the profile."""
    env_from: tuple[str, ...] = ()
    """Names of the worker's variables passed through, never stored."""
    preflight: str = ""
    """Command line checked before a session, split like a shell would but run without one; "" for none."""
    service: str = ""
    """Command line of what its phases share, kept running while a drain needs it; "" for none."""
    service_url: str = ""
    """The address of that service's health."""
    allow_dash: bool = False
    """Let an imported value that begins with "-" begin an argument."""
    allow_program_text: bool = False
    """Let values stand where an interpreter could take them for a program."""
    os_user: str = ""
    """Run as this OS user (the worker must be root); "" for the worker's own."""
    remote: Remote | None = None
    """The service that runs its phases; None: they are processes of the host."""
    max_parallel: int | None = None
    """Phases of it at the same time, over all hosts and sessions; None for no limit of its own."""
    starts_per_minute: int | None = None
    """Phases of it that start within a minute, over all hosts and sessions; None for no limit of its own."""
    ramp: float | None = None
    """Between 0 and 1: begin with one phase at once and double while less than this share fails;
    over all sessions.
    """
    run_delay_seconds: float | None = None
    """From the end of an attempt of a run to the start of its next, one at a time, over all sessions."""

    @property
    def is_limited(self) -> bool:
        """True if it has a limit that counts over all sessions."""
        own = (self.max_parallel, self.starts_per_minute, self.ramp, self.run_delay_seconds)
        return any(limit is not None for limit in own)

    @property
    def needs_command(self) -> bool:
        """True if its phases are commands: a service may have its own."""
        return self.remote is None or self.remote.kind == Kind.RAY


def check(profile: Profile, environ: Mapping[str, str] | None = None) -> list[str]:
    """Return why this host cannot run the profile, as sentences; empty if it can. Starts nothing."""
    problems = [*_check_text(profile), *_check_numbers(profile), *_check_user(profile)]
    problems += _check_folder(profile.cwd)
    if profile.remote is not None:
        return [*problems, *_check_remote(profile, profile.remote, environ)]
    try:
        env = base_environment(profile.env, profile.env_from, environ)
    except ChildError as error:
        return [*problems, str(error)]
    if profile.argv and "{" not in profile.argv[0]:
        problems += _check_command(profile, env["PATH"]) or _check_script(profile)
    return problems


def _check_remote(profile: Profile, remote: Remote, environ: Mapping[str, str] | None) -> list[str]:
    problems = [remote.problem()]
    try:
        passed_variables(profile.env, profile.env_from, environ)
        header_values(remote.headers, environ)
    except ChildError as error:
        problems.append(str(error))
    return [problem for problem in problems if problem]


def _check_text(profile: Profile) -> list[str]:
    problems = []
    try:
        if profile.argv or profile.needs_command:
            inspect(profile.argv, allow_program_text=profile.allow_program_text)
    except ChildError as error:
        problems.append(str(error))
    try:
        shlex.split(profile.preflight)
    except ValueError as error:
        problems.append(f"The preflight command cannot be split into arguments: {error}.")
    return problems


def _check_numbers(profile: Profile) -> list[str]:
    problems = []
    if profile.timeout is not None and not 0 < profile.timeout < float("inf"):
        problems.append(f"The timeout must be more than 0 seconds, not {profile.timeout:g}.")
    return problems


def _check_user(profile: Profile) -> list[str]:
    """Return the problems with the user: this process cannot be that one,
    or that one cannot reach the folder of the phases.
    """
    if not profile.os_user:
        return []
    if why := why_not(profile.os_user):
        return [why]
    folder = profile.cwd or os.getcwd()  # noqa: PTH109 - as it is
    if Path(folder).is_dir() and not may(profile.os_user, "x", folder):
        way_out = "open it and the folders above it to that user, or name another with --cwd"
        return [
            f"The user {profile.os_user} cannot enter {folder}, where the phases run: {way_out}."
        ]
    return []


def _check_folder(folder: str) -> list[str]:
    if not folder:
        return []
    try:
        if stat.S_ISDIR(Path(folder).stat().st_mode):
            return []
    except (FileNotFoundError, NotADirectoryError):
        return [f"The folder {folder} does not exist on this host."]
    except (OSError, ValueError) as error:
        return [f"The folder {folder[:200]} cannot be looked into: {_said(error)}."]
    return [f"{folder} is no folder on this host."]


def _check_command(profile: Profile, path: str) -> list[str]:
    command = profile.argv[0]
    if "/" not in command:
        if shutil.which(command, path=path):
            return []
        return [f"The command {command!r} was not found in PATH ({path})."]
    found = Path(profile.cwd or ".") / command
    try:
        regular = stat.S_ISREG(found.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return [f"The command {command} does not exist on this host."]
    except (OSError, ValueError) as error:
        return [f"The command {command[:200]} cannot be looked at: {_said(error)}."]
    if not (regular and os.access(found, os.X_OK)):
        return [f"The command {command} is not executable; make it so with chmod +x."]
    return []


def _check_script(profile: Profile) -> list[str]:
    """Return a problem if an interpreter's script is missing:
    without it every phase would fail, one after the other.
    """
    script = profile.argv[1] if len(profile.argv) > 1 else ""
    if "/" not in script or script.startswith("-") or "{" in script:
        return []
    if not _TAKES_SCRIPT.fullmatch(PurePath(profile.argv[0]).name):
        return []
    folder = Path(profile.cwd or os.getcwd())  # noqa: PTH109 - as it is
    try:
        (folder / script).stat()
    except (FileNotFoundError, NotADirectoryError):
        where = (
            "on this host" if script.startswith("/") else f"in {folder}, where its phases run here"
        )
        way_out = "" if script.startswith("/") else "; name the folder that has it with --cwd"
        return [f"The script {script[:200]} does not exist {where}{way_out}."]
    except (OSError, ValueError):
        return []  # of another user's folder, or too long a name: what runs it will say
    return []


def _said(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)
