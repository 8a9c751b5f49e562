"""Import phases from JSON lines or CSV: streamed, all or nothing, bad lines named by number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import IO, Any

from django.db import transaction

from drain.db.prepared import row, rows
from drain.models import Source
from drain.models.fingerprint_rows import Seen, record_fingerprints
from drain.models.vocabulary import SourceKind
from drain.policy.selection.graph import CycleError, check_acyclic
from drain.sources import merge as merging
from drain.sources import staging
from drain.sources.errors import SourceError
from drain.sources.fields import FIELDS, Edge, record_of
from drain.sources.lines import read_csv, read_jsonl
from drain.sources.staging import PhaseIn, RunIn

FORMATS = {"jsonl": read_jsonl, "csv": read_csv}
SOURCE_NAME = "files"
IGNORED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class FileImport:
    """What an import of a file changed."""

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

    def as_json(self) -> dict[str, Any]:
        """The same as a dictionary."""
        return asdict(self)


_DUPLICATE = """
SELECT run_id, phase_id, min(n) AS first, max(n) AS last FROM drain_stage_phase
GROUP BY run_id, phase_id HAVING count(*) > 1 LIMIT 1
"""
_CONFLICT = """
SELECT run_id FROM drain_stage_run GROUP BY run_id
HAVING count(DISTINCT run_order) > 1 OR count(DISTINCT max_parallel) > 1 OR count(DISTINCT executor) > 1
LIMIT 1
"""
_ONE_RUN_EACH = """
WITH gone AS (DELETE FROM drain_stage_run RETURNING *)
INSERT INTO drain_stage_run (run_id, name, run_order, max_parallel, executor)
SELECT run_id, max(name), max(run_order), max(max_parallel), max(executor) FROM gone GROUP BY run_id
"""
_MISSING = """
SELECT e.run_id, e.phase_id, e.need_run, e.need_phase FROM drain_stage_edge e
WHERE NOT EXISTS (SELECT FROM drain_phase p JOIN drain_run r ON r.id = p.run_id
                  WHERE r.run_id = e.need_run AND p.phase_id = e.need_phase) LIMIT 1
"""
_EDGES = """
WITH made AS (
    INSERT INTO drain_dependency (phase_id, prerequisite_id)
    SELECT p.id, q.id FROM drain_stage_edge e
    JOIN drain_run pr ON pr.run_id = e.run_id JOIN drain_phase p ON p.run_id = pr.id AND p.phase_id = e.phase_id
    JOIN drain_run qr ON qr.run_id = e.need_run
    JOIN drain_phase q ON q.run_id = qr.id AND q.phase_id = e.need_phase
    ON CONFLICT (phase_id, prerequisite_id) DO NOTHING RETURNING 1
)
SELECT count(*) AS count FROM made
"""
_NAMES = """
SELECT p.id, r.run_id || '/' || p.phase_id AS name FROM drain_phase p JOIN drain_run r ON r.id = p.run_id
WHERE p.id = ANY(%(ids)s::bigint[])
"""


def import_file(stream: IO[bytes], kind: str, now: datetime, name: str = SOURCE_NAME) -> FileImport:
    """Import phases from an open file; `kind` is jsonl or csv. Idempotent.

    Raises SourceError, and then nothing has changed.
    """
    with transaction.atomic():
        source, _ = Source.objects.get_or_create(name=name, defaults={"kind": SourceKind.FILES})
        if source.kind != SourceKind.FILES:
            raise SourceError(f"{name} is the name of a database; choose another name for files.")
        return _import(source, stream, kind, now)


def _import(source: Source, stream: IO[bytes], kind: str, now: datetime) -> FileImport:
    causes = staging.Causes(now)
    staging.create_tables()
    lines = _Lines(stream, kind)
    phases = staging.stage_phases(lines.phases(), causes)
    staging.stage_runs(lines.runs.values())
    edges = staging.stage_edges(lines.edges)
    _refuse_ambiguous()
    row(_ONE_RUN_EACH, {})
    merging.refuse_foreign_runs(source)
    merge = merging.Merge(source, f"source:{source.name}", now)
    runs, runs_created = merging.merge_runs(merge)
    counts = merging.merge_phases(merge, phases)
    added = _add_edges() if edges else 0
    record_fingerprints(
        Seen(print_, sample, first, last) for print_, first, last, sample in causes.seen.values()
    )
    Source.objects.filter(pk=source.pk).update(imported_at=now)
    return FileImport(
        source=source.name,
        runs=runs,
        runs_created=runs_created,
        phases=phases,
        created=counts.created,
        updated=counts.updated,
        unchanged=phases - counts.created - counts.updated,
        synced=counts.synced,
        leased=counts.leased,
        dependencies=added,
        ignored_fields=tuple(sorted(lines.ignored)),
    )


class _Lines:
    """Streams the phases of a file; distinct runs and edges, few beside them, are kept until its end."""

    def __init__(self, stream: IO[bytes], kind: str) -> None:
        self._read = FORMATS[kind](stream)
        self.runs: dict[RunIn, RunIn] = {}
        self.edges: list[Edge] = []
        self.ignored: set[str] = set()

    def phases(self) -> Iterator[PhaseIn]:
        number = 0
        for number, fields in self._read:
            try:
                record = record_of(fields)
            except SourceError as error:
                raise SourceError(
                    f"Line {number}: {str(error).rstrip('.')}. Nothing was imported."
                ) from error
            if len(self.ignored) < IGNORED_SHOWN:
                self.ignored.update(map(str, fields.keys() - FIELDS))
            self.runs.setdefault(record.run, record.run)
            self.edges.extend(record.edges)
            yield record.phase
        if number == 0:
            raise SourceError("The file holds no phase.")


def _refuse_ambiguous() -> None:
    twice = row(_DUPLICATE, {})
    if twice:
        raise SourceError(
            f"Phase {twice['phase_id']} of run {twice['run_id']} is given twice "
            f"(as phase number {twice['first']} and {twice['last']} of the file)."
        )
    conflict = row(_CONFLICT, {})
    if conflict:
        raise SourceError(
            f"Lines of run {conflict['run_id']} disagree about its order, max_parallel or executor."
        )
    unknown = merging.unknown_executors()
    if unknown:
        raise SourceError(
            f"There is no executor profile {unknown[0]!r}; define it first: manage.py executor set {unknown[0]} -- ARGV…"
        )


def _add_edges() -> int:
    missing = row(_MISSING, {})
    if missing:
        raise SourceError(
            f"Phase {missing['phase_id']} of run {missing['run_id']} depends on "
            f"{missing['need_run']}/{missing['need_phase']}, which does not exist."
        )
    # Two imports could each add half of a circle; one at a time they cannot.
    rows("LOCK TABLE drain_dependency IN SHARE ROW EXCLUSIVE MODE", {})
    itself = row(
        "SELECT run_id, phase_id FROM drain_stage_edge WHERE (run_id, phase_id) = (need_run, need_phase)",
        {},
    )
    if itself:
        name = f"{itself['run_id']}/{itself['phase_id']}"
        raise SourceError(
            f"Dependencies run in a circle: {name} → {name}. Remove one of these edges."
        )
    added = row(_EDGES, {})
    _refuse_cycle()
    return int(added["count"]) if added else 0


def _refuse_cycle() -> None:
    edges = [
        (e["phase_id"], e["prerequisite_id"])
        for e in rows("SELECT phase_id, prerequisite_id FROM drain_dependency", {})
    ]
    try:
        check_acyclic(edges, {})
    except CycleError as error:
        ids = [int(node) for node in map(str, error.cycle)]
        names = {found["id"]: found["name"] for found in rows(_NAMES, {"ids": ids})}
        raise SourceError(str(CycleError(names[node] for node in ids))) from error
