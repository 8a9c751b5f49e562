"""Schemas of plans, imports, holds, fingerprints, fixes, checks and comparisons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Planned(BaseModel):
    id: int
    run_id: str
    phase_id: str
    position: int
    why: str


class PlanOut(BaseModel):
    """The preview of a drain: `first` are the first of the selected phases."""

    total_failed: int
    selected: int
    excluded: dict[str, int]
    first: list[Planned]


class Imported(BaseModel):
    """The changes that an import made, or would make, as `import_phases --json` prints them."""

    model_config = ConfigDict(extra="allow")
    source: str
    runs: int
    phases: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    dry_run: bool


class HoldOut(BaseModel):
    hold: int
    kind: str
    value: str
    reason: str
    until: datetime | None
    created_by: str
    created_at: datetime


class HeldRuns(BaseModel):
    """Runs that a filter set aside, and how many of those that match were held before."""

    held: list[str]
    held_before: int


class HoldPage(BaseModel):
    items: list[HoldOut]
    next: str | None


class Released(BaseModel):
    released: int


class NoteOut(BaseModel):
    note: int
    run_id: str | None
    fingerprint: str | None
    text: str
    created_by: str
    created_at: datetime


class NotePage(BaseModel):
    items: list[NoteOut]
    next: str | None


class FingerprintOut(BaseModel):
    id: int
    key: str
    title: str
    status: str
    category: str
    failed_now: int
    first_seen: datetime
    last_seen: datetime
    merged_into: str | None


class FingerprintPage(BaseModel):
    items: list[FingerprintOut]
    next: str | None


class Fix(BaseModel):
    id: int
    title: str
    applied_at: datetime
    commit: str
    source: str | None
    run_ids: list[str]
    verdict: dict[str, Any]


class FixRow(BaseModel):
    id: int
    title: str
    applied_at: datetime
    commit: str
    source: str | None
    run_ids: list[str]
    fingerprints: list[str]
    created_by: str


class FixPage(BaseModel):
    items: list[FixRow]
    next: str | None


class CheckOut(BaseModel):
    id: int
    kind: str
    name: str
    enabled: bool
    drain: int | None
    marker: int | None
    judged_at: datetime | None


class CheckPage(BaseModel):
    items: list[CheckOut]
    next: str | None


class Compared(BaseModel):
    """Two sides, as `compare --json` prints them."""

    model_config = ConfigDict(extra="allow")
    asked: dict[str, str]


class WhatIfOut(BaseModel):
    session: int
    kept: int
    skipped: int
    completes_lost: int
    telemetry_lost: int
    attempt_minutes_saved: float
    clock_minutes_saved: float
    timeouts_added: int
    never_tried: int
    stop: dict[str, Any] | None
    run_stops: list[dict[str, Any]]
