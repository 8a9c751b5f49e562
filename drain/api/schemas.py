"""What requests hold and answers give, as schemas: a field that nobody reads is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from drain.models.vocabulary import FingerprintStatus, PhaseState, SessionState
from drain.policy.numbers import HIGHEST

MOST_LISTED = 200
LISTED = 50
MOST_NAMED = 100_000
Id = Annotated[int, Field(ge=1, le=HIGHEST)]
Name = Annotated[str, Field(max_length=300)]


class Sent(BaseModel):
    """The body of a request, by its types: no text is a number, no number is true."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def refuse_unknown_fields(cls, value: Any) -> Any:
        """A misspelt field would silently do something else."""
        if isinstance(value, Mapping):
            for name in value:
                if name not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_field",
                        "There is no field “{name}”; there are: {names}.",
                        {"name": str(name)[:60], "names": ", ".join(cls.model_fields)},
                    )
        return value


class Words(BaseModel):
    """Words of an address that is no list."""


class Listing(Words):
    """A page of a list: behind which row, and how many rows."""

    after: Annotated[int, Field(ge=0, le=HIGHEST)] | None = None
    limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = LISTED


class Refusal(BaseModel):
    """Why not, in one sentence."""

    error: str


class SessionListing(Listing):
    state: Literal[*SessionState.values] | None = None  # type: ignore[valid-type]


class PhaseListing(Listing):
    state: Literal[*PhaseState.values] | None = None  # type: ignore[valid-type]
    run: Name = ""
    fingerprint: Name = ""


class FingerprintListing(Listing):
    status: Literal[*FingerprintStatus.values] | None = None  # type: ignore[valid-type]


class CompareListing(Words):
    """A question as the flags of `compare` ask it."""

    kind: Literal["marker", "drain", "drains", "windows", "sources"]
    marker: Name | None = None
    drain: Name | None = None
    a: Name | None = None
    b: Name | None = None
    a_from: Name | None = None
    a_to: Name | None = None
    b_from: Name | None = None
    b_to: Name | None = None
    days: Name | None = None


class ImportListing(Words):
    """How a file is to be read, as the flags of `import_phases` say it."""

    source: Annotated[str, Field(min_length=1, max_length=100)] = "files"
    format: Literal["csv", "json", "jsonl", "junit", "tsv"] | None = None
    encoding: Annotated[str, Field(max_length=40)] | None = None
    delimiter: Annotated[str, Field(pattern='^[^"\\r\\n]$')] | None = None
    mapping: Annotated[str, Field(max_length=40)] | None = None
    map: list[Name] = []
    set: list[Name] = []
    day_first: bool = False
    lenient: bool = False
    dry_run: bool = False


class LimitsIn(Sent):
    """The limits of `drain`, with underscores; what is left out takes its default."""

    batch_size: int | None = None
    parallel: int | None = None
    queued_policy: str | None = None
    phase_timeout_seconds: int | None = None
    max_total_minutes: float | None = None
    max_timeouts_per_run: int | None = None
    max_attempts_per_phase: int | None = None
    max_fingerprint_repeats: int | None = None
    max_session_fingerprint_repeats: int | None = None
    max_consecutive_zero_yield: int | None = None
    max_failure_rate: float | None = None
    failure_rate_window: int | None = None
    until: str | None = None
    sample: int | None = None
    sample_passes: int | None = None
    key_level: str | None = None
    wait_for_host: int | None = None


class FilterIn(Sent):
    """Phases by what is known of them: values of one field are alternatives, fields narrow each other."""

    run_ids: list[Name] = []
    run_prefixes: list[Name] = []
    labels: list[Name] = []
    sources: list[Name] = []
    names: list[Name] = []
    fingerprints: list[Name] = []
    types: list[Name] = []
    categories: list[Name] = []
    error: Annotated[str, Field(max_length=2000)] = ""
    since: str | None = None
    before: str | None = None
    attempts_at_least: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    attempts_at_most: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class DrainIn(Sent):
    """Which failed phases, under which limits."""

    run_ids: list[Name] = []
    skip_run_prefixes: list[Name] = []
    fingerprints: list[Name] = []
    filter: FilterIn | None = None
    limits: LimitsIn = LimitsIn()
    note: str = ""


class SelectionIn(Sent):
    state: Literal["FAILED", "QUEUED"] = "FAILED"
    filter: FilterIn


EVERYTHING = DrainIn()
"""What a request without a body means."""


class WhatIfIn(Sent):
    limits: LimitsIn


class PhasesIn(Sent):
    """Phases by their ids, or all of a run."""

    phases: Annotated[list[Id], Field(max_length=MOST_NAMED)] = []
    run_id: Name = ""
    reason: str


class RequeueIn(PhasesIn):
    filter: FilterIn | None = None


class DiscardIn(RequeueIn):
    to: Literal["skipped", "complete"]


class ClearIn(PhasesIn):
    stale: bool = False
    to: Literal["complete", "failed", "skipped"]


class HoldIn(Sent):
    target: str
    """A run, or a prefix with `*` behind it."""
    reason: str
    until: str | None = None


class ReleaseIn(Sent):
    target: str
    reason: str = ""


class ReasonIn(Sent):
    reason: str = ""


NO_REASON = ReasonIn()


class SnoozeIn(ReasonIn):
    """Until a time, or for so many failures more."""

    until: str | None = None
    for_count: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None


class MergeIn(ReasonIn):
    into: Name


class MarkerIn(Sent):
    """A fix that went in."""

    title: str
    at: str | None = None
    commit: str = ""
    note: Annotated[str, Field(max_length=2000)] = ""
    fingerprints: list[Name] = []
    source: Name | None = None
    run_ids: list[Name] = []
    guard: bool = False


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
    """What a drain came to, as `drain --json` prints it."""

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
    """Why a phase is not drained."""

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
    """How many phases a filter means, and which runs and fingerprints have most of them."""

    total: int
    runs: int
    largest_runs: list[RunCount]
    largest_fingerprints: list[FingerprintCount]


class RowResult(BaseModel):
    """What became of one row."""

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
