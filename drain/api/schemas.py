"""Schemas of requests: a field that nobody reads is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from drain.models.vocabulary import FingerprintStatus, PhaseState, SessionState
from drain.policy.numbers import HIGHEST, whole

MOST_LISTED = 200
LISTED = 50
MOST_NAMED = 100_000


def _digits(value: object) -> object:
    """A text of an address is a number by its digits alone: int() would take +0.0, 1_0 and digits of other scripts."""
    # One below 0 is a number, and too small.
    if isinstance(value, str) and whole(value.removeprefix("-")) is None:
        raise PydanticCustomError("int_parsing", "must be a whole number")
    return value


Whole = Annotated[int, BeforeValidator(_digits)]
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

    after: Annotated[Whole, Field(ge=0, le=HIGHEST)] | None = None
    limit: Annotated[Whole, Field(ge=1, le=MOST_LISTED)] = LISTED


class Refusal(BaseModel):
    """The reason of a refusal, in one sentence."""

    error: str


class SessionListing(Listing):
    state: Literal[*SessionState.values] | None = None  # type: ignore[valid-type]


class FilterFields(BaseModel):
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
    attempts_at_least: Annotated[Whole, Field(ge=0, le=1_000_000)] | None = None
    attempts_at_most: Annotated[Whole, Field(ge=0, le=1_000_000)] | None = None


class PhaseListing(Listing, FilterFields):
    state: Literal[*PhaseState.values] | None = None  # type: ignore[valid-type]
    run: Name = ""
    fingerprint: Name = ""


class FingerprintListing(Listing):
    status: Literal[*FingerprintStatus.values] | None = None  # type: ignore[valid-type]


class NoteListing(Listing):
    run_id: Name = ""
    fingerprint: Name = ""


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
    """The reading of a file, as the flags of `import_phases` say it."""

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
    remember: bool = False


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
    starts_per_minute: int | None = None
    ramp: float | None = None
    run_delay_seconds: float | None = None
    max_lifetime_attempts: int | None = None
    count_source_attempts: bool | None = None


class FilterIn(Sent, FilterFields):
    """Phases by what is known of them."""


class DrainIn(Sent):
    """The failed phases to drain, and the limits."""

    run_ids: list[Name] = []
    skip_run_prefixes: list[Name] = []
    fingerprints: list[Name] = []
    sources: list[Name] = []
    filter: FilterIn | None = None
    limits: LimitsIn = LimitsIn()
    note: str = ""


class SelectionIn(Sent):
    state: Literal["FAILED", "QUEUED"] = "FAILED"
    filter: FilterIn


EVERYTHING = DrainIn()
"""The meaning of a request without a body."""


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
    target: str = ""
    """A run, or a prefix with `*` behind it."""
    filter: FilterIn | None = None
    """Instead of a target: the runs of the failed phases that match."""
    reason: str
    until: str | None = None


class ReleaseIn(Sent):
    target: str
    reason: str = ""


class NoteIn(Sent):
    run_id: str = ""
    fingerprint: str = ""
    """Instead of a run: the key of a fingerprint."""
    text: str


class ReasonIn(Sent):
    reason: str = ""


NO_REASON = ReasonIn()


class SnoozeIn(ReasonIn):
    """Until a time, or for so many failures more."""

    until: str | None = None
    for_count: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None


class MergeIn(ReasonIn):
    into: Name


class SplitIn(ReasonIn):
    """The failures that become a fingerprint of their own."""

    by: Literal["type", "message", "place", "test"]
    value: Annotated[str, Field(max_length=200)]


class OnFixIn(Sent):
    """The drain of a fix: a sample, then ramps while it works; each drain under these limits."""

    sample: Annotated[int, Field(ge=5, le=10_000)] = 24
    limits: LimitsIn = LimitsIn()


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
    drain_on_fix: OnFixIn | None = None
