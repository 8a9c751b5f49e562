"""Reads the backlog as the policy wants it: compact rows, facts about runs, edges, snoozes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from drain.evidence.sql import stream
from drain.models import Candidate, Dependency, Fingerprint, Hold, Run
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
_COLUMNS = """id, run_id, phase_index, state, failure_category, last_fingerprint,
    lease_owner IS NOT NULL AND lease_expires_at > now(), 0, phase_id, ''"""


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
        edges = _edges()
        rows = list(_rows(run_pks, merges))
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


def _edges() -> list[tuple[int, int]]:
    return list(
        Dependency.objects.filter(
            phase__state__in=OPEN_STATES, prerequisite__state__in=OPEN_STATES
        ).values_list("phase_id", "prerequisite_id")
    )


def _named_elsewhere(
    edges: list[tuple[int, int]], rows: list[PhaseRow], merges: dict[str, str]
) -> list[PhaseRow]:
    """Rows of phases outside the scope that an edge names."""
    if not edges:
        return []
    missing = {end for edge in edges for end in edge} - {row.id for row in rows}
    if not missing:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM drain_phase WHERE id = ANY(%s)", [list(missing)])  # noqa: S608 - constants only
        found = [PhaseRow._make(row) for row in cursor.fetchall()]
    return [row._replace(fingerprint=merges.get(row.fingerprint, row.fingerprint)) for row in found]


def _run_facts(pks: set[int], now: datetime) -> dict[int, RunFacts]:
    exact, prefixes = active_holds(now)
    facts = Run.objects.filter(pk__in=pks).values_list(
        "pk", "run_id", "order", "source__kind", "max_parallel"
    )
    return {
        pk: RunFacts(
            pk=pk,
            run_id=run_id,
            sequential=order == Order.SEQUENTIAL,
            autopack=kind == SourceKind.AUTOPACK,
            hold=exact.get(run_id, "")
            or next((why for value, why in prefixes.items() if run_id.startswith(value)), ""),
            max_parallel=max_parallel,
        )
        for pk, run_id, order, kind, max_parallel in facts.iterator(chunk_size=5000)
    }


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
