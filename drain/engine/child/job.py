"""From a profile and a contract to the exact process to start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from drain.engine.child.contract import Contract
from drain.engine.child.profile import Profile

GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """One process to start, with nothing left to decide."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    """The worker's own folder, mode 0700: large logs and the report file."""
    claim: str
    timeout: float
    """Seconds from the start to SIGTERM."""
    grace: float = GRACE_SECONDS
    """Seconds from SIGTERM to SIGKILL."""
    cwd: str | None = None
    os_user: str = ""
    report: Path | None = None
    """DRAIN_REPORT; the file need not exist."""


def prepare(
    profile: Profile,
    contract: Contract,
    *,
    folder: Path,
    timeout: float,
    grace: float = GRACE_SECONDS,
    environ: Mapping[str, str] | None = None,
) -> Job:
    """Fill the profile for one attempt. Raises TemplateError or EnvironmentRefused; starts nothing."""
    raise NotImplementedError
