"""The attempts around a fix: of phases that had failed by its causes, and of others beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drain.db.sql import rows, stream
from drain.evidence.comparison.sides import FAILURES, JUDGED
from drain.evidence.fixes.contrast import Done
from drain.evidence.fixes.trials import FixWindow, Tried

MOST_PHASES = 20_000
"""Phases of the causes of a fix that are read; with more of them no verdict would be another."""
MOST_CAUSES = 5
"""Causes by which a fix that names none is judged: each is a question, and every question may err."""
MOST_OTHERS = 2_000
"""Attempts on each side of a fix by which phases of other causes are found."""
NEAR = 50_000
"""Attempts on each side of a fix among which those are looked for."""

IN_SCOPE = """(%(runs)s::text[] IS NULL AND %(source)s::bigint IS NULL OR {run} IN (
    SELECT id FROM drain_run WHERE (%(runs)s::text[] IS NULL OR run_id = ANY(%(runs)s::text[]))
        AND (%(source)s::bigint IS NULL OR source_id = %(source)s)))"""
# Of phases that were tried at all: a plan may name a million, and fifty of them are tried.
# Where even those are too many, the same lot draws from all of them, before the fix and after it alike.
_AFFECTED = f"""
SELECT phase_id FROM (
    SELECT phase_id, run_id FROM drain_attempt
    WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[])
    UNION SELECT phase_id, run_id FROM drain_candidate WHERE fingerprint = ANY(%(keys)s::text[])
) found WHERE {IN_SCOPE.format(run="found.run_id")} AND EXISTS (
    SELECT FROM drain_attempt a WHERE a.phase_id = found.phase_id AND a.started_at >= %(since)s
        AND (a.outcome = ANY(%(judged)s::text[]) OR a.started_at > %(fix)s))
ORDER BY hashint8(phase_id) LIMIT %(most)s
"""  # noqa: S608 - constants only
# Two statements ask by these: they are looked for once, which is much of what a verdict costs.
_THESE = "affected AS MATERIALIZED (SELECT unnest(%(affected)s::bigint[]) AS phase_id)"
_BEFORE = "started_at BETWEEN %(since)s AND %(fix)s AND finished_at IS NOT NULL ORDER BY id DESC LIMIT %(near)s"
_AFTER = """started_at > %(fix)s AND started_at <= coalesce(%(until)s::timestamptz, 'infinity')
    AND finished_at IS NOT NULL ORDER BY id LIMIT %(near)s"""
# The tail of attempts by number is that by start; others are those that were tried near the fix. What does
# not belong here is passed over before the limit: a busy source beside it would take all the places.
_OTHER = f"""coalesce((SELECT source_id FROM drain_run r WHERE r.id = near.run_id), 0) = ANY(%(sources)s::bigint[])
    AND {IN_SCOPE.format(run="near.run_id")} AND phase_id NOT IN (SELECT phase_id FROM affected) LIMIT %(others)s"""  # noqa: S608 - constants only
_OTHERS = f"""
chosen AS MATERIALIZED (
    (SELECT phase_id FROM (SELECT phase_id, run_id FROM drain_attempt WHERE {_BEFORE}) near WHERE {_OTHER})
    UNION
    (SELECT phase_id FROM (SELECT phase_id, run_id FROM drain_attempt WHERE {_AFTER}) near WHERE {_OTHER})
)"""  # noqa: S608 - constants only
_TRIED = """
SELECT a.phase_id, a.run_id, a.session_id, a.started_at, a.finished_at, a.outcome,
    CASE WHEN a.outcome = 'complete' THEN '' ELSE a.fingerprint END, coalesce(c.fingerprint, ''), a.telemetry_count,
    concat(r.source_id, '/', r.executor_id), p.category,
    p.state = 'SKIPPED' OR p.state = 'COMPLETE' AND p.state_changed_at IS DISTINCT FROM p.source_changed_at
FROM drain_attempt a JOIN drain_run r ON r.id = a.run_id JOIN drain_phase p ON p.id = a.phase_id
LEFT JOIN drain_candidate c ON c.session_id = a.session_id AND c.phase_id = a.phase_id
WHERE a.phase_id IN (SELECT phase_id FROM {phases})
ORDER BY a.phase_id, a.started_at, a.id
"""
_UNTRIED = """NOT EXISTS (SELECT FROM drain_attempt a WHERE a.phase_id = p.id AND a.started_at > %(fix)s
    AND a.outcome = ANY(%(judged)s::text[]))"""
_FAILING = f"""drain_phase p WHERE p.state = 'FAILED' AND p.last_fingerprint = ANY(%(keys)s::text[])
    AND {IN_SCOPE.format(run="p.run_id")}"""
# What the same sorts of phase did when they completed: the newest before the fix.
_DONE = f"""
SELECT near.run_id, near.telemetry_count, near.seconds FROM (
    SELECT run_id, phase_id, telemetry_count, outcome, extract(epoch FROM finished_at - started_at)::float8 AS seconds
    FROM drain_attempt WHERE {_BEFORE}
) near JOIN drain_phase p ON p.id = near.phase_id JOIN drain_run r ON r.id = near.run_id
WHERE near.outcome = 'complete' AND (coalesce(r.source_id, 0), p.category) IN (
    SELECT * FROM unnest(%(sources)s::bigint[], %(categories)s::text[]))
LIMIT %(others)s
"""  # noqa: S608 - constants only
# That a phase failed in its source since the fix is known where its state and the time of it are the source's
# word.
_LEFT = f"""
SELECT p.last_fingerprint AS key, count(*)::int AS failing, count(*) FILTER (WHERE {_UNTRIED})::int AS untried,
    count(*) FILTER (WHERE p.source_changed_at > %(fix)s AND p.state_changed_at = p.source_changed_at
        AND p.source_changed_at <= coalesce(%(until)s::timestamptz, 'infinity') AND {_UNTRIED})::int AS at_source
FROM {_FAILING} GROUP BY 1
"""  # noqa: S608 - constants only
_UNTRIED_PHASES = f"""
SELECT p.id, p.run_id, p.last_fingerprint FROM {_FAILING} AND {_UNTRIED} ORDER BY p.id LIMIT %(most)s
"""  # noqa: S608 - constants only


# Of the latest attempts before the fix: a fleet has millions, and the causes at hand are among these. What
# failed in its source alone is known by the plan under which it was first tried since, or is still failed so.
_CAUSES = f"""
SELECT fingerprint FROM (
    SELECT fingerprint, phase_id FROM (
        SELECT fingerprint, phase_id, outcome FROM drain_attempt
        WHERE started_at BETWEEN %(since)s AND %(fix)s AND finished_at IS NOT NULL AND fingerprint <> ''
            AND {IN_SCOPE.format(run="run_id")}
        ORDER BY id DESC LIMIT %(latest)s
    ) latest WHERE outcome = ANY(%(failures)s::text[])
    UNION ALL
    SELECT c.fingerprint, c.phase_id FROM (
        SELECT DISTINCT ON (phase_id) phase_id, session_id FROM (
            SELECT id, phase_id, session_id, run_id FROM drain_attempt WHERE {_AFTER}
        ) near WHERE {IN_SCOPE.format(run="near.run_id")} ORDER BY phase_id, id
    ) first JOIN drain_candidate c USING (session_id, phase_id)
    UNION ALL
    (SELECT last_fingerprint, id FROM drain_phase
    WHERE state = 'FAILED' AND state_changed_at <= %(fix)s AND {IN_SCOPE.format(run="run_id")}
    ORDER BY state_changed_at DESC LIMIT %(latest)s)
) had WHERE fingerprint <> '' GROUP BY 1 ORDER BY count(DISTINCT phase_id) DESC, 1 LIMIT %(causes)s
"""  # noqa: S608 - constants only


Sorts = Collection[tuple[int, str]]
"""Sources of phases, 0 for none, each with a category."""


@dataclass(frozen=True, slots=True)
class FixScope:
    """The attempts that speak of a fix: of these fingerprints, and of a source or of runs if it names any."""

    keys: Collection[str]
    window: FixWindow
    source: int | None = None
    runs: tuple[str, ...] = ()

    def values(self) -> dict[str, Any]:
        """Return the values for the statements of this module."""
        return {
            "keys": list(self.keys), "fix": self.window.applied_at, "until": self.window.until,
            "since": self.window.since, "source": self.source, "runs": list(self.runs) or None,
            "most": MOST_PHASES, "others": MOST_OTHERS, "near": NEAR, "failures": FAILURES, "judged": JUDGED,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Left:
    """Phases that are failed by the causes of a fix now, and those of them that were not tried since it."""

    failing: int
    untried: int
    at_source: Mapping[str, int]
    """Stored key → of those, the ones that failed since the fix by the word of their source."""


def causes_before(scope: FixScope) -> tuple[str, ...]:
    """The stored keys that most phases of the scope failed by before the fix, at most MOST_CAUSES."""
    values = {**scope.values(), "latest": MOST_PHASES, "causes": MOST_CAUSES}
    return tuple(found["fingerprint"] for found in rows(_CAUSES, values))


def affected_phases(scope: FixScope) -> list[int]:
    """Phases that had failed by a cause of the fix and were tried, at most MOST_PHASES of them by lot."""
    return [phase for (phase,) in stream(_AFFECTED, scope.values())]


def tried_of_causes(scope: FixScope, affected: Sequence[int]) -> Iterator[Tried]:
    """Attempts of the affected phases, in the order of phase and start."""
    statement = f"WITH {_THESE} {_TRIED.format(phases='affected')}"
    values = {**scope.values(), "affected": affected}
    return map(Tried._make, stream(statement, values, binary=True))


def tried_of_others(scope: FixScope, affected: Sequence[int], sorts: Sorts) -> list[Tried]:
    """Attempts of phases that are not affected, of the same sources, in the same order."""
    statement = f"WITH {_THESE}, {_OTHERS} {_TRIED.format(phases='chosen')}"
    values = {**scope.values(), "affected": affected, "sources": [source for source, _ in sorts]}
    return [Tried._make(row) for row in stream(statement, values, binary=True)]


def completed_before(scope: FixScope, sorts: Sorts) -> list[Done]:
    """Return the completed ones of the newest attempts before the fix, of these sorts of phase."""
    sources, categories = zip(*sorts, strict=True) if sorts else ((), ())
    values = {**scope.values(), "sources": [*sources], "categories": [*categories]}
    return [Done._make(row) for row in stream(_DONE, values)]


def left(scope: FixScope) -> Left:
    """Return the phases that are still failed by the fingerprints of the fix."""
    found = rows(_LEFT, scope.values())
    return Left(
        sum(each["failing"] for each in found),
        sum(each["untried"] for each in found),
        {each["key"]: each["at_source"] for each in found if each["at_source"]},
    )


def untried(scope: FixScope, most: int) -> list[tuple[int, int, str]]:
    """Phase, run and key of what `left` counts as untried, at most `most` of them."""
    return list(stream(_UNTRIED_PHASES, {**scope.values(), "most": most}))
