"""Attempts of many phases at once: the newest few of each, in one bounded query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.evidence.sql import rows

from .timeline import Stretch

EACH = 12

_NEWEST = """
SELECT p.id AS phase, a.id, a.number, a.outcome, a.reported_state, a.started_at, a.finished_at
FROM unnest(%(phases)s::bigint[]) AS p (id)
CROSS JOIN LATERAL (
    SELECT id, number, outcome, reported_state, started_at, finished_at FROM drain_attempt
    WHERE phase_id = p.id ORDER BY number DESC LIMIT %(each)s
) a ORDER BY p.id, a.number
"""


@dataclass(frozen=True, slots=True)
class AttemptMark:
    """What a row of a run's table needs of one attempt."""

    pk: int
    number: int
    outcome: str
    """The outcome, or the state it reports while it is open."""
    started_at: datetime
    finished_at: datetime | None

    def stretch(self, now: datetime) -> Stretch:
        """Its place on a timeline."""
        return Stretch(self.outcome, self.started_at, self.finished_at or now, self.number)


def newest_attempts(phases: Sequence[int]) -> dict[int, list[AttemptMark]]:
    """Phase → its newest attempts, oldest of them first."""
    found: dict[int, list[AttemptMark]] = {}
    if phases:
        for item in rows(_NEWEST, {"phases": list(phases), "each": EACH}):
            found.setdefault(item["phase"], []).append(_mark(item))
    return found


def _mark(item: dict[str, Any]) -> AttemptMark:
    outcome = item["outcome"] or item["reported_state"].upper() or "EXECUTING"
    return AttemptMark(item["id"], item["number"], outcome, item["started_at"], item["finished_at"])
