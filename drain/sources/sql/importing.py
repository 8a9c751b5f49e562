"""Phases come in by a query: its answer is read whole first, then merged as a file is."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from django.db import transaction

from drain.db.prepared import row
from drain.models import Source, SourceDebt
from drain.models.audit import Person, Subject, record_audit
from drain.models.transitions.imports import MOMENT, Ours
from drain.models.vocabulary import SourceKind
from drain.sources import staging
from drain.sources.files.importing import import_file
from drain.sources.files.result import FileImport
from drain.sources.sql import settings
from drain.sources.sql.database import read
from drain.sources.sql.settings import SqlSource

RECOGNISED = "the answer of a query"
_UNSEEN = """
SELECT count(*) AS count FROM drain_phase p JOIN drain_run r ON r.id = p.run_id
WHERE r.source_id = %(source)s::bigint AND p.state IN ('FAILED', 'QUEUED') AND NOT EXISTS (
    SELECT FROM drain_stage_phase s WHERE s.run_id = r.run_id AND s.phase_id = p.phase_id)
"""


def import_sql(asked: SqlSource, by: Person, *, dry_run: bool = False) -> FileImport:
    """Read a source and merge what it says; keep what it is. Idempotent.
    Raises SourceError, and nothing has changed.

    What has moved here since the query began stays, and so does what the source has not been told yet.
    """
    settings.check(asked)
    began = row("SELECT clock_timestamp() AS now", {})
    assert began is not None  # noqa: S101 - there is always a time
    ours = _ours(asked, began["now"])
    with tempfile.TemporaryFile() as file:
        rows = _spool(asked, file)
        file.seek(0)
        with transaction.atomic():
            was = Source.objects.filter(name=asked.name).first()
            source = settings.store(asked)
            if not dry_run:
                _audit(source, was, by)
            options = replace(asked.options, dry_run=dry_run)
            found = (
                import_file(
                    file, "jsonl", began["now"], asked.name, options, by=by, file="query",
                    source_kind=SourceKind.SQL, ours=ours,
                )
                if rows
                else FileImport(asked.name, 0, 0, 0, 0, 0, 0, 0, 0, 0, (), dry_run=dry_run)
            )  # fmt: skip
            unseen = 0 if dry_run else _unseen(source, rows)
            if dry_run:
                transaction.set_rollback(True)
    return replace(found, format=RECOGNISED, unseen=unseen)


def _unseen(source: Source, answered: int) -> int:
    if not answered:
        staging.create_tables()
    found = row(_UNSEEN, {"source": source.pk})
    return int(found["count"]) if found else 0


def _ours(asked: SqlSource, began: datetime) -> Ours:
    # Before the query: what is told while it runs may have been read as it was.
    untold = SourceDebt.objects.filter(phase__run__source__name=asked.name)
    after = began - MOMENT if asked.update else None
    return Ours(after, list(untold.values_list("phase_id", flat=True)))


def _spool(asked: SqlSource, file: IO[bytes]) -> int:
    count = 0
    for found in read(asked.url, asked.query, asked.seconds):
        file.write(json.dumps(found, default=_plain).encode() + b"\n")
        count += 1
    return count


def _plain(value: object) -> Any:
    """Return the driver's value of a column as a value of JSON."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return str(value)


def _audit(source: Source, was: Source | None, by: Person) -> None:
    """Note a source that is new or another now; its address holds no password."""
    new = {"address": source.url, **source.reading}
    old = {"address": was.url, **was.reading} if was else {}
    if new != old:
        record_audit(
            by, "source.set", Subject("source", str(source.pk), source.name), old=old, new=new
        )
