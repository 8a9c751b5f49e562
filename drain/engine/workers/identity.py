"""The identity of this process for the others, and its abilities."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID, uuid4

from drain.engine.process.job import worker_folder
from drain.engine.process.profile import Profile, check
from drain.engine.workers.dead import folders, sign
from drain.models import ExecutorProfile
from drain.policy.remote import remote_of

WORKER = uuid4()
"""This process; a forked child gets its own through `identify`."""

_identity: tuple[int, UUID] = (os.getpid(), WORKER)


def worker_id() -> UUID:
    """The id of this very process: a fork does not inherit its parent's."""
    global _identity  # noqa: PLW0603 - one identity a process is the point
    if _identity[0] != os.getpid():
        _identity = (os.getpid(), uuid4())
    return _identity[1]


def worker_name() -> str:
    """Return this worker's name in attempts and on pages: `host/pid/id`."""
    return f"{socket.gethostname()}/{os.getpid()}/{worker_id().hex}"


def host_id() -> UUID | None:
    """The WorkerHost that `manage.py up` started this process for; None without one."""
    given = os.environ.get("DRAIN_WORKER_HOST", "")
    return UUID(given) if given else None


def own_folder() -> Path:
    """Return this worker's own folder, mode 0700: reports and large logs of its running phases."""
    folder = worker_folder(folders(), worker_id())
    sign(folder)
    return folder


def phase_user() -> str:
    """The OS user as whom phases run here that name no other; "" for this process's own."""
    return os.environ.get("DRAIN_PHASE_USER", "")


def to_profile(stored: ExecutorProfile) -> Profile:
    """The executor's value object for a stored profile."""
    return Profile(
        name=stored.name,
        argv=tuple(stored.argv),
        cwd=stored.cwd,
        timeout=stored.timeout_seconds,
        env=dict(stored.env),
        env_from=tuple(stored.env_from),
        preflight=stored.preflight,
        service=stored.service,
        service_url=stored.service_url,
        allow_dash=stored.allow_dash,
        allow_program_text=stored.allow_program_text,
        os_user=stored.os_user or phase_user(),
        max_parallel=stored.max_parallel,
        starts_per_minute=stored.starts_per_minute,
        ramp=stored.ramp,
        run_delay_seconds=stored.run_delay_seconds,
        remote=remote_of(stored),
    )


def profiles_here() -> tuple[dict[int, Profile], dict[str, list[str]]]:
    """Profiles that this host can run, by primary key, and the problems of those it cannot, by name."""
    able: dict[int, Profile] = {}
    problems: dict[str, list[str]] = {}
    for stored in ExecutorProfile.objects.all():
        profile, found = examine(stored)
        if found or profile is None:
            problems[stored.name] = found
        else:
            able[stored.pk] = profile
    return able, problems


def examine(
    stored: ExecutorProfile, environ: Mapping[str, str] | None = None
) -> tuple[Profile | None, list[str]]:
    """Return the profile, and why this host cannot run it: sentences, never an exception. Starts nothing."""
    try:
        profile = to_profile(stored)
        return profile, check(profile, environ)
    except Exception as error:  # noqa: BLE001 - one row that makes no sense must not take out the host
        return None, [f"The profile cannot be read ({type(error).__name__}: {error}): set it anew."]
