"""The same phases on two sides: where each one moved, and what that proves.

A phase's word on a side is its last rated attempt there. A phase that has none before (it failed in its
pipeline, before drainsite knew it) counts as failed with the cause that the frozen plan of the drain names
that tried it first: what a later plan knows of it happened on the side after.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from drain.evidence.causes import Cause, causes, resolve_keys
from drain.evidence.sides import RATED, Side
from drain.evidence.sql import rows

_PAIRS = """
WITH b AS (
    SELECT DISTINCT ON (a.phase_id) a.phase_id, a.outcome, a.fingerprint
    FROM drain_attempt a WHERE {after} AND a.outcome = ANY(%(rated)s)
    ORDER BY a.phase_id, a.started_at DESC, a.id DESC
), p AS (
    SELECT DISTINCT ON (o.phase_id) o.phase_id, o.outcome, o.fingerprint
    FROM drain_attempt o WHERE {before} AND o.outcome = ANY(%(rated)s)
        AND o.phase_id IN (SELECT phase_id FROM b)
    ORDER BY o.phase_id, o.started_at DESC, o.id DESC
), first AS (
    SELECT DISTINCT ON (a.phase_id) a.phase_id, a.session_id
    FROM drain_attempt a WHERE %(from_plan)s AND {after} AND a.phase_id IN (
        SELECT phase_id FROM b EXCEPT SELECT phase_id FROM p
    ) ORDER BY a.phase_id, a.started_at, a.id
), planned AS (
    SELECT first.phase_id, 'failed' AS outcome, c.fingerprint FROM first
    JOIN drain_candidate c ON c.session_id = first.session_id AND c.phase_id = first.phase_id
), known AS (
    SELECT phase_id, outcome, fingerprint, false AS from_plan FROM p
    UNION ALL SELECT phase_id, outcome, fingerprint, true FROM planned
)
SELECT k.outcome AS was, CASE WHEN k.outcome = 'complete' THEN '' ELSE k.fingerprint END AS was_key,
    b.outcome AS became, CASE WHEN b.outcome = 'complete' THEN '' ELSE b.fingerprint END AS became_key,
    k.from_plan, count(*)::int AS n
FROM known k JOIN b ON b.phase_id = k.phase_id GROUP BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True, slots=True)
class Move:
    """Phases that went from one end to another; causes are empty where the end is not a failure."""

    was: str
    was_cause: Cause | None
    became: str
    became_cause: Cause | None
    phases: int


@dataclass(frozen=True, slots=True)
class Pairs:
    """The same phases before and after."""

    moves: tuple[Move, ...]
    """Most phases first."""
    from_plan: int
    """How many have only the plan's word for what was before."""

    @property
    def n(self) -> int:
        """Phases on both sides."""
        return sum(move.phases for move in self.moves)

    @property
    def all_failed_before(self) -> bool:
        """Chosen because they had failed: then the rate can only rise."""
        return all(move.was != "complete" for move in self.moves)

    def gained(self) -> int:
        """Phases that had not completed and now have."""
        return self._count(False, True)

    def lost(self) -> int:
        """Phases that had completed and now have not."""
        return self._count(True, False)

    def tried(self) -> dict[str, int]:
        """Phases on both sides by the key of the cause that they had failed with before."""
        counts: dict[str, int] = {}
        for move in self.moves:
            if move.was_cause is not None:
                counts[move.was_cause.key] = counts.get(move.was_cause.key, 0) + move.phases
        return counts

    def after_complete(self, keys: Collection[str], *, touched: bool) -> tuple[int, int]:
        """(complete, n) after, among phases whose earlier cause is one of `keys`, or is none of them."""
        chosen = [
            move
            for move in self.moves
            if move.was != "complete"
            and ((move.was_cause.key if move.was_cause else "") in keys) is touched
        ]
        complete = sum(move.phases for move in chosen if move.became == "complete")
        return complete, sum(move.phases for move in chosen)

    def _count(self, was: bool, became: bool) -> int:
        return sum(
            move.phases
            for move in self.moves
            if (move.was == "complete") is was and (move.became == "complete") is became
        )


def pairs(before: Side, after: Side, *, from_plan: bool = True) -> Pairs:
    """Phases with a rated attempt on both sides, with merged causes counted for their target."""
    statement = _PAIRS.format(after=after.where("a"), before=before.where("o"))
    values = after.values("a") | before.values("o") | {"rated": RATED, "from_plan": from_plan}
    with transaction.atomic(), connection.cursor() as cursor:
        # Sorting a large session's attempts in memory instead of on disk halves the time of a report.
        cursor.execute("SET LOCAL work_mem = '64MB'")
        found = rows(statement, values)
    keys = {item[name] for item in found for name in ("was_key", "became_key")}
    stands_for = resolve_keys(keys)
    known = causes(stands_for.values())
    totals: dict[tuple[str, str, str, str], int] = {}
    for item in found:
        place = _place(item, stands_for)
        totals[place] = totals.get(place, 0) + item["n"]
    moves = (
        Move(was, known.get(was_key), became, known.get(became_key), n)
        for (was, was_key, became, became_key), n in totals.items()
    )
    return Pairs(
        tuple(sorted(moves, key=_order)),
        sum(item["n"] for item in found if item["from_plan"]),
    )


def _place(item: dict[str, Any], stands_for: dict[str, str]) -> tuple[str, str, str, str]:
    was, became = stands_for.get(item["was_key"], ""), stands_for.get(item["became_key"], "")
    return item["was"], was, item["became"], became


def _order(move: Move) -> tuple[int, str, str, str, str]:
    was = move.was_cause.key if move.was_cause else ""
    became = move.became_cause.key if move.became_cause else ""
    return -move.phases, move.was, was, move.became, became
