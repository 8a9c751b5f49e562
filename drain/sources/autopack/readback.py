"""What the engine asks an Autopack database before and after it ran one phase of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drain.models import Source
from drain.models.vocabulary import PhaseState
from drain.sources.autopack import rows
from drain.sources.autopack.database import Database, opened
from drain.sources.autopack.importing import highest_id
from drain.sources.autopack.schema import PHASES, TELEMETRY, Table
from drain.sources.errors import SourceError
from drain.sources.staging import EventIn, PhaseIn

SETTLED = (PhaseState.COMPLETE, PhaseState.FAILED, PhaseState.SKIPPED)
POLL_SECONDS = 1.0
# How often the same answer must be read before it counts: Autopack writes state and reason apart.
STEADY_READS = 2
UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Watermark:
    """The source just before an attempt."""

    event_ids: Mapping[str, int]
    """Highest id of each telemetry table."""
    phases: Mapping[str, PhaseIn]
    """The run's phases by phase_id."""


@dataclass(frozen=True, slots=True)
class Readback:
    """The source after an attempt."""

    state: PhaseState
    reason: str
    """The failure reason; `unsettled` if the state did not settle in time."""
    settled: bool
    telemetry: list[EventIn] = field(default_factory=list)
    """New events of the phase asked for, and of that phase alone."""
    other_phase_that_ran: str | None = None
    """Set if another queued phase of the run ran instead of the one asked for: outcome `diverted`."""
    phases: Mapping[str, PhaseIn] = field(default_factory=dict)
    """The run's phases as they are now, to sync from."""


def before(source: Source, run_id: str, phase_id: str) -> Watermark:
    """Read what is there before an attempt. Raises SourceError, also for a phase that the source has not."""
    with opened(source.url) as database:
        phases = _phases(database, run_id)
        if phase_id not in phases:
            raise SourceError(
                f"{source.name} has no phase {phase_id} in run {run_id} any more; import it again."
            )
        return Watermark({table.name: highest_id(database, table) for table in TELEMETRY}, phases)


def settle(
    source: Source,
    run_id: str,
    phase_id: str,
    watermark: Watermark,
    tick: Callable[[], None],
    settle_seconds: float | None = None,
) -> Readback:
    """Read state, reason and telemetry back until they hold still, at most `settle_seconds` seconds.

    `tick` is called before each wait of about a second (the engine renews its lease in it; what it
    raises passes through). A source that cannot be read meanwhile counts as not settled.
    """
    patience = source.settle_seconds if settle_seconds is None else settle_seconds
    deadline = time.monotonic() + patience
    last, steady = None, 0
    while True:
        found = _try_read(source, run_id, phase_id, watermark)
        steady = steady + 1 if found is not None and found == last else 1
        last = found
        diverted = found is not None and found.other_phase_that_ran is not None
        if found is not None and steady >= STEADY_READS and (found.settled or diverted):
            return found
        left = deadline - time.monotonic()
        if left <= 0:
            return (
                found
                if found is not None and found.settled
                else _unsettled(found, watermark, phase_id)
            )
        tick()
        time.sleep(min(POLL_SECONDS, left))


def state_of(source: Source, run_id: str, phase_id: str) -> PhaseState | None:
    """What a phase is in its source now; None if the source has it no more. Raises SourceError."""
    with opened(source.url) as database:
        found = _phases(database, run_id).get(phase_id)
        return PhaseState(found.state) if found is not None else None


def write_back(
    source: Source,
    run_id: str,
    phase_id: str,
    expect_state: PhaseState,
    to_state: PhaseState,
    reason: str,
) -> bool:
    """Set a phase's state in its source if it is still in the expected one; False if it is not.

    The only thing that writes to a source. A reason is written when there is one and the phase is
    FAILED afterwards. Times are left alone: they tell when the pipeline did something. Raises SourceError.
    """
    with opened(source.url, write=True) as database:
        sets, values = "state = ?", [to_state.value]
        if (
            reason
            and to_state == PhaseState.FAILED
            and "last_failure_reason" in database.columns[PHASES.name]
        ):
            sets += ", last_failure_reason = ?"
            values.append(reason)
        written = _as_written(database, run_id, phase_id, expect_state)
        if written is None:
            return False
        if written.islower():
            values[0] = to_state.value.lower()
        return bool(
            database.change(
                f"UPDATE phases SET {sets} WHERE run_id = ? AND phase_id = ? AND state = ?",  # noqa: S608
                [*values, run_id, phase_id, written],
            )
        )


def _as_written(database: Database, run_id: str, phase_id: str, expect: PhaseState) -> str | None:
    """The state in the source's own spelling, if it is the expected one."""
    sql = "SELECT state FROM phases WHERE run_id = ? AND phase_id = ?"
    for row in database.rows(sql, [run_id, phase_id]):
        written = str(row["state"])
        if written.upper() == expect.value:
            return written
    return None


def _try_read(source: Source, run_id: str, phase_id: str, watermark: Watermark) -> Readback | None:
    try:
        with opened(source.url) as database:
            return _read(database, run_id, phase_id, watermark)
    except SourceError:
        return None


def _read(database: Database, run_id: str, phase_id: str, watermark: Watermark) -> Readback | None:
    phases = _phases(database, run_id)
    phase = phases.get(phase_id)
    if phase is None:
        return None
    telemetry = [
        event
        for table in TELEMETRY
        for event in _events(
            database, table, run_id, phase_id, watermark.event_ids.get(table.name, 0)
        )
    ]
    return Readback(
        state=phase.state,
        reason=phase.reason,
        settled=phase.state in SETTLED,
        telemetry=telemetry,
        other_phase_that_ran=_other(phases, watermark, phase_id),
        phases=phases,
    )


def _other(phases: Mapping[str, PhaseIn], watermark: Watermark, phase_id: str) -> str | None:
    """The phase that was queued before and is not now, while the one asked for did not run.

    Having run shows as a settled state at a later time, or a state other than before that is not QUEUED.
    """
    asked, was = phases[phase_id], watermark.phases[phase_id]
    moved = asked.changed_at != was.changed_at or asked.started_at != was.started_at
    if asked.state in SETTLED and (moved or asked.state != was.state):
        return None
    for name, phase in phases.items():
        earlier = watermark.phases.get(name)
        if (
            name != phase_id
            and earlier is not None
            and earlier.state == PhaseState.QUEUED
            and phase.state != PhaseState.QUEUED
        ):
            return name
    return None


def _unsettled(found: Readback | None, watermark: Watermark, phase_id: str) -> Readback:
    if found is None:
        was = watermark.phases[phase_id]
        return Readback(state=was.state, reason=UNSETTLED, settled=False, phases=watermark.phases)
    return Readback(
        state=found.state,
        reason=UNSETTLED,
        settled=False,
        telemetry=found.telemetry,
        other_phase_that_ran=found.other_phase_that_ran,
        phases=found.phases,
    )


def _phases(database: Database, run_id: str) -> dict[str, PhaseIn]:
    sql = PHASES.select(database.columns[PHASES.name], "WHERE run_id = ?")
    return {phase.phase_id: phase for phase in map(rows.phase_of, database.rows(sql, [run_id]))}


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
