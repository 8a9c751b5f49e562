"""The contract of an attempt with its child: the values behind the placeholders and the DRAIN_ variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Contract:
    """One attempt as its child sees it."""

    run_id: str
    phase_id: str
    phase_index: int
    attempt: int
    """Number of the attempt, from 1."""
    claim: str
    """The cookie every process of the child carries; see `make_claim`."""
    params: Mapping[str, object] = field(default_factory=dict)


def make_claim(worker: UUID, lease: UUID) -> str:
    """Return the cookie `<worker hex>.<lease hex>`: its first half finds all children of a worker."""
    return f"{worker.hex}.{lease.hex}"


def worker_prefix(worker: UUID) -> str:
    """Return what every cookie of this worker begins with."""
    return f"{worker.hex}."
