"""Staging: rows of a source stream into temporary tables by COPY, then move over in chunks.

The source is read to its end before the first row of ours changes, and everything happens in one
transaction: a source that breaks in the middle changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from drain.fingerprints import Fingerprint, fingerprint
from drain.models import TelemetryEvent
from drain.models.fingerprints.splits import Splits
from drain.models.vocabulary import PhaseState

CHUNK = 50_000
_TABLES = """
DROP TABLE IF EXISTS pg_temp.drain_stage_run, pg_temp.drain_stage_phase, pg_temp.drain_stage_event,
    pg_temp.drain_stage_edge;
CREATE TEMP TABLE drain_stage_run (
    run_id text, name text, created_at timestamptz, run_order text, max_parallel int, executor text,
    labels jsonb) ON COMMIT DROP;
CREATE TEMP TABLE drain_stage_phase (
    n bigint, run_id text, phase_id text, tier_index int, phase_index int, name text, state text, changed_at timestamptz,
    category text, complexity text, params jsonb, source_attempts int, reason text NOT NULL,
    fingerprint text NOT NULL, failure_category text NOT NULL, fine text NOT NULL,
    started_at timestamptz, finished_at timestamptz, moved bool NOT NULL DEFAULT false) ON COMMIT DROP;
CREATE TEMP TABLE drain_stage_event (
    n bigint, run_id text, phase_id text, kind text, at timestamptz, category text, model text,
    predicted bigint, actual bigint, data jsonb, source_event text) ON COMMIT DROP;
CREATE TEMP TABLE drain_stage_edge (
    run_id text, phase_id text, need_run text, need_phase text) ON COMMIT DROP;
"""


@dataclass(frozen=True, slots=True)
class RunIn:
    """A run as a source gives it; None means that the source does not say."""

    run_id: str
    name: str | None = None
    created_at: datetime | None = None
    run_order: str | None = None
    max_parallel: int | None = None
    executor: str | None = None
    labels: Jsonb | None = None


@dataclass(frozen=True, slots=True)
class PhaseIn:
    """A phase as a source gives it; None means that the source does not say."""

    run_id: str
    phase_id: str
    state: PhaseState
    tier_index: int | None = None
    phase_index: int | None = None
    """Within its tier, if the source has tiers."""
    name: str | None = None
    changed_at: datetime | None = None
    category: str | None = None
    complexity: str | None = None
    params: Any = None
    source_attempts: int | None = None
    reason: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventIn:
    """A telemetry event as a source gives it; `source_event` makes importing it twice do nothing."""

    run_id: str
    phase_id: str
    kind: str
    source_event: str
    at: datetime | None = None
    category: str = ""
    model: str = ""
    predicted: int | None = None
    actual: int | None = None
    data: Any = None

    def as_row(self) -> TelemetryEvent:
        """The event as a row that belongs to no phase yet."""
        row = TelemetryEvent(
            kind=self.kind,
            category=self.category[:100],
            model=self.model[:100],
            predicted_tokens=self.predicted,
            actual_tokens=self.actual,
            data=self.data or {},
            source_event=self.source_event,
        )
        if self.at is not None:
            row.at = self.at
        return row


class Causes:
    """The fingerprints met while staging, with when they were first and last seen."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._splits = Splits.load()
        self.seen: dict[str, tuple[Fingerprint, datetime, datetime, str]] = {}

    def of(self, reason: str, at: datetime | None) -> Fingerprint | None:
        """Fingerprint of a failure reason; None for no reason."""
        if not reason:
            return None
        found = self._splits.of(_fingerprint(reason), reason)
        at = at or self._now
        _, first, last, sample = self.seen.get(found.key, (found, at, at, reason))
        self.seen[found.key] = (found, min(first, at), max(last, at), sample)
        return found


# Backlogs fail by the hundred for the same reason, so most texts have been seen just before.
@lru_cache(maxsize=4096)
def _fingerprint(reason: str) -> Fingerprint:
    return fingerprint(reason)


def create_tables() -> None:
    """Make the temporary tables; they vanish with the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)


def stage_runs(runs: Iterable[RunIn]) -> int:
    """Stream runs into their table; returns how many."""
    return _copy(
        "drain_stage_run (run_id, name, created_at, run_order, max_parallel, executor, labels)",
        (
            (r.run_id, r.name, r.created_at, r.run_order, r.max_parallel, r.executor, r.labels)
            for r in runs
        ),
    )


def stage_phases(phases: Iterable[PhaseIn], causes: Causes) -> int:
    """Stream phases into their table, numbered from 1; returns how many."""
    count = _copy(
        "drain_stage_phase (n, run_id, phase_id, tier_index, phase_index, name, state, changed_at, category, complexity, "
        "params, source_attempts, reason, fingerprint, failure_category, fine, started_at, finished_at)",
        (_phase_row(number, phase, causes) for number, phase in enumerate(phases, 1)),
    )
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX ON drain_stage_phase (n)")
        cursor.execute("CREATE INDEX ON drain_stage_phase (run_id, phase_id)")
        cursor.execute("ANALYZE drain_stage_phase")
    return count


def stage_events(events: Iterable[EventIn]) -> int:
    """Stream telemetry events into their table, numbered from 1; returns how many."""
    count = _copy(
        "drain_stage_event (n, run_id, phase_id, source_event, kind, at, category, model, predicted, actual, data)",
        (_event_row(number, event) for number, event in enumerate(events, 1)),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE drain_stage_event")
    return count


def stage_edges(edges: Iterable[tuple[str, str, str, str]]) -> int:
    """Stream dependencies (run, phase, needed run, needed phase) into their table; returns how many."""
    return _copy("drain_stage_edge (run_id, phase_id, need_run, need_phase)", edges)


def chunks(count: int) -> Iterable[tuple[int, int]]:
    """First and last number of each chunk of 1..count."""
    return ((first, first + CHUNK - 1) for first in range(1, count + 1, CHUNK))


def _phase_row(number: int, phase: PhaseIn, causes: Causes) -> Sequence[object]:
    cause = causes.of(phase.reason, phase.finished_at or phase.changed_at)
    return (
        number,
        phase.run_id,
        phase.phase_id,
        phase.tier_index,
        phase.phase_index,
        phase.name,
        phase.state.value,
        phase.changed_at,
        phase.category,
        phase.complexity,
        None if phase.params is None else Jsonb(phase.params),
        phase.source_attempts,
        phase.reason,
        cause.key if cause else "",
        cause.category if cause else "",
        cause.fine if cause else "",
        phase.started_at,
        phase.finished_at,
    )


def _event_row(number: int, event: EventIn) -> Sequence[object]:
    values = asdict(event)
    values["data"] = Jsonb(event.data or {})
    names = ("run_id", "phase_id", "source_event", "kind", "at", "category", "model")
    return (number, *(values[name] for name in (*names, "predicted", "actual", "data")))


def _copy(target: str, rows: Iterable[Sequence[object]]) -> int:
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count
