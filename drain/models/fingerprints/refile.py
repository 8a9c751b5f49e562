"""Failures that belong to another cause than the one they were filed under: attempts, phases and totals."""

from __future__ import annotations

from collections.abc import Collection

from drain.db.prepared import row, rows

_LOCK = "SELECT id FROM drain_phase WHERE id = ANY(%(ids)s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
_PHASES = """
UPDATE drain_phase SET last_fingerprint = %(to)s::text
WHERE id = ANY(%(ids)s::bigint[]) AND last_fingerprint = ANY(%(keys)s::text[])
"""
# What is added goes before what is taken away, so that a fold between the two never counts less than nothing.
_ATTEMPTS = """
WITH was AS (
    SELECT a.id, a.fingerprint, a.run_id, a.outcome, a.finished_at, a.telemetry_count AS events, p.category,
        extract(epoch FROM a.finished_at - a.started_at)::float8 AS seconds
    FROM drain_attempt a JOIN drain_phase p ON p.id = a.phase_id
    WHERE a.id = ANY(%(ids)s::bigint[]) AND a.finished_at IS NOT NULL AND a.fingerprint = ANY(%(keys)s::text[])
    FOR NO KEY UPDATE OF a
), moved AS (
    UPDATE drain_attempt t SET fingerprint = %(to)s::text FROM was WHERE t.id = was.id
), delta AS (
    INSERT INTO drain_attemptdelta
        (finished_at, run_pk, attempts, category, outcome, fingerprint, seconds, telemetry_events)
    SELECT finished_at, run_id, n, category, outcome, key, n * seconds, n * events
    FROM (SELECT was.*, 1 AS n, %(to)s::text AS key FROM was
          UNION ALL SELECT was.*, -1, was.fingerprint FROM was) both_ways
    ORDER BY n DESC
)
SELECT count(*)::int AS moved FROM was
"""


def refile_phases(ids: Collection[int], keys: Collection[str], to: str) -> None:
    """Phases that failed last by one of these keys failed by another one; those that failed anew stay."""
    values = {"ids": sorted(ids), "keys": sorted(keys), "to": to}
    rows(_LOCK, values)
    rows(_PHASES, values)


def refile_attempts(ids: Collection[int], keys: Collection[str], to: str) -> int:
    """Ended attempts filed under one of these keys are filed under another one; returns how many."""
    found = row(_ATTEMPTS, {"ids": sorted(ids), "keys": sorted(keys), "to": to})
    return found["moved"] if found else 0
