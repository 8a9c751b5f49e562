"""A profile with what only its source knows: where its database is, and what its program expects."""

from __future__ import annotations

from dataclasses import replace

from drain.engine.process.profile import Profile
from drain.models import Source
from drain.sources.autopack.profile import attempt_environment, source_of


def for_source(profile: Profile, source: Source | None = None) -> Profile:
    """The profile to run with, for phases and preflights alike; others as they are. Raises SourceError."""
    source = source or source_of(profile.name)
    if source is None:
        return profile
    return replace(
        profile,
        env=attempt_environment(source, profile.env),
        cwd=profile.cwd or source.workspace,
    )
