"""Import an Autopack database: one pass over the source, one transaction of ours,
nothing written to the source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from drain.models import Source
from drain.models.fingerprints.rows import SeenFingerprint, record_fingerprints
from drain.sources import merge as merging
from drain.sources import staging
from drain.sources.autopack import rows
from drain.sources.autopack.database import Database, opened
from drain.sources.autopack.identity import identity_of
from drain.sources.autopack.schema import TELEMETRY, Table
from drain.sources.past import import_attempts
from drain.sources.staging import EventIn


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import. `runs`, `phases`: rows in the source; telemetry, attempts: new here."""

    source: str
    runs: int
    runs_created: int
    phases: int
    created: int
    updated: int
    unchanged: int
    synced: int
    """Phases whose state differed from ours and was taken over."""
    leased: int
    """Phases left alone because a drain of ours is running them."""
    attempts: int
    telemetry: int
    identity: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """The same as a dictionary."""
        return asdict(self)


class _HighWater:
    """Passes events on and remembers the highest id of each table."""

    def __init__(self, database: Database, before: Mapping[str, int]) -> None:
        self._database = database
        self._before = before
        self.ids = dict(before)

    def events(self) -> Iterator[EventIn]:
        for table in TELEMETRY:
            yield from self._table(table)

    def _table(self, table: Table) -> Iterator[EventIn]:
        after = min(self._before.get(table.name, 0), highest_id(self._database, table))
        self.ids[table.name] = after
        for event in rows.read_events(self._database, table, after):
            self.ids[table.name] = max(self.ids[table.name], rows.event_id_of(event.source_event))
            yield event


def highest_id(database: Database, table: Table) -> int:
    """The highest event id in the source; 0 for an empty or missing table."""
    if not database.columns[table.name]:
        return 0
    sql = f"SELECT coalesce(max(event_id), 0) AS id FROM {table.name}"  # noqa: S608 - our own name
    return int(next(iter(database.rows(sql)))["id"])


def import_source(source: Source, now: datetime) -> ImportResult:
    """Bring runs, phases, past attempts and telemetry up to what the source says. Idempotent.

    Runs of the source get the executor profile `autopack:<name of the source>` if it exists.
    Raises SourceError, and then nothing has changed.
    """
    with opened(source.url) as database, transaction.atomic():
        locked = Source.objects.select_for_update().get(pk=source.pk)
        return _import(locked, database, now)


def _import(source: Source, database: Database, now: datetime) -> ImportResult:
    from drain.sources.autopack.profile import profile_of

    causes = staging.Causes(now)
    staging.create_tables()
    staging.stage_runs(rows.read_runs(database))
    phases = staging.stage_phases(rows.read_phases(database), causes)
    water = _HighWater(database, source.watermark)
    events = staging.stage_events(water.events())
    found = identity_of(source.url, database)
    merging.refuse_foreign_runs(source)
    profile = profile_of(source)
    merge = merging.Merge(source, f"source:{source.name}", now, profile.pk if profile else None)
    runs, runs_created = merging.merge_runs(merge)
    counts = merging.merge_phases(merge, phases)
    telemetry = merging.merge_events(merge, events)
    attempts = import_attempts(merge, phases)
    record_fingerprints(
        SeenFingerprint(print_, sample, first, last)
        for print_, first, last, sample in causes.seen.values()
    )
    source.identity, source.watermark, source.imported_at = found, water.ids, now
    source.save(update_fields=["identity", "watermark", "imported_at"])
    return ImportResult(
        source=source.name,
        runs=runs,
        runs_created=runs_created,
        phases=phases,
        created=counts.created,
        updated=counts.updated,
        unchanged=phases - counts.created - counts.updated,
        synced=counts.synced,
        leased=counts.leased,
        attempts=attempts,
        telemetry=telemetry,
        identity=found,
    )
