"""A profile's preflight: one quick command that shows a broken environment before a backlog does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drain.engine.child.profile import Profile


@dataclass(frozen=True, slots=True)
class Preflight:
    """How the preflight went."""

    ok: bool
    seconds: float
    output_tail: str
    sentence: str
    """What to tell people, good or bad."""


def run_preflight(profile: Profile, *, folder: Path, timeout: float = 60.0) -> Preflight:
    """Run the profile's preflight command; a profile without one is ok after 0 seconds. Never raises."""
    raise NotImplementedError
