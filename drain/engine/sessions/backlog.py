"""Reads the backlog as the policy wants it: compact rows, facts about runs, edges, snoozes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from drain.db.sql import stream
from drain.models import Candidate, Fingerprint, Hold
from drain.models.vocabulary import (
    LIVE_SESSION_STATES,
    CandidateStatus,
    FingerprintStatus,
    HoldKind,
    Order,
    PhaseState,
    SourceKind,
)
from drain.policy.rows import PhaseRow, RunFacts

OPEN_STATES = tuple(
    state.value for state in PhaseState if state not in (PhaseState.COMPLETE, PhaseState.SKIPPED)
)
_COLUMNS = """id, run_id, place, state, failure_category, last_fingerprint,
    lease_owner IS NOT NULL, 0, phase_id, ''"""

# Only towards what the phases need, so a plan of one run asks nothing of the others. OFFSET 0 keeps the planner
# from reading all phases of the table to find the state of a few.
_EDGES = """
WITH RECURSIVE edge AS (
    SELECT d.phase_id, d.prerequisite_id FROM drain_dependency d CROSS JOIN LATERAL (
        SELECT FROM drain_phase WHERE id = d.prerequisite_id AND state = ANY(%(open)s) OFFSET 0
    ) need WHERE d.phase_id = ANY(%(phases)s)
    UNION
    SELECT further.phase_id, further.prerequisite_id FROM edge CROSS JOIN LATERAL (
        SELECT d.phase_id, d.prerequisite_id
        FROM drain_dependency d JOIN drain_phase p ON p.id = d.prerequisite_id
        WHERE d.phase_id = edge.prerequisite_id AND p.state = ANY(%(open)s) OFFSET 0
    ) further
)
SELECT phase_id, prerequisite_id FROM edge ORDER BY 1, 2
"""
# As one array: a placeholder for each of twenty thousand runs would cost more than the question.
_RUNS = """
SELECT r.id, r.run_id, r."order", s.kind, r.max_parallel,
    r.executor_id IS NOT NULL OR EXISTS (SELECT FROM drain_executorprofile WHERE is_default)
FROM drain_run r LEFT JOIN drain_source s ON s.id = r.source_id WHERE r.id = ANY(%(runs)s)
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Everything one plan is made from."""

    rows: list[PhaseRow]
    runs: dict[int, RunFacts]
    edges: list[tuple[int, int]]
    snoozed: frozenset[str]


def read_backlog(run_pks: list[int] | None, merges: dict[str, str], now: datetime) -> Backlog:
    """Read what `make_plan` needs for these runs (None: all), in one short snapshot."""
    with transaction.atomic():
        rows = list(_rows(run_pks, merges))
        edges = _edges(rows)
        rows += _named_elsewhere(edges, rows, merges)
        runs = _run_facts({row.run for row in rows}, now)
        snoozed = _snoozed(merges, now)
    return Backlog(rows, runs, edges, snoozed)


def _rows(run_pks: list[int] | None, merges: dict[str, str]) -> Iterator[PhaseRow]:
    taken = _offered_elsewhere()
    where = "state = ANY(%s)" + ("" if run_pks is None else " AND run_id = ANY(%s)")
    values: list[Any] = [list(OPEN_STATES)] + ([] if run_pks is None else [run_pks])
    sql = f"SELECT {_COLUMNS} FROM drain_phase WHERE {where}"  # noqa: S608 - constants only
    found = stream(sql, values, binary=True, made=_phase_row)
    # Most of the time nothing is taken or merged, and a million rows pass untouched.
    yield from (_adjusted(row, taken, merges) for row in found) if taken or merges else found


def _phase_row(cursor: object) -> Callable[[Sequence[Any]], PhaseRow]:
    """Rows as psycopg reads them, without a call of Python for each: `PhaseRow._make` would be one."""
    del cursor
    return partial(tuple.__new__, PhaseRow)


def _adjusted(row: PhaseRow, taken: frozenset[int], merges: dict[str, str]) -> PhaseRow:
    if row.id not in taken and row.fingerprint not in merges:
        return row
    return row._replace(
        leased=row.leased or row.id in taken,
        fingerprint=merges.get(row.fingerprint, row.fingerprint),
    )


def _offered_elsewhere() -> frozenset[int]:
    """Phases that a live session has yet to drain: two sessions would only get in each other's way."""
    return frozenset(
        Candidate.objects.filter(
            session__state__in=LIVE_SESSION_STATES,
            status__in=[CandidateStatus.WAITING, CandidateStatus.RUNNING],
        ).values_list("phase_id", flat=True)
    )


def _edges(rows: list[PhaseRow]) -> list[tuple[int, int]]:
    """What these open phases need and is open too, through whatever run it leads: (phase, prerequisite)."""
    return _read(_EDGES, {"phases": [row.id for row in rows], "open": list(OPEN_STATES)})


def _named_elsewhere(
    edges: list[tuple[int, int]], rows: list[PhaseRow], merges: dict[str, str]
) -> list[PhaseRow]:
    """Rows of phases outside the scope that an edge names."""
    missing = {end for edge in edges for end in edge} - {row.id for row in rows} if edges else ()
    if not missing:
        return []
    sql = f"SELECT {_COLUMNS} FROM drain_phase WHERE id = ANY(%(missing)s)"  # noqa: S608 - constants only
    found = [PhaseRow._make(row) for row in _read(sql, {"missing": list(missing)})]
    return [row._replace(fingerprint=merges.get(row.fingerprint, row.fingerprint)) for row in found]


def _run_facts(pks: set[int], now: datetime) -> dict[int, RunFacts]:
    exact, prefixes = active_holds(now)
    return {
        pk: RunFacts(
            pk=pk,
            run_id=run_id,
            sequential=order == Order.SEQUENTIAL,
            autopack=kind == SourceKind.AUTOPACK,
            hold=exact.get(run_id, "")
            or next((why for value, why in prefixes.items() if run_id.startswith(value)), ""),
            max_parallel=max_parallel,
            executable=executable,
        )
        for pk, run_id, order, kind, max_parallel, executable in _read(_RUNS, {"runs": list(pks)})
    }


def _read(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def active_holds(now: datetime) -> tuple[dict[str, str], dict[str, str]]:
    """Sentences of the holds in force: by run id, and by prefix."""
    found: dict[str, dict[str, str]] = {HoldKind.RUN: {}, HoldKind.PREFIX: {}}
    holds = Hold.objects.filter(released_at__isnull=True)
    for hold in holds.filter(Q(until__isnull=True) | Q(until__gt=now)):
        until = f" until {hold.until:%d %b %H:%M} UTC" if hold.until else ""
        found[hold.kind][hold.value] = f"held by {hold.created_by}{until}: {hold.reason}"
    return found[HoldKind.RUN], found[HoldKind.PREFIX]


def _snoozed(merges: dict[str, str], now: datetime) -> frozenset[str]:
    keys = Fingerprint.objects.filter(status=FingerprintStatus.SNOOZED).filter(
        Q(snoozed_until__isnull=True) | Q(snoozed_until__gt=now)
    )
    return frozenset(merges.get(key, key) for key in keys.values_list("key", flat=True))
