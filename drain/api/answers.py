"""Schemas of answers."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Workers(BaseModel):
    hosts: int
    workers: int
    slots: int
    busy: int


class Session(BaseModel):
    session: int
    state: str
    stop_reason: str | None
    selected: int
    total_failed: int
    parallel: int
    started_by: str
    note: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class SessionResult(BaseModel):
    """The result of a drain, as `drain --json` prints it."""

    session: int
    state: str
    stop_reason: str | None
    selected: int
    phases: int
    processed: int
    complete: int
    failed: int
    retryable: int
    timeouts: int
    skipped: int
    lost: int
    diverted: int
    cancelled: int
    interrupted: int
    telemetry_events: int
    excluded: dict[str, int]
    before: dict[str, int]
    after: dict[str, int]


class SessionDetail(SessionResult, Session):
    pass


class DrainStarted(SessionResult):
    href: str
    warning: str | None


class Overview(BaseModel):
    phases: dict[str, int]
    queued: int
    stale: int
    workers: Workers
    live_sessions: list[Session]


class PhaseOut(BaseModel):
    id: int
    run_id: str
    phase_id: str
    tier_index: int | None
    phase_index: int | None
    name: str
    state: str
    state_changed_at: datetime
    attempts: int
    last_failure_reason: str
    fingerprint: str | None


class Why(BaseModel):
    """The reason why a phase is not drained."""

    model_config = ConfigDict(extra="allow")
    run_id: str
    phase_id: str
    state: str
    sentence: str


class RunOut(BaseModel):
    id: int
    run_id: str
    name: str
    order: str
    max_parallel: int
    executor: str | None
    created_at: datetime
    phases: dict[str, int]


class RunCount(BaseModel):
    run_id: str
    phases: int


class FingerprintCount(BaseModel):
    fingerprint: str | None
    title: str
    phases: int


class SelectionOut(BaseModel):
    """The size of a choice of phases, and the runs and fingerprints that have most of it."""

    total: int
    runs: int
    largest_runs: list[RunCount]
    largest_fingerprints: list[FingerprintCount]


class RowResult(BaseModel):
    """The result for one row."""

    id: int
    label: str
    done: bool
    said: str


class Moved(BaseModel):
    done: int
    left_alone: int
    results: list[RowResult]


class SessionPage(BaseModel):
    items: list[Session]
    next: str | None


class PhasePage(BaseModel):
    items: list[PhaseOut]
    next: str | None


class RunPage(BaseModel):
    items: list[RunOut]
    next: str | None


class RowPage(BaseModel):
    items: list[RowResult]
    next: str | None


class Bulk(BaseModel):
    bulk: int
    verb: str
    state: str
    total: int
    done: int
    left_alone: int
    error: str
    href: str


class BulkDetail(Bulk):
    left_alone_rows: RowPage
