"""Queued phases that hold others back: the oldest ones, each with how many wait for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from drain.evidence.sql import rows

SHOWN = 8

# Waits declared as dependencies are walked through failed phases; in an Autopack run everything failed
# after the first queued phase waits too, since Autopack would take the queued one first.
_BLOCKERS = """
WITH RECURSIVE oldest AS (
    SELECT id, run_id, phase_id, phase_index, state_changed_at FROM drain_phase
    WHERE state = 'QUEUED' AND (%(run)s::bigint IS NULL OR run_id = %(run)s::bigint) ORDER BY state_changed_at, id LIMIT %(limit)s
), walk AS (
    SELECT o.id AS root, d.phase_id AS id FROM oldest o
    JOIN drain_dependency d ON d.prerequisite_id = o.id
    JOIN drain_phase p ON p.id = d.phase_id AND p.state = 'FAILED'
    UNION
    SELECT walk.root, d.phase_id FROM walk
    JOIN drain_dependency d ON d.prerequisite_id = walk.id
    JOIN drain_phase p ON p.id = d.phase_id AND p.state = 'FAILED'
), behind AS (
    SELECT o.id AS root, p.id FROM oldest o
    JOIN drain_run r ON r.id = o.run_id JOIN drain_source s ON s.id = r.source_id AND s.kind = 'autopack'
    JOIN drain_phase p ON p.run_id = o.run_id AND p.state = 'FAILED' AND p.phase_index > o.phase_index
), blocked AS (SELECT root, id FROM walk UNION SELECT root, id FROM behind)
SELECT o.id AS pk, o.phase_id, r.id AS run_pk, r.run_id, o.state_changed_at AS since,
    (SELECT count(*)::int FROM blocked WHERE blocked.root = o.id) AS blocks,
    ARRAY(SELECT p.phase_id FROM blocked JOIN drain_phase p ON p.id = blocked.id
        WHERE blocked.root = o.id ORDER BY p.run_id, p.phase_index LIMIT 4) AS names
FROM oldest o JOIN drain_run r ON r.id = o.run_id ORDER BY o.state_changed_at, o.id
"""


@dataclass(frozen=True, slots=True)
class Blocker:
    """A queued phase, since when, and how many failed phases wait for it, through others too."""

    pk: int
    phase_id: str
    run_pk: int
    run_id: str
    since: datetime
    blocks: int
    names: list[str]
    """The first few that wait."""
    stale: bool


def read_blockers(now: datetime, run: int | None = None) -> list[Blocker]:
    """The queued phases that wait longest, oldest first; of one run (its primary key) or of all."""
    stale_before = now - settings.DRAIN_STALE_AFTER
    return [
        Blocker(**item, stale=item["since"] < stale_before)
        for item in rows(_BLOCKERS, {"limit": SHOWN, "run": run})
    ]
