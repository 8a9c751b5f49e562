"""Reads of an Autopack database by the engine, before and after it ran one phase of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drain.models import Source
from drain.models.vocabulary import PhaseState
from drain.sources.autopack import rows
from drain.sources.autopack.database import Database, opened
from drain.sources.autopack.importing import highest_id
from drain.sources.autopack.rows import SourceRow
from drain.sources.autopack.schema import TELEMETRY, Table
from drain.sources.errors import SourceError
from drain.sources.staging import EventIn

SETTLED = (PhaseState.COMPLETE, PhaseState.FAILED, PhaseState.SKIPPED)
POLL_SECONDS = 1.0
AWAY_SECONDS = 60.0
"""The time for which a source that cannot be read is waited for longer:
its reason would be lost for the child's output.
"""
# How often the same answer must be read before it counts: Autopack writes state and reason apart.
STEADY_READS = 2


@dataclass(frozen=True, slots=True)
class Watermark:
    """The source just before an attempt."""

    event_ids: Mapping[str, int]
    """Highest id of each telemetry table."""
    phases: Mapping[str, SourceRow]
    """The run's phases by phase_id."""
    queued_by_us: bool = False
    """The phase asked for has been queued since, with no other change: its `updated_at` stayed."""

    def queued_before(self, phase_id: str) -> str | None:
        """The phase that Autopack's executor would take instead of this one, queued too; None if none."""
        place = _place(self.phases[phase_id])
        queued = [row for row in self.phases.values() if row.state == PhaseState.QUEUED]
        first = min(queued, key=_place, default=None)
        return first.phase.phase_id if first is not None and _place(first) < place else None


@dataclass(frozen=True, slots=True)
class Readback:
    """The source after an attempt."""

    row: SourceRow | None
    """The phase asked for; None if the source cannot be read or has it no more."""
    reason: str = ""
    """The failure reason that was written in this attempt; empty for one that stood there before."""
    changed: bool = False
    """True if the phase's row is another than before the attempt."""
    telemetry: list[EventIn] = field(default_factory=list)
    """New events of the phase asked for, and of that phase alone."""
    other_phase_that_ran: str | None = None
    """Set if another queued phase of the run ran instead of the one asked for: outcome `diverted`."""
    phases: Mapping[str, SourceRow] = field(default_factory=dict)
    """The run's phases as they are now, to sync from."""
    is_away: bool = False
    """The source cannot be read."""
    is_as_queued: bool = False
    """Nobody has touched the phase since we queued it."""

    @property
    def state(self) -> PhaseState | None:
        """The state of the phase asked for; None if it is not known."""
        return None if self.row is None else self.row.state

    @property
    def settled(self) -> bool:
        """True if the phase has an end there."""
        return self.state in SETTLED


def before(source: Source, run_id: str, phase_id: str) -> Watermark:
    """Read what is there before an attempt. Raises SourceError, also for a phase that the source has not."""
    with opened(source.url) as database:
        phases = rows.rows_of_run(database, run_id)
        if phase_id not in phases:
            raise SourceError(
                f"{source.name} has no phase {phase_id} in run {run_id} any more; import it again."
            )
        return Watermark({table.name: highest_id(database, table) for table in TELEMETRY}, phases)


def read_until_settled(
    source: Source,
    run_id: str,
    phase_id: str,
    watermark: Watermark,
    tick: Callable[[], None],
    settle_seconds: float | None = None,
    *,
    failed: bool = False,
) -> Readback:
    """Read state, reason and telemetry back until they hold still, at most `settle_seconds` seconds.

    `tick` is called before each wait of about a second (the engine renews its lease in it; what it raises
    passes through). `failed`: the child says that it did not complete its phase, so that what is FAILED
    still, or QUEUED as we queued it or with a new reason, is an end as well.
    """
    settling = Settling(source, run_id, phase_id, watermark, settle_seconds, failed=failed)
    while (found := settling.look()) is None:
        tick()
        time.sleep(min(POLL_SECONDS, settling.left))
    return found


class Settling:
    """Reads state, reason and telemetry back, one look at a time, until they hold still or patience ends."""

    def __init__(
        self,
        source: Source,
        run_id: str,
        phase_id: str,
        watermark: Watermark,
        settle_seconds: float | None = None,
        *,
        failed: bool = False,
    ) -> None:
        """See `read_until_settled`."""
        self._asked = (source, run_id, phase_id, watermark)
        self._failed = failed
        self._patience = source.settle_seconds if settle_seconds is None else settle_seconds
        self._deadline = time.monotonic() + self._patience
        self._away_until = self._deadline + AWAY_SECONDS
        self._last: Readback | None = None
        self._steady = 0

    @property
    def left(self) -> float:
        """Seconds of patience that are left, at least 0."""
        is_away = self._last is not None and self._last.is_away
        return max(0.0, (self._away_until if is_away else self._deadline) - time.monotonic())

    def hurry(self) -> None:
        """Let the next look be the last."""
        self._deadline = self._away_until = time.monotonic()

    def look(self) -> Readback | None:
        """Look once; None if it is to be looked at again."""
        found = _try_read(*self._asked)
        if self._last is not None and self._last.is_away and not found.is_away and self.left:
            # The time to settle begins when there is something to read.
            self._deadline = max(self._deadline, time.monotonic() + self._patience)
        self._steady = self._steady + 1 if found == self._last else 1
        self._last = found
        steady = self._steady >= STEADY_READS and _is_an_end(found, failed=self._failed)
        return found if steady or not self.left else None


def row_now(source: Source, run_id: str, phase_id: str) -> SourceRow | None:
    """A phase in its source now; None if the source has it no more. Raises SourceError."""
    with opened(source.url) as database:
        return rows.row_of_phase(database, run_id, phase_id)


def reason_written(was: SourceRow, now: SourceRow) -> str:
    """The failure reason that the source wrote between two readings; empty if it wrote none.

    A phase that is requeued keeps its old reason beside a new `updated_at`. So a reason that reads the same
    was written anew only if Autopack counted an attempt with it, or failed the phase since.
    """
    reason = now.phase.reason
    counted = (now.phase.source_attempts or 0) > (was.phase.source_attempts or 0)
    noted = now.attempted_at != was.attempted_at
    failed = now.state == PhaseState.FAILED and _moved(was, now)
    return reason if reason != was.phase.reason or counted or noted or failed else ""


def _moved(was: SourceRow, now: SourceRow) -> bool:
    return (was.state, was.written_at, was.phase.started_at, was.phase.finished_at) != (
        now.state,
        now.written_at,
        now.phase.started_at,
        now.phase.finished_at,
    )


def _is_an_end(found: Readback, *, failed: bool) -> bool:
    if found.other_phase_that_ran is not None:
        return True
    if found.is_as_queued:
        return failed
    if found.state == PhaseState.FAILED:
        return failed or found.changed
    return found.settled or (failed and found.state == PhaseState.QUEUED and bool(found.reason))


def _try_read(source: Source, run_id: str, phase_id: str, watermark: Watermark) -> Readback:
    try:
        with opened(source.url) as database:
            return _read(database, run_id, phase_id, watermark)
    except SourceError:
        return Readback(None, phases=watermark.phases, is_away=True)


def _read(database: Database, run_id: str, phase_id: str, watermark: Watermark) -> Readback:
    phases = rows.rows_of_run(database, run_id)
    row = phases.get(phase_id)
    if row is None:
        return Readback(None, phases=phases)
    was = watermark.phases[phase_id]
    telemetry = [
        event
        for table in TELEMETRY
        for event in _events(
            database, table, run_id, phase_id, watermark.event_ids.get(table.name, 0)
        )
    ]
    reason = reason_written(was, row)
    return Readback(
        row=row,
        reason=reason,
        changed=row != was,
        telemetry=telemetry,
        other_phase_that_ran=_other(phases, watermark, phase_id),
        phases=phases,
        is_as_queued=watermark.queued_by_us
        and (row.state, row.written_at, reason) == (PhaseState.QUEUED, was.written_at, ""),
    )


def _other(phases: Mapping[str, SourceRow], watermark: Watermark, phase_id: str) -> str | None:
    """The phase that was queued before and has run since, while the one asked for was requeued and did not.

    What ran and failed is queued again as a rule, with a new reason.
    """
    asked, was = phases[phase_id], watermark.phases[phase_id]
    if asked.state != PhaseState.QUEUED or reason_written(was, asked):
        return None
    for name, row in phases.items():
        earlier = watermark.phases.get(name)
        if name == phase_id or earlier is None or earlier.state != PhaseState.QUEUED:
            continue
        if row.state != PhaseState.QUEUED or reason_written(earlier, row):
            return name
    return None


def _place(row: SourceRow) -> tuple[int, int]:
    return row.phase.tier_index or 0, row.phase.phase_index or 0


def _events(
    database: Database, table: Table, run_id: str, phase_id: str, after: int
) -> list[EventIn]:
    if not database.columns[table.name]:
        return []
    sql = table.select(
        database.columns[table.name],
        "WHERE run_id = ? AND phase_id = ? AND event_id > ? ORDER BY event_id",
    )
    return [rows.event_of(table, row) for row in database.rows(sql, [run_id, phase_id, after])]
