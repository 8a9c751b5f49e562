"""The executor profile that drains one Autopack phase, and how its source's address reaches the child."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from drain.models import ExecutorProfile, Source
from drain.sources.errors import SourceError
from drain.sources.urls import locate

SCRIPT = "scripts/drain_one_phase.py"
PASSED_URL = "AUTOPACK_API_URL"


def profile_name(source: Source) -> str:
    """Name of the profile that drains phases of this source."""
    return f"autopack:{source.name}"


def profile_of(source: Source) -> ExecutorProfile | None:
    """The profile, if the source was imported with a workspace."""
    return ExecutorProfile.objects.filter(name=profile_name(source)).first()


def argv(python: str) -> list[str]:
    """The command of one phase, with placeholders."""
    return [python, SCRIPT, "--run-id", "{run_id}", "--phase-id", "{phase_id}", "--force"]


def save_profile(source: Source, python: str = "", actor: str = "") -> ExecutorProfile:
    """Make or update the profile of a source; timeouts and other choices of a person stay as they are.

    The address of the database is not stored in it: `attempt_environment` adds it for each attempt.
    """
    existing = profile_of(source)
    command = python or (existing.argv[0] if existing and existing.argv else sys.executable)
    values = {
        "argv": argv(command),
        "cwd": source.workspace,
        "env": {
            **(existing.env if existing else {}),
            "TELEMETRY_DB_ENABLED": "1",
            "PYTHONPATH": "src",
            "PYTHONUTF8": "1",
        },
    }
    profile, _ = ExecutorProfile.objects.update_or_create(
        name=profile_name(source), defaults=values, create_defaults={**values, "created_by": actor}
    )
    return profile


def check_workspace(workspace: str) -> str:
    """Return the absolute workspace; raises SourceError if it cannot drain a phase."""
    folder = Path(workspace).expanduser().absolute()
    if not folder.is_dir():
        raise SourceError(f"The workspace {folder} is no folder; give the one that holds {SCRIPT}.")
    if not (folder / SCRIPT).is_file():
        raise SourceError(
            f"The workspace {folder} has no {SCRIPT}; give the folder of an Autopack checkout."
        )
    return str(folder)


def attempt_environment(source: Source) -> dict[str, str]:
    """Variables that one attempt on this source needs beyond its profile; resolved now, never stored.

    DATABASE_URL is absolute for SQLite, as the child runs in another folder. Raises SourceError.
    """

    env = {"DATABASE_URL": locate(source.url).url}
    if PASSED_URL in os.environ:
        env[PASSED_URL] = os.environ[PASSED_URL]
    return env
