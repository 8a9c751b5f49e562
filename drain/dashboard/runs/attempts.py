"""Attempts of many phases at once: the newest few of each, in one bounded query."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from drain.dashboard.runs.timeline import Stretch
from drain.db.sql import rows

EACH = 12

_NEWEST = """
SELECT p.id AS phase, a.number, coalesce(nullif(a.outcome, ''), nullif(upper(a.reported_state), ''), 'EXECUTING') AS state,
    extract(epoch FROM a.started_at)::float8 AS starts,
    extract(epoch FROM coalesce(a.finished_at, %(now)s::timestamptz))::float8 AS ends
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
        for item in rows(_NEWEST, {"phases": list(phases), "each": EACH, "now": now}):
            stretch = Stretch(item["state"], item["starts"], item["ends"], item["number"])
            found.setdefault(item["phase"], []).append(stretch)
    return found
