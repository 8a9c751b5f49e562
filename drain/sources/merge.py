"""From the staging tables into ours, in chunks; states go through the door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from drain.db.prepared import row, rows
from drain.models.runs import Source
from drain.models.transitions.imports import NOTHING_OURS, Ours, create_staged, sync
from drain.models.vocabulary import SourceKind
from drain.sources.errors import SourceError
from drain.sources.staging import chunks


@dataclass(frozen=True, slots=True)
class Merge:
    """Into which source, in whose name and when."""

    source: Source
    actor: str
    now: datetime
    executor: int | None = None
    """Primary key of the profile that runs of this source get when they name none."""
    ours: Ours = NOTHING_OURS


@dataclass(frozen=True, slots=True)
class PhaseCounts:
    """The result of merging phases, as counts."""

    created: int
    updated: int
    synced: int
    """Of those updated, how many changed their state."""
    leased: int
    """Left alone because a drain of ours holds them."""


_FOREIGN = """
SELECT s.run_id, coalesce(o.name, 'another source') AS owner
FROM (SELECT run_id FROM drain_stage_run UNION SELECT run_id FROM drain_stage_phase) s
JOIN drain_run r ON r.run_id = s.run_id LEFT JOIN drain_source o ON o.id = r.source_id
WHERE r.source_id IS DISTINCT FROM %(source)s::bigint LIMIT 1
"""
_RUNS = """
WITH given AS (
    SELECT DISTINCT ON (run_id) run_id, name, created_at, run_order, max_parallel, executor, labels FROM (
        SELECT run_id, name, created_at, run_order, max_parallel, executor, labels, 0 AS preference
        FROM drain_stage_run
        UNION ALL
        SELECT DISTINCT run_id, NULL, NULL::timestamptz, NULL, NULL::int, NULL, NULL::jsonb, 1
        FROM drain_stage_phase
    ) every ORDER BY run_id, preference
), merged AS (
    INSERT INTO drain_run AS r (run_id, name, source_id, labels, executor_id, "order", max_parallel,
        open_attempts, created_at, imported_at)
    SELECT g.run_id, coalesce(g.name, ''), %(source)s::bigint, coalesce(g.labels, '[]'::jsonb),
        coalesce(e.id, %(executor)s::bigint), coalesce(g.run_order, CASE WHEN g.max_parallel > 1 THEN 'independent' ELSE 'sequential' END),
        coalesce(g.max_parallel, 1), 0, coalesce(g.created_at, %(now)s::timestamptz), %(now)s::timestamptz
    FROM given g LEFT JOIN drain_executorprofile e ON e.name = g.executor ORDER BY g.run_id
    ON CONFLICT (run_id) DO UPDATE SET imported_at = excluded.imported_at,
        name = CASE WHEN excluded.name <> '' THEN excluded.name ELSE r.name END,
        labels = CASE WHEN excluded.labels <> '[]'::jsonb THEN excluded.labels ELSE r.labels END,
        executor_id = coalesce((SELECT e.id FROM given g JOIN drain_executorprofile e ON e.name = g.executor
                                WHERE g.run_id = r.run_id), r.executor_id, excluded.executor_id),
        "order" = coalesce((SELECT g.run_order FROM given g WHERE g.run_id = r.run_id), r."order"),
        max_parallel = coalesce((SELECT g.max_parallel FROM given g WHERE g.run_id = r.run_id), r.max_parallel)
    RETURNING xmax = 0 AS fresh
)
SELECT count(*) AS count, count(*) FILTER (WHERE fresh) AS created FROM merged
"""
_LEASED = """
SELECT count(*) AS count FROM drain_stage_phase s JOIN drain_run r ON r.run_id = s.run_id
JOIN drain_phase p ON p.run_id = r.id AND p.phase_id = s.phase_id WHERE p.lease_owner IS NOT NULL
"""
# What a phase is. Its failure reason follows the source only where the source is newer than what we know: a
# drain of ours may have found a later one; and no reason never erases an earlier one. Autopack keeps the
# reason of an earlier failure beside a new time on a phase that it requeues or takes: there it must have
# failed anew, or say what no attempt has said. A query gives the same row again and again, often without a
# time: once an attempt of ours has failed, what it said stays until the source moves the phase or counts
# another try.
_DETAILS = """
WITH given AS (
    SELECT p.id, coalesce(s.tier_index, p.tier_index) AS tier_index,
        coalesce(s.phase_index, p.phase_index) AS phase_index, coalesce(s.name, p.name) AS name,
        CASE WHEN p.lease_owner IS NULL THEN coalesce(s.changed_at, p.source_changed_at)
            ELSE p.source_changed_at END AS source_changed_at,
        coalesce(s.category, p.category) AS category, coalesce(s.complexity, p.complexity) AS complexity,
        coalesce(s.params, p.params) AS params, coalesce(s.source_attempts, p.source_attempts) AS source_attempts,
        s.reason <> '' AND p.lease_owner IS NULL
            AND (NOT %(is_read_again)s::bool OR s.moved OR p.attempts = 0 OR s.source_attempts > p.source_attempts)
            AND (s.changed_at IS NULL OR s.changed_at >= p.state_changed_at)
            AND (NOT %(keeps_reasons)s::bool OR s.state = 'FAILED' OR p.last_failure_reason = ''
                OR s.source_attempts > p.source_attempts OR NOT EXISTS (
                    SELECT FROM drain_attempt a
                    WHERE a.phase_id = p.id AND left(a.error, 4000) = left(s.reason, 4000))
            ) AS newer,
        s.reason, s.fingerprint, s.failure_category
    FROM drain_stage_phase s JOIN drain_run r ON r.run_id = s.run_id
    JOIN drain_phase p ON p.run_id = r.id AND p.phase_id = s.phase_id
    WHERE s.n BETWEEN %(first)s::bigint AND %(last)s::bigint ORDER BY p.id
), changed AS (
    UPDATE drain_phase p SET tier_index = g.tier_index, phase_index = g.phase_index, name = g.name,
        category = g.category, source_changed_at = g.source_changed_at,
        complexity = g.complexity, params = g.params, source_attempts = g.source_attempts,
        last_failure_reason = CASE WHEN g.newer THEN g.reason ELSE p.last_failure_reason END,
        last_fingerprint = CASE WHEN g.newer THEN g.fingerprint ELSE p.last_fingerprint END,
        failure_category = CASE WHEN g.newer THEN g.failure_category ELSE p.failure_category END
    FROM given g
    WHERE p.id = g.id AND ((p.tier_index, p.phase_index, p.name, p.category, p.complexity, p.params, p.source_attempts,
                p.source_changed_at)
            IS DISTINCT FROM
            (g.tier_index, g.phase_index, g.name, g.category, g.complexity, g.params, g.source_attempts,
                g.source_changed_at)
        OR (g.newer AND (p.last_failure_reason, p.last_fingerprint, p.failure_category)
            IS DISTINCT FROM (g.reason, g.fingerprint, g.failure_category)))
    RETURNING p.run_id, p.phase_id
), noted AS (
    UPDATE drain_stage_phase s SET moved = true
    FROM changed c JOIN drain_run r ON r.id = c.run_id
    WHERE s.run_id = r.run_id AND s.phase_id = c.phase_id
)
SELECT count(*) AS count FROM changed
"""
_EVENTS = """
WITH made AS (
    INSERT INTO drain_telemetryevent (phase_id, kind, at, category, model, predicted_tokens, actual_tokens,
        data, source_event)
    SELECT p.id, s.kind, coalesce(s.at, %(now)s::timestamptz), s.category, s.model, s.predicted, s.actual,
        s.data, s.source_event
    FROM drain_stage_event s JOIN drain_run r ON r.run_id = s.run_id
    JOIN drain_phase p ON p.run_id = r.id AND p.phase_id = s.phase_id
    WHERE s.n BETWEEN %(first)s::bigint AND %(last)s::bigint
    ON CONFLICT (phase_id, source_event) WHERE NOT source_event = '' DO NOTHING
    RETURNING 1
)
SELECT count(*) AS count FROM made
"""


def refuse_foreign_runs(source: Source) -> None:
    """Raise SourceError if a staged run already belongs to another source."""
    found = row(_FOREIGN, {"source": source.pk})
    if found:
        raise SourceError(
            f"Run {found['run_id']} already comes from {found['owner']}; a run has one source. "
            "Import it under that source's name, or give the run another id."
        )


def merge_runs(merge: Merge) -> tuple[int, int]:
    """Insert or update the staged runs; returns how many there are and how many are new."""
    found = row(_RUNS, {"source": merge.source.pk, "executor": merge.executor, "now": merge.now})
    return (found["count"], found["created"]) if found else (0, 0)


def merge_phases(merge: Merge, count: int) -> PhaseCounts:
    """Insert or update the `count` staged phases, states through the door."""
    leased = row(_LEASED, {})
    keeps_reasons = merge.source.kind == SourceKind.AUTOPACK
    is_read_again = merge.source.kind == SourceKind.SQL
    created = synced = 0
    for first, last in chunks(count):
        window: dict[str, Any] = {"actor": merge.actor, "now": merge.now}
        new = create_staged(first, last, **window)
        _tell_the_planner(new)
        created += new
        synced += sync(first, last, ours=merge.ours, **window)
        row(
            _DETAILS,
            {
                "first": first,
                "last": last,
                "keeps_reasons": keeps_reasons,
                "is_read_again": is_read_again,
            },
        )
    moved = row("SELECT count(*) AS count FROM drain_stage_phase WHERE moved", {})
    return PhaseCounts(
        created=created,
        updated=_count(moved),
        synced=synced,
        leased=_count(leased),
    )


def _tell_the_planner(created: int) -> None:
    """Count the tables again that these phases made far larger.

    What follows in the same transaction is planned long before autovacuum looks. A table known as empty would
    be read in whole for each staged phase: measured as 3 s for 285 phases, and growing with their square.
    """
    known = row("SELECT reltuples FROM pg_class WHERE oid = 'drain_phase'::regclass", {})
    if known and created * 10 > known["reltuples"]:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE drain_run, drain_phase")


def merge_events(merge: Merge, count: int) -> int:
    """Insert the staged telemetry events that are new; returns how many."""
    return sum(
        _count(row(_EVENTS, {"first": first, "last": last, "now": merge.now}))
        for first, last in chunks(count)
    )


def unknown_executors() -> list[str]:
    """Names of profiles that staged runs ask for and that do not exist."""
    found = rows(
        "SELECT DISTINCT s.executor FROM drain_stage_run s WHERE s.executor IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM drain_executorprofile e WHERE e.name = s.executor) ORDER BY 1 LIMIT 10",
        {},
    )
    return [str(item["executor"]) for item in found]


def _count(found: Mapping[str, Any] | None) -> int:
    return int(found["count"]) if found else 0
