"""Import phases from a file: streamed, all or nothing unless lenient, bad lines named by number."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import IO

from django.db import transaction

from drain.db.prepared import row, rows
from drain.models import Source
from drain.models.audit import Person, Subject, record_audit
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from drain.models.transitions.imports import NOTHING_OURS, Ours
from drain.models.vocabulary import SourceKind
from drain.policy.command_lines import manage_line
from drain.policy.selection.graph import CycleError, check_acyclic
from drain.sources import merge as merging
from drain.sources import staging
from drain.sources.errors import SourceError
from drain.sources.files.kept import flags_of, keep, with_kept
from drain.sources.files.recognised import Recognised
from drain.sources.files.result import FileImport, Options

SOURCE_NAME = "files"
MOST_IN_A_NAME = 200
"""Characters of a source's name."""
_DUPLICATE = """
SELECT run_id, phase_id, min(n) AS first, max(n) AS last FROM drain_stage_phase
GROUP BY run_id, phase_id HAVING count(*) > 1 ORDER BY 3 LIMIT 1
"""
# Of a retry the last one counts, of a mistake the first.
_DROP_REPEATED = """
WITH repeated AS (
    SELECT n, first_value(n) OVER chosen AS kept FROM drain_stage_phase
    WINDOW chosen AS (PARTITION BY run_id, phase_id ORDER BY {order})
)
DELETE FROM drain_stage_phase s USING repeated r WHERE r.n = s.n AND r.n <> r.kept
RETURNING s.n, s.run_id, s.phase_id, r.kept
"""
_LAST_TRY = "source_attempts DESC NULLS LAST, n DESC"
_FIRST_LINE = "n"
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


def import_file(
    stream: IO[bytes],
    kind: str | None,
    now: datetime,
    name: str = SOURCE_NAME,
    options: Options | None = None,
    *,
    by: Person,
    file: str = "",
    source_kind: SourceKind = SourceKind.FILES,
    ours: Ours = NOTHING_OURS,
) -> FileImport:
    """Import phases from an open file; `kind` is one of FORMATS, or None to recognise it. Idempotent.

    A source that is new becomes a `source_kind`; `ours` stays whatever the file says of it. `by` stands in
    the audit as who imported `file`. A dry run does everything and takes it back. Raises SourceError, and
    then nothing has changed.
    """
    if not 0 < len(name) <= MOST_IN_A_NAME:
        raise SourceError(
            f"The name of a source has 1 to {MOST_IN_A_NAME} characters, not {len(name):,}."
        )
    kind, options = with_kept(name, kind, options or Options())
    with transaction.atomic():
        source, _ = Source.objects.get_or_create(name=name, defaults={"kind": source_kind})
        if source.kind != source_kind:
            raise SourceError(f"{name} is the name of a database; choose another name for files.")
        merge = merging.Merge(source, f"source:{source.name}", now, ours=ours)
        found = _import(merge, Recognised(stream, kind, options))
        if options.remember:
            keep(source, kind, options)
        if options.kept:
            found = replace(found, kept=flags_of(source.reading))
        if options.dry_run:
            transaction.set_rollback(True)
        else:
            more = {"reading": flags_of(source.reading)} if options.remember else {}
            _audit(source, found, by, file, more)
        return found


def _audit(source: Source, found: FileImport, by: Person, file: str, more: dict[str, str]) -> None:
    subject = Subject("source", str(source.pk), source.name)
    names = ("runs", "phases", "created", "updated", "unchanged", "rejected", "left_out")
    counts = {name: getattr(found, name) for name in names}
    record_audit(
        by, "import", subject, new={"file": file, "format": found.format, **counts, **more}
    )


def _import(merge: merging.Merge, file: Recognised) -> FileImport:
    source, now = merge.source, merge.now
    causes = staging.Causes(now)
    staging.create_tables()
    phases = staging.stage_phases(file.phases(), causes)
    dropped = _drop_repeated(file)
    staging.stage_runs(file.runs.values())
    edges = staging.stage_edges(file.edges)
    _refuse_ambiguous(file)
    row(_ONE_RUN_EACH, {})
    merging.refuse_foreign_runs(source)
    runs, runs_created = merging.merge_runs(merge)
    counts = merging.merge_phases(merge, phases)
    added = _add_edges() if edges else 0
    record_fingerprints(
        SeenFingerprint(print_, sample, first, last)
        for print_, first, last, sample in causes.seen.values()
    )
    Source.objects.filter(pk=source.pk).update(imported_at=now)
    return FileImport(
        source=source.name,
        runs=runs,
        runs_created=runs_created,
        phases=phases - dropped,
        created=counts.created,
        updated=counts.updated,
        unchanged=phases - dropped - counts.created - counts.updated,
        synced=counts.synced,
        leased=counts.leased,
        dependencies=added,
        **file.findings(),
    )


def _drop_repeated(file: Recognised) -> int:
    """Leave one phase of each id, where repeats are retries or rejects collected; returns how many went."""
    if not file.repeats and not file.options.lenient:
        return 0
    order = _LAST_TRY if file.repeats else _FIRST_LINE
    gone = rows(_DROP_REPEATED.format(order=order), {})
    if not file.repeats:
        for found in gone:
            file.reject_repeated(found["run_id"], found["phase_id"], found["n"], found["kept"])
    return len(gone)


def _refuse_ambiguous(file: Recognised) -> None:
    twice = row(_DUPLICATE, {})
    if twice:
        raise SourceError(
            f"Phase {twice['phase_id']} of run {twice['run_id']} is given twice "
            f"(lines {file.line_of(twice['first'])} and {file.line_of(twice['last'])}). Nothing was imported."
        )
    conflict = row(_CONFLICT, {})
    if conflict:
        raise SourceError(
            f"Lines of run {conflict['run_id']} disagree about its order, max_parallel or executor."
        )
    unknown = merging.unknown_executors()
    if unknown:
        raise SourceError(
            f"There is no executor profile {unknown[0]!r}; define it first: "
            f"{manage_line('executor', 'set', unknown[0])} -- ARGV…"
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
