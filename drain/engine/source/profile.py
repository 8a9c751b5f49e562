"""A profile with what only its source knows: where its database is, and what its program expects."""

from __future__ import annotations

from dataclasses import replace

from drain.engine.process.health import Needed
from drain.engine.process.profile import Profile
from drain.engine.workers.identity import own_folder
from drain.engine.workers.services import SharedServiceError, ensure_service, health_address
from drain.models import Source
from drain.sources.autopack.profile import API_URL, attempt_environment, source_of
from drain.sources.autopack.service import SERVICE, database_names


def for_source(profile: Profile, source: Source | None = None) -> Profile:
    """The profile to run with, for phases and preflights alike, while the service that they share answers.

    Raises SourceError, also for a service that is not there or is another one.
    """
    source = source or source_of(profile.name)
    if source is not None:
        env = attempt_environment(source, profile.env)
        profile = replace(profile, env=env, cwd=profile.cwd or source.workspace)
        profile = health_address(profile, env.get(API_URL, ""))
    if profile.service:
        _have_service(profile, source)
    return profile


def _have_service(profile: Profile, source: Source | None) -> None:
    if not profile.service_url:
        raise SharedServiceError(
            f"Executor {profile.name} has a service and no address for it: "
            f"set --service-url, or {API_URL} for its phases."
        )
    if source is None:
        needed = Needed()
    else:
        names, shown = database_names(source)
        needed = Needed(SERVICE, names, shown)
    ensure_service(profile, needed, own_folder())
