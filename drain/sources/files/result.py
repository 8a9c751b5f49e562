"""The options of an import of files, and its result."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from drain.sources.files.lines import Reject

REJECTS_KEPT = 1000
REQUEST_UNPACKED = 32 << 20
"""Bytes that a packed file may hold which comes with a request:
twice what one may bring that is not packed.
"""
REQUEST_SECONDS = 30.0
"""The longest reading of such a file: a request holds one of the web server's few threads."""


@dataclass(frozen=True, slots=True)
class Options:
    """The reading of a file, where its own look does not say it."""

    encoding: str | None = None
    delimiter: str | None = None
    mapping: str | None = None
    """Name of a ready mapping or of a shape, or a file with a mapping."""
    maps: tuple[str, ...] = ()
    """`run_id=dag_run`, `state:upstream_failed=FAILED`."""
    sets: tuple[str, ...] = ()
    """`run_id=nightly`: this value for every phase."""
    day_first: bool = False
    lenient: bool = False
    """Collect what cannot be taken, instead of refusing the file for it."""
    dry_run: bool = False
    remember: bool = False
    """Keep with the source how this file is read; nothing said about it forgets what was kept."""
    kept: bool = False
    """These are what was kept with the source."""
    most_unpacked: int | None = None
    """Bytes that a packed file may hold; None: any number."""
    most_seconds: float | None = None
    """The longest reading; None: as long as it takes."""


@dataclass(frozen=True, slots=True)
class FileImport:
    """The changes that an import of a file made, or would make."""

    source: str
    runs: int
    runs_created: int
    phases: int
    created: int
    updated: int
    unchanged: int
    synced: int
    leased: int
    dependencies: int
    """Dependencies added."""
    ignored_fields: tuple[str, ...]
    """Names of fields that nobody reads, so that a misspelt one is seen."""
    format: str = ""
    """The recognised format: `CSV with ; between fields, UTF-8, gzip`."""
    shape: str = ""
    """The tool whose records it holds."""
    fields: tuple[tuple[str, str], ...] = ()
    """(ours, theirs): of what each field of a phase is made, where names alone decide it."""
    states: tuple[tuple[str, str, int], ...] = ()
    """(as written, ours or "" if left out, phases)."""
    left_out: int = 0
    """Phases in a state that nobody knows, or that a mapping leaves out."""
    marks: dict[str, int] = field(default_factory=dict)
    """The numbers of flaky and of retried tests."""
    rejected: int = 0
    rejects: tuple[Reject, ...] = ()
    """The first of what was rejected."""
    examples: tuple[dict[str, str], ...] = ()
    """The first phases, as they were understood."""
    reasons: int = 0
    """Phases of which the file says why they failed."""
    dry_run: bool = False
    unseen: int = 0
    """Phases of a query's source that are failed or queued here and not in its answer."""
    kept: str = ""
    """The reading of the source's files, as flags, where this file was read so without saying it."""

    @property
    def lacks_reason(self) -> bool:
        """True if no phase has a reason, though there are fields that nobody reads."""
        taken = any(ours == "reason" for ours, _ in self.fields)
        return bool(self.phases and self.ignored_fields) and not (taken or self.reasons)

    def as_json(self) -> dict[str, Any]:
        """The same as a dictionary."""
        return asdict(self)
