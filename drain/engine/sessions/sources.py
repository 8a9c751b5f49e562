"""A drain's Autopack databases: which they are, whether they hold anything, whose retries are used up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from drain.engine.errors import EngineError
from drain.engine.sessions.scope import SessionScope
from drain.models import Phase, Source
from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import PhaseState, SourceKind
from drain.sources.autopack.identity import identity
from drain.sources.autopack.writing import reset_retries
from drain.sources.errors import SourceError

MOST_RETRIES = 5
"""Autopack fails a phase with so many retries at once, whatever its cause."""
SHOWN_SOURCES = 5
NAMED = 3


@dataclass(frozen=True, slots=True)
class SourceDatabase:
    """One database as it answers now; `problem` if it does not."""

    name: str
    place: str
    rows: dict[str, int]
    problem: str = ""

    @property
    def sentence(self) -> str:
        """The sentence for the first line of a drain."""
        if self.problem:
            return f"Database of {self.name}: {self.problem}"
        counts = ", ".join(f"{count:,} {table}" for table, count in self.rows.items())
        return f"Database of {self.name}: {self.place} ({counts})"

    @property
    def is_empty(self) -> bool:
        """True if it holds no run and no phase, as one at a wrong address does."""
        return not self.problem and not (self.rows.get("runs") or self.rows.get("phases"))


def databases(scope: SessionScope) -> list[SourceDatabase]:
    """The first Autopack databases of runs in scope, asked now. Raises EngineError for an unknown run."""
    pks = scope.run_pks()
    found = Source.objects.filter(kind=SourceKind.AUTOPACK)
    if pks is not None:
        found = found.filter(runs__in=pks).distinct()
    return [_database(source) for source in found.order_by("name")[:SHOWN_SOURCES]]


def refuse_empty(found: Iterable[SourceDatabase]) -> None:
    """Raise EngineError if a database is empty: the address is another than was meant."""
    for database in found:
        if database.is_empty:
            raise EngineError(
                f"{database.sentence} is empty: check its address, or pass --allow-empty-db if that is meant."
            )


def out_of_retries(phases: Collection[int]) -> list[Phase]:
    """Return the failed phases that Autopack would fail at once, in the order of their runs."""
    found = Phase.objects.filter(
        pk__in=phases,
        state=PhaseState.FAILED,
        source_attempts__gte=MOST_RETRIES,
        run__source__kind=SourceKind.AUTOPACK,
    )
    return list(found.select_related("run__source").order_by("run__run_id", "place"))


def retries_sentence(phases: Collection[int]) -> str:
    """Return a sentence with the selected phases that Autopack would fail at once; empty if none."""
    found = out_of_retries(phases)
    if not found:
        return ""
    names = ", ".join(f"{phase.run.run_id} {phase.phase_id}" for phase in found[:NAMED])
    more = f" and {len(found) - NAMED:,} more" if len(found) > NAMED else ""
    return (
        f"{len(found):,} of the selected have used Autopack's {MOST_RETRIES} retries, so that it fails them at once: "
        f"{names}{more}."
    )


def give_retries_back(phases: Collection[int], by: Person) -> int:
    """Set the retries of these phases back to 0 in their sources and here; returns of how many.

    A phase that its source has moved since the last import keeps its own. Raises SourceError.
    """
    count = 0
    for phase in out_of_retries(phases):
        source = phase.run.source
        if source is not None and reset_retries(
            source, phase.run.run_id, phase.phase_id, phase.source_changed_at
        ):
            Phase.objects.filter(pk=phase.pk).update(source_attempts=0)
            subject = Subject("phase", str(phase.pk), f"{phase.run.run_id} / {phase.phase_id}")
            old, new = {"retries": phase.source_attempts}, {"retries": 0}
            record_audit(
                by, "phase.reset_retries", subject, "asked for with a drain", old=old, new=new
            )
            count += 1
    return count


def _database(source: Source) -> SourceDatabase:
    try:
        found = identity(source)
    except SourceError as error:
        return SourceDatabase(source.name, "", {}, str(error))
    return SourceDatabase(source.name, place_of_identity(found), found["rows"])


def place_of_identity(found: dict[str, Any]) -> str:
    """File, or host and database; never a password."""
    if found.get("file"):
        return str(found["file"])
    return f"{found.get('host')}:{found.get('port', 5432)}/{found.get('database', '')}"
