"""The engine's intervals and limits of time, in seconds."""

from __future__ import annotations

from django.conf import settings

from drain.engine.process.sweep import boottime

LEASE_SECONDS: float = settings.DRAIN_LEASE_SECONDS
"""A working phase whose lease is this old and a margin more is rescued."""

RENEW_EVERY = LEASE_SECONDS / 5

WARDEN_MARGIN = min(2.0, LEASE_SECONDS / 10)
"""The warden ends what a lease protected so long before the lease is over."""

RESCUE_MARGIN = LEASE_SECONDS / 3
IDLE_SECONDS = 0.25
"""Between looks for work while other loops still run phases of the session."""

PROOF_SECONDS = 15.0
"""A probe that waits for so long while workers are free proves that their queue is stuck."""

HOST_SILENT_SECONDS = 15.0
"""A worker host that said nothing for this long counts as gone."""

PROFILE_SECONDS = 30.0
"""The time between a host's looks at the executors that it can run."""


def lease_end() -> float:
    """Return until when a lease asked for now lasts (`sweep.boottime`). Call before the statement is sent."""
    return boottime() + LEASE_SECONDS - WARDEN_MARGIN
