"""Executor profile: how phases of a kind are run, and whether this host can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    allow_dash: bool = False
    """Let an imported value that begins with "-" begin an argument."""
    os_user: str = ""
    """Run as this OS user (the worker must be root); "" for the worker's own."""
    chunk: int = 1
    """Phases started in one step; above 1 only for short idempotent ones."""


def check(profile: Profile) -> list[str]:
    """Return why this host cannot run the profile, as sentences; empty if it can."""
    raise NotImplementedError
