"""What two sides hold, read at once: one statement, so that every figure speaks of the same attempts.

Each side is read once; what it is asked for works on the rows of that. A phase's word on a side is its
last rated attempt there, by its start and its id. A phase that has none before (it failed in its pipeline, before drainsite knew it) counts as
failed with the cause that the frozen plan of the drain names that tried it first: what a later plan knows
of it happened on the side after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from drain.evidence.sides import RATED, UNCOUNTED, Side

# Only the columns that any part needs. An interval sums faster than its seconds.
_SIDE = """
{name} AS MATERIALIZED (
    SELECT id, phase_id, session_id, outcome, fingerprint, telemetry_count, zero_yield_reason, started_at,
        finished_at - started_at AS took
    FROM drain_attempt {name} WHERE {where}
), {name}_endings AS (
    SELECT outcome, fingerprint, telemetry_count, zero_yield_reason, count(*)::int AS n,
        (extract(epoch FROM sum(took)) * 1000000)::bigint AS microseconds
    FROM {name} GROUP BY 1, 2, 3, 4
), {name}_phases AS MATERIALIZED (
    SELECT phase_id, bool_or(NOT outcome = ANY(%(uncounted)s)) AS counted,
        max(started_at) FILTER (WHERE outcome = ANY(%(rated)s)) AS last,
        min(started_at) AS first, min(started_at) FILTER (WHERE session_id IS NOT NULL) AS drained
    FROM {name} GROUP BY 1
)"""
# The moments come from the groups above, so only attempts that started at just those are sorted. Both ends of
# a phase are grouped, not joined: how many there are is beyond the planner, which then joins row by row.
_PAIRS = """
{pair}_wanted AS MATERIALIZED (
    SELECT a.phase_id, a.last, b.last AS before, CASE WHEN b.last IS NULL THEN a.first END AS first
    FROM {after}_phases a LEFT JOIN {before}_phases b ON b.phase_id = a.phase_id
    WHERE a.last IS NOT NULL AND (b.last IS NOT NULL OR %({pair}_from_plan)s AND a.drained = a.first)
), {pair}_ends AS (
    (SELECT DISTINCT ON (w.phase_id) w.phase_id, b.outcome AS was, b.fingerprint AS was_key,
        false AS from_plan, NULL AS became, NULL AS became_key
    FROM {pair}_wanted w JOIN {before} b ON b.phase_id = w.phase_id AND b.started_at = w.before
    WHERE b.outcome = ANY(%(rated)s) ORDER BY w.phase_id, b.id DESC)
    UNION ALL SELECT f.phase_id, 'failed', c.fingerprint, true, NULL, NULL FROM (
        SELECT DISTINCT ON (w.phase_id) w.phase_id, a.session_id
        FROM {pair}_wanted w JOIN {after} a ON a.phase_id = w.phase_id AND a.started_at = w.first
        ORDER BY w.phase_id, a.id
    ) f JOIN drain_candidate c ON c.session_id = f.session_id AND c.phase_id = f.phase_id
    UNION ALL (SELECT DISTINCT ON (w.phase_id) w.phase_id, NULL, NULL, NULL, a.outcome, a.fingerprint
    FROM {pair}_wanted w JOIN {after} a ON a.phase_id = w.phase_id AND a.started_at = w.last
    WHERE a.outcome = ANY(%(rated)s) ORDER BY w.phase_id, a.id DESC)
), {pair}_moves AS (
    SELECT was, CASE WHEN was = 'complete' THEN '' ELSE was_key END AS was_key,
        became, CASE WHEN became = 'complete' THEN '' ELSE became_key END AS became_key,
        from_plan, count(*)::int AS n
    FROM (
        SELECT max(was) AS was, max(was_key) AS was_key, bool_or(from_plan) AS from_plan,
            max(became) AS became, max(became_key) AS became_key
        FROM {pair}_ends GROUP BY phase_id HAVING count(was) > 0
    ) phase GROUP BY 1, 2, 3, 4, 5
)"""
# Columns of all parts: part, three texts, a number, a text, a flag, how many, microseconds.
_ENDINGS_OUT = """
SELECT '{name}_endings' AS part, outcome, fingerprint, zero_yield_reason, telemetry_count, '' AS became_key,
    false AS from_plan, n, microseconds FROM {name}_endings"""
_PHASES_OUT = """
SELECT '{name}_phases', '', '', '', 0, '', false, count(*)::int, 0 FROM {name}_phases WHERE counted"""
_PAIRS_OUT = """
SELECT '{pair}_moves', was, was_key, became, 0, became_key, from_plan, n, 0 FROM {pair}_moves"""


@dataclass(frozen=True, slots=True)
class Ending:
    """Attempts of a side that ended alike."""

    outcome: str
    key: str
    """The fingerprint that they were written with."""
    events: int
    """Telemetry events of each of them."""
    reason: str
    """Why there were none, as it was written."""
    attempts: int
    microseconds: int
    """Of all of them together; a whole number, so that no sum depends on how they were grouped."""


@dataclass(frozen=True, slots=True)
class SideRead:
    """All ended attempts of a side, and how many phases have a counted one."""

    endings: tuple[Ending, ...]
    phases: int


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
    """One side by itself."""
    found = _read([_side("s", side)], ["s"], [], side.values("s"))
    return _side_read("s", found)


def read_pairs(asked: Sequence[Question]) -> list[PairRead]:
    """Any number of comparisons at once, all of the same moment."""
    parts: list[str] = []
    values: dict[str, Any] = {}
    names = [f"p{index}" for index in range(len(asked))]
    for name, question in zip(names, asked, strict=True):
        before, after = f"{name}b", f"{name}a"
        parts += [_side(before, question.before), _side(after, question.after), _pairs(name)]
        values |= question.before.values(before) | question.after.values(after)
        values[f"{name}_from_plan"] = question.from_plan
    sides = [side for name in names for side in (f"{name}b", f"{name}a")]
    found = _read(parts, sides, names, values) if asked else {}
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


def _side(name: str, side: Side) -> str:
    return _SIDE.format(name=name, where=side.where(name))


def _pairs(name: str) -> str:
    return _PAIRS.format(pair=name, before=f"{name}b", after=f"{name}a")


def _read(
    parts: Sequence[str], sides: Sequence[str], pairs: Sequence[str], values: dict[str, Any]
) -> Found:
    """Rows of every part by its name."""
    out = [text.format(name=name) for name in sides for text in (_ENDINGS_OUT, _PHASES_OUT)]
    out += [_PAIRS_OUT.format(pair=name) for name in pairs]
    statement = f"WITH {', '.join(parts)} {' UNION ALL '.join(out)}"
    found: Found = {}
    with transaction.atomic(), connection.cursor() as cursor:
        # Grouping and sorting a large session's attempts in memory instead of on disk halves the time of a report.
        bound = values | {"rated": RATED, "uncounted": UNCOUNTED}
        cursor.execute(f"SET LOCAL work_mem = '64MB'; {statement}", bound)
        cursor.nextset()
        for part, *rest in cursor.fetchall():
            found.setdefault(part, []).append(tuple(rest))
    return found


def _side_read(name: str, found: Found) -> SideRead:
    endings = tuple(
        Ending(outcome, key, events, reason, n, microseconds)
        for outcome, key, reason, events, _, _, n, microseconds in found.get(f"{name}_endings", ())
    )
    return SideRead(endings, found[f"{name}_phases"][0][6])
