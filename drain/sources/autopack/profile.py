"""The executor profile that drains one Autopack phase, and what its source adds to it for each attempt."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from drain.models import ExecutorProfile, Source
from drain.sources.errors import SourceError
from drain.sources.urls import locate

SCRIPT = "scripts/drain_one_phase.py"
PREFIX = "autopack:"
KEYS = ("GLM_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GOOGLE_API_KEY")
"""Keys of models that Autopack reads; which of them it needs is in its own settings."""
_DEFAULTS = {"TELEMETRY_DB_ENABLED": "1", "PYTHONPATH": "src", "PYTHONUTF8": "1"}
_PASSED = "AUTOPACK_"
API_URL = "AUTOPACK_API_URL"
"""The variable in which Autopack's executor expects its API server's address;
it starts one of its own if nobody answers there.
"""
_INTERPRETERS = (".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe")
# What the script imports at its top is imported from the workspace, as a phase would; nothing of it runs.
_IMPORTS = (
    "import ast,importlib as i;"
    f"t=ast.parse(open('{SCRIPT}',encoding='utf-8').read()).body;"
    "[getattr(i.import_module(n.module),a.name,None) or i.import_module(n.module+'.'+a.name)"
    " for n in t if isinstance(n,ast.ImportFrom) and n.module and not n.level for a in n.names]"
)


def profile_name(source: Source) -> str:
    """Name of the profile that drains phases of this source."""
    return f"{PREFIX}{source.name}"


def profile_of(source: Source) -> ExecutorProfile | None:
    """The profile, if the source was imported with a workspace."""
    return ExecutorProfile.objects.filter(name=profile_name(source)).first()


def argv(python: str) -> list[str]:
    """The command of one phase, with placeholders."""
    return [python, SCRIPT, "--run-id", "{run_id}", "--phase-id", "{phase_id}", "--force"]


def preflight(python: str) -> str:
    """The command that imports what a phase imports."""
    return shlex.join([python, "-c", _IMPORTS])


def interpreter_of(workspace: str) -> str:
    """The interpreter of the workspace's own virtual environment; without one, drainsite's."""
    found = (Path(workspace) / name for name in _INTERPRETERS)
    return next((str(path) for path in found if path.is_file()), sys.executable)


def save_profile(
    source: Source,
    python: str = "",
    actor: str = "",
    env_from: Collection[str] = (),
    *,
    workspace: str = "",
) -> ExecutorProfile:
    """Make or update the profile of a source; what a person has set otherwise stays as it is.

    A command, a folder or a preflight that a person wrote is changed only by naming another `python` or
    `workspace`. What `attempt_environment` adds is not stored.
    """
    existing = profile_of(source)
    if existing is None:
        command = python or interpreter_of(source.workspace)
        return ExecutorProfile.objects.create(
            name=profile_name(source), argv=argv(command), preflight=preflight(command),
            cwd=source.workspace, env_from=sorted(env_from), created_by=actor,
        )  # fmt: skip
    before = existing.argv[0] if existing.argv else ""
    command = python or before
    if existing.argv == argv(before):
        existing.argv = argv(command)
    if existing.preflight == preflight(before):
        existing.preflight = preflight(command)
    existing.cwd = workspace or existing.cwd
    existing.env_from = sorted({*existing.env_from, *env_from})
    existing.save()
    return existing


def check_workspace(workspace: str) -> str:
    """Return the absolute workspace; raises SourceError if it cannot drain a phase."""
    folder = Path(workspace).expanduser().absolute()
    if not folder.is_dir():
        raise SourceError(f"The workspace {folder} is no folder on this machine.")
    if not (folder / SCRIPT).is_file():
        raise SourceError(
            f"The workspace {folder} has no {SCRIPT}; give the folder of an Autopack checkout."
        )
    return str(folder)


def source_of(profile_name: str) -> Source | None:
    """The source whose phases a profile of this name drains; None for any other profile."""
    if not profile_name.startswith(PREFIX):
        return None
    return Source.objects.filter(name=profile_name.removeprefix(PREFIX)).first()


def attempt_environment(source: Source, own: Mapping[str, str]) -> dict[str, str]:
    """The variables of an attempt on this source; resolved now, never stored. Raises SourceError.

    `own` are those of the profile, which win over what a phase gets by default and over the worker's
    AUTOPACK_ variables. DATABASE_URL is always the source's, absolute for SQLite, as the child runs in
    another folder.
    """
    passed = {name: value for name, value in os.environ.items() if name.startswith(_PASSED)}
    return {**_DEFAULTS, **passed, **own, "DATABASE_URL": locate(source.url).address}


def keys_to_name(env: Collection[str], environ: Mapping[str, str]) -> str:
    """Return a sentence about keys for the person:
    offered, or missing altogether; empty if some are passed on.
    """
    if any(key in env for key in KEYS):
        return ""
    there = [key for key in KEYS if environ.get(key)]
    if there:
        return (
            f"{' and '.join(there)} {'is' if len(there) == 1 else 'are'} set here but not passed on to phases: "
            f"add --env-from {' '.join(there)}."
        )
    return (
        f"No key of a model is passed on to phases. Autopack reads {', '.join(KEYS)}: "
        "set those it needs for the workers and name them with --env-from."
    )
