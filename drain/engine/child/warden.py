"""The warden: one small process per worker that kills what the worker leaves behind."""

from __future__ import annotations

from uuid import UUID


class Warden:
    """A running warden; it ends by itself when this worker process does."""

    pid: int
    worker: UUID


def ensure_warden(worker: UUID) -> Warden:
    """Return this process's warden, starting it if there is none or if it died. Call before each claim round."""
    raise NotImplementedError


def sweep(cookie_prefix: str, *, passes: int = 3) -> int:
    """Kill every process whose DRAIN_CLAIM begins with the prefix (a claim, or `worker_prefix`).

    Returns how many were killed; comes back after `passes` clean passes in a row. Where there is no /proc: 0.
    """
    raise NotImplementedError


def harden_process() -> bool:
    """Make this process's memory and environment unreadable to its children's user; True if done (Linux)."""
    raise NotImplementedError
