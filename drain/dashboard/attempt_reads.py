"""Attempts of many phases at once: the newest few of each, in one bounded query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drain.evidence.sql import rows

from .timeline import Stretch

EACH = 12

_NEWEST = """
SELECT p.id AS phase, a.number, a.outcome, a.reported_state, a.started_at, a.finished_at
FROM unnest(%(phases)s::bigint[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT number, outcome, reported_state, started_at, finished_at FROM drain_attempt
    WHERE phase_id = p.id ORDER BY number DESC LIMIT %(each)s
) a ORDER BY p.id, a.number
"""


def newest_attempts(phases: Sequence[int], now: datetime) -> dict[int, list[Stretch]]:
    """Phase → its newest attempts, oldest of them first; an open one reaches to `now`."""
    found: dict[int, list[Stretch]] = {}
    if phases:
        for item in rows(_NEWEST, {"phases": list(phases), "each": EACH}):
            state = item["outcome"] or item["reported_state"].upper() or "EXECUTING"
            end = item["finished_at"] or now
            found.setdefault(item["phase"], []).append(
                Stretch(state, item["started_at"], end, item["number"])
            )
    return found
