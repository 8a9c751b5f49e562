"""Open files: a worker that looks after many children needs more than programs are made for."""

from __future__ import annotations

import contextlib
import resource

UNLIMITED = 1 << 20
"""The hard limit where there is none."""

_before: list[int] = []


def raise_open_files() -> int:
    """Raise this process's soft limit to the hard one; returns how many files it may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = UNLIMITED if hard == resource.RLIM_INFINITY else hard
    if soft != most:
        _before[:] = [soft]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return most


def give_back(child: int) -> None:
    """Give a child the soft limit that this process had at its start: select() breaks above 1024."""
    if not _before:
        return
    with contextlib.suppress(AttributeError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.prlimit(child, resource.RLIMIT_NOFILE, (_before[0], hard))
