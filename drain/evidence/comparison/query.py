"""The query of two sides at once: one statement, so that every figure speaks of the same attempts.

Each side is read once; what it is asked for works on the rows of that. A phase's word on a side is its last
rated attempt there, by its start and its id. A phase that has none before (it failed in its pipeline, before
drainsite knew it) counts as failed with the cause that the frozen plan of the drain names that tried it
first: what a later plan knows of it happened on the side after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction

from drain.evidence.comparison.sides import RATED, UNCOUNTED, Side
from drain.evidence.statistics.sequence import Spread
from drain.evidence.statistics.yields import Flow

# What a plan's phases did is read once, however many sides are a part of it.
_PLAN = """
plan_{plan} AS (
    SELECT id, phase_id, run_id, session_id, outcome, fingerprint, telemetry_count, zero_yield_reason, started_at,
        finished_at
    FROM drain_attempt
    WHERE phase_id IN (SELECT phase_id FROM drain_candidate WHERE session_id = %(plan_{plan})s)
)"""
# What phases of a fingerprint did is read once for both sides:
# which phases these are takes longest to find out.
_TOUCHED = """
touched_{name} AS MATERIALIZED (
    SELECT id, phase_id, run_id, session_id, outcome, fingerprint, telemetry_count, zero_yield_reason, started_at,
        finished_at
    FROM drain_attempt a WHERE {phases} AND ({sides})
)"""
# Only the columns that any part needs. An interval sums faster than its seconds.
_SIDE = """
{name} AS MATERIALIZED (
    SELECT id, phase_id, run_id, session_id, outcome, fingerprint, telemetry_count, zero_yield_reason, started_at,
        finished_at - started_at AS took
    FROM {table} {name} WHERE {where}
), {name}_endings AS (
    SELECT outcome, fingerprint, telemetry_count, zero_yield_reason, count(*)::int AS n,
        (extract(epoch FROM sum(took)) * 1000000)::bigint AS microseconds
    FROM {name} GROUP BY 1, 2, 3, 4
), {name}_phases AS MATERIALIZED (
    SELECT phase_id, bool_or(NOT outcome = ANY(%(uncounted)s)) AS counted,
        bool_or(outcome = ANY(%(rated)s)) AS rated, min(started_at) AS first,
        min(started_at) FILTER (WHERE session_id IS NOT NULL) AS drained
    FROM {name} GROUP BY 1
)"""
# Attempts are put in order only for phases that may have two ends: mostly there are few of those. In one
# group by phase both ends of a side come from one sort. Every phase of the right side is on the left one too,
# so a full join gives what an inner one would; but it is never done row by row, which is what PostgreSQL
# chooses for sides that it takes for empty because most of their attempts started since it last looked. A
# plan is asked phase by phase, once each (OFFSET 0), for the same reason.
_PAIRS = """
{pair}_wanted AS MATERIALIZED (
    SELECT a.phase_id, b.rated IS TRUE AS twice FROM {after}_phases a FULL JOIN {before}_phases b USING (phase_id)
    WHERE coalesce(a.rated, false) AND (b.rated OR %({pair}_from_plan)s AND a.drained = a.first)
), {pair}_moves AS (
    SELECT coalesce(was, 'failed') AS was,
        CASE WHEN was = 'complete' THEN '' ELSE coalesce(was_key, planned) END AS was_key,
        became, CASE WHEN became = 'complete' THEN '' ELSE became_key END AS became_key,
        was IS NULL AS from_plan, count(*)::int AS n
    FROM (
        SELECT b.outcome AS was, b.key AS was_key, a.outcome AS became, a.key AS became_key,
            CASE WHEN b.outcome IS NULL THEN (SELECT c.fingerprint FROM drain_candidate c
                WHERE c.session_id = a.tried_by AND c.phase_id = a.phase_id) END AS planned
        FROM (SELECT phase_id, {last},
                (array_agg(session_id ORDER BY started_at DESC, id DESC))[count(*)] AS tried_by
            FROM {after} side FULL JOIN {pair}_wanted w USING (phase_id)
            WHERE coalesce(w.phase_id, 0) > 0 GROUP BY 1) a
        FULL JOIN (SELECT phase_id, {last}
            FROM {before} side FULL JOIN {pair}_wanted w USING (phase_id)
            WHERE coalesce(w.twice, false) GROUP BY 1) b USING (phase_id)
        OFFSET 0
    ) ends WHERE was IS NOT NULL OR planned IS NOT NULL GROUP BY 1, 2, 3, 4, 5
)"""
_LAST = ", ".join(
    f"(array_agg({column} ORDER BY started_at DESC, id DESC) FILTER (WHERE outcome = ANY(%(rated)s)))[1] AS {name}"
    for column, name in (("outcome", "outcome"), ("fingerprint", "key"))
)
# Columns of all parts: part, three texts, a number, a text, a flag, how many, microseconds.
_ENDINGS_OUT = """
SELECT '{name}_endings' AS part, outcome, fingerprint, zero_yield_reason, telemetry_count, '' AS became_key,
    false AS from_plan, n, microseconds FROM {name}_endings"""
_PHASES_OUT = """
SELECT '{name}_phases', '', '', '', 0, '', false, count(*)::int, 0 FROM {name}_phases WHERE counted"""
# How rated attempts fall into runs: their number, Σm² and Σf²/m, f those of a run's m that did not complete.
_RUNS_OUT = """
SELECT '{name}_runs', coalesce(sum(m * m), 0)::text, coalesce(sum(f * f::float8 / m), 0)::text, '', 0, '', false,
    count(*)::int, 0
FROM (SELECT count(*) AS m, count(*) FILTER (WHERE outcome <> 'complete') AS f FROM {name}
    WHERE outcome = ANY(%(rated)s) GROUP BY run_id) runs"""
# Events and minutes of counted attempts by run: their sums of squares and products.
_FLOWS_OUT = """
SELECT '{name}_flows', coalesce(sum(e * e), 0)::text, coalesce(sum(e * t), 0)::text, coalesce(sum(t * t), 0)::text,
    0, '', false, count(*)::int, 0
FROM (SELECT sum(telemetry_count)::float8 AS e, extract(epoch FROM sum(took))::float8 / 60 AS t FROM {name}
    WHERE NOT outcome = ANY(%(uncounted)s) GROUP BY run_id) runs"""
_PAIRS_OUT = """
SELECT '{pair}_moves', was, was_key, became, 0, became_key, from_plan, n, 0 FROM {pair}_moves"""


@dataclass(frozen=True, slots=True)
class LikeEnds:
    """Attempts of a side that ended alike."""

    outcome: str
    key: str
    """The fingerprint that they were written with."""
    events: int
    """Telemetry events of each of them."""
    reason: str
    """The reason for their absence, as it was written."""
    attempts: int
    microseconds: int
    """Of all of them together; a whole number, so that no sum depends on how they were grouped."""


@dataclass(frozen=True, slots=True)
class SideRead:
    """All ended attempts of a side, and how many phases have a counted one."""

    endings: tuple[LikeEnds, ...]
    phases: int
    spread: Spread
    """The spread of its rated attempts over runs."""
    flow: Flow
    """Events and minutes of its counted attempts by run."""


@dataclass(frozen=True, slots=True)
class MoveRead:
    """Phases that were one thing before and became another; keys are "" where the end is complete."""

    was: str
    was_key: str
    became: str
    became_key: str
    from_plan: bool
    phases: int


@dataclass(frozen=True, slots=True)
class PairRead:
    """Two sides, and the same phases on both."""

    before: SideRead
    after: SideRead
    moves: tuple[MoveRead, ...]

    @property
    def keys(self) -> set[str]:
        """Every key of a cause that any of it names."""
        endings = (ending.key for side in (self.before, self.after) for ending in side.endings)
        return {*endings, *(key for move in self.moves for key in (move.was_key, move.became_key))}


@dataclass(frozen=True, slots=True)
class Question:
    """Two sides to compare."""

    before: Side
    after: Side
    fixed: tuple[str, ...] = ()
    """Keys of causes that the fix in between was meant to end."""
    from_plan: bool = True
    """Without it a phase counts as tried before only if it was tried on that very side."""


def read_side(side: Side) -> SideRead:
    """Read one side by itself."""
    found = _read({"s": side}, [], side.values("s"))
    return _side_read("s", found)


def read_pairs(asked: Sequence[Question]) -> list[PairRead]:
    """Any number of comparisons at once, all of the same moment."""
    sides: dict[str, Side] = {}
    values: dict[str, Any] = {}
    names = [f"p{index}" for index in range(len(asked))]
    for name, question in zip(names, asked, strict=True):
        sides |= {f"{name}b": question.before, f"{name}a": question.after}
        values[f"{name}_from_plan"] = question.from_plan
    for name, side in sides.items():
        values |= side.values(name)
    found = _read(sides, names, values) if asked else {}
    return [
        PairRead(
            _side_read(f"{name}b", found), _side_read(f"{name}a", found),
            tuple(
                MoveRead(was, was_key, became, became_key, from_plan, n)
                for was, was_key, became, _, became_key, from_plan, n, _ in found.get(f"{name}_moves", ())
            ),
        )
        for name in names
    ]  # fmt: skip


Found = dict[str, list[tuple[Any, ...]]]


def _side(name: str, side: Side, shared: Mapping[tuple[str, ...], str]) -> str:
    table = "drain_attempt" if side.plan_of is None else f"plan_{side.plan_of}"
    rest = replace(side, plan_of=None)
    if side.plan_of is None and side.touched:
        table, rest = f"touched_{shared[side.touched]}", replace(rest, touched=())
    return _SIDE.format(name=name, table=table, where=rest.where(name))


def _touched(name: str, keys: tuple[str, ...], sides: Mapping[str, Side]) -> str:
    """The attempts of phases that these keys are about, on any of the sides that are about them alone."""
    own = {each: side for each, side in sides.items() if side.touched == keys}
    parts = (replace(side, touched=(), plan_of=None).where("a", each) for each, side in own.items())
    phases = Side("", touched=keys).where("a", name)
    return _TOUCHED.format(
        name=name, phases=phases, sides=" OR ".join(f"({part})" for part in parts)
    )


def _pairs(name: str) -> str:
    return _PAIRS.format(pair=name, before=f"{name}b", after=f"{name}a", last=_LAST)


def _read(sides: Mapping[str, Side], pairs: Sequence[str], values: dict[str, Any]) -> Found:
    """Rows of every part by its name."""
    plans = {side.plan_of for side in sides.values() if side.plan_of is not None}
    parts = [_PLAN.format(plan=plan) for plan in plans]
    shared = {side.touched: name for name, side in sides.items() if side.touched}
    parts += [_touched(name, keys, sides) for keys, name in shared.items()]
    parts += [_side(name, side, shared) for name, side in sides.items()]
    parts += [_pairs(name) for name in pairs]
    out = [
        text.format(name=name)
        for name in sides
        for text in (_ENDINGS_OUT, _PHASES_OUT, _RUNS_OUT, _FLOWS_OUT)
    ]
    out += [_PAIRS_OUT.format(pair=name) for name in pairs]
    statement = f"WITH {', '.join(parts)} {' UNION ALL '.join(out)}"
    found: Found = {}
    with transaction.atomic(), connection.cursor() as cursor:
        # Grouping and sorting a large session's attempts in memory instead of on disk halves the time of a
        # report.
        bound = values | {f"plan_{plan}": plan for plan in plans}
        bound |= {"rated": RATED, "uncounted": UNCOUNTED}
        cursor.execute(f"SET LOCAL work_mem = '64MB'; {statement}", bound)
        cursor.nextset()
        for part, *rest in cursor.fetchall():
            found.setdefault(part, []).append(tuple(rest))
    return found


def _side_read(name: str, found: Found) -> SideRead:
    endings = tuple(
        LikeEnds(outcome, key, events, reason, n, microseconds)
        for outcome, key, reason, events, _, _, n, microseconds in found.get(f"{name}_endings", ())
    )
    squares, failed_squares, *_, runs, _ = found[f"{name}_runs"][0]
    rated = [ending for ending in endings if ending.outcome in RATED]
    failed = sum(ending.attempts for ending in rated if ending.outcome != "complete")
    n = sum(ending.attempts for ending in rated)
    spread = Spread(n, failed, runs, float(squares), float(failed_squares))
    return SideRead(endings, found[f"{name}_phases"][0][6], spread, _flow(name, endings, found))


def _flow(name: str, endings: Sequence[LikeEnds], found: Found) -> Flow:
    counted = [ending for ending in endings if ending.outcome not in UNCOUNTED]
    events = sum(ending.events * ending.attempts for ending in counted)
    minutes = sum(ending.microseconds for ending in counted) / 60e6
    *products, _, _, _, runs, _ = found[f"{name}_flows"][0]
    return Flow(runs, events, minutes, *map(float, products))
