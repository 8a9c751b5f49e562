"""The sentences of news."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drain.policy.reasons import StopReason

_ENDS = {
    "finished": "finished",
    "stopped": "was stopped",
    "cancelled": "was cancelled",
    "interrupted": "was interrupted",
    "refused": "was refused",
}


def drain_title(number: int, state: str, stop_reason: str, facts: Mapping[str, Any]) -> str:
    """Return how a drain ended: `Drain 7 was stopped (failure rate): 40 selected, 3 complete, 9 failed`."""
    known = state == "stopped" and stop_reason in list(StopReason)
    by = f" ({stop_reason.replace('_', ' ')})" if known else ""
    counts = ", ".join(f"{facts[name]:,} {name}" for name in ("selected", "complete", "failed"))
    return f"Drain {number} {_ENDS.get(state, state)}{by}: {counts}"
