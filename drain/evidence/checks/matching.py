"""The attempts that a check counts, and those among them that speak against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import DatabaseError, OperationalError, connection, transaction

from drain.db.sql import row, rows
from drain.evidence.comparison.sides import FAILURES, JUDGED, UNCOUNTED, Side

MOST_NAMED = 50
PATTERN_SECONDS = 5
REGEX_PREFIX = "re:"


_MATCHING = f"""
SELECT n, coalesce(cardinality(ids), 0) AS matching, ids[1:{MOST_NAMED}] AS newest FROM (
    SELECT count(*)::int AS n, array_agg(a.id ORDER BY a.id DESC) FILTER (WHERE {{mark}}) AS ids {{scope}}
) found
"""  # noqa: S608 - a number of ours
# Of those that completed alone: what failed by something else may have failed before this could come.
_WORTH = """
SELECT coalesce(sum(m), 0)::int AS completed, coalesce(sum(m)^2 / nullif(sum(m * m), 0), 0)::float8 AS worth
FROM (SELECT count(*) AS m {scope} AND a.outcome = 'complete' GROUP BY a.run_id) runs
"""
_HAD = """
WITH tried AS (
    SELECT b.phase_id, b.session_id, b.outcome FROM drain_attempt b WHERE {after} AND b.outcome = ANY(%(judged)s)
), had AS (
    SELECT a.phase_id FROM drain_attempt a WHERE {before} AND {attempt}
    UNION SELECT c.phase_id FROM drain_candidate c WHERE c.session_id IN {plans} AND {planned}
)
"""
_AGAIN = """
SELECT (SELECT count(*) FROM had)::int AS had, coalesce(sum(n), 0)::int AS again, coalesce(sum(m), 0)::int AS completed,
    coalesce(sum(m)^2 / nullif(sum(m * m), 0), 0)::float8 AS worth
FROM (
    SELECT count(*) AS n, count(*) FILTER (WHERE p.id IN (SELECT phase_id FROM tried WHERE outcome = 'complete')) AS m
    FROM drain_phase p
    WHERE p.id IN (SELECT phase_id FROM had) AND p.id IN (SELECT phase_id FROM tried) GROUP BY p.run_id
) runs
"""
# The newest of them: what is asked of the work needs no more.
_COMPLETED = """
SELECT b.run_id AS run, b.telemetry_count AS events,
    extract(epoch FROM b.finished_at - b.started_at)::float8 AS seconds, coalesce(r.source_id, 0) AS source, p.category
FROM (
    SELECT b.* FROM drain_attempt b WHERE {after} AND b.outcome = 'complete' AND {among} ORDER BY b.id DESC LIMIT {most}
) b JOIN drain_run r ON r.id = b.run_id JOIN drain_phase p ON p.id = b.phase_id
"""
MOST_COMPLETED = 2_000


class PatternError(Exception):
    """A pattern cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Found:
    """The number of the `n` attempts that match, and the newest of them by id."""

    n: int
    matching: int
    attempts: tuple[int, ...]
    completed: int = 0
    """Of the `n`; 0 where that was not asked for, as with `worth`."""
    worth: float = 0.0
    """As many independent ones as completed, were all of one run to end alike."""


@dataclass(frozen=True, slots=True)
class Mark:
    """The marks of a failure, as SQL conditions, and their values."""

    attempt: str
    """On attempt `a`."""
    planned: str
    """On candidate `c`: what a plan knew of a phase."""
    values: dict[str, Any]
    pattern: str = ""
    """Text that somebody gave to search for; "" when the conditions are ours alone."""


class Completed(NamedTuple):
    """An attempt that completed, with what it brought and the sort of its phase."""

    run: int
    events: int
    seconds: float
    source: int
    """0 for none."""
    category: str


@dataclass(frozen=True, slots=True)
class Again:
    """Phases that had failed with a mark before, how many were tried again, how many of those completed."""

    had: int
    tried: int
    completed: int
    worth: float = 0.0
    """As many independent ones as completed, were all of one run to end alike (Kish):
    (Σm)² / Σm² over runs of m.
    """


def mark_of_keys(keys: list[str]) -> Mark:
    """Failures with one of these fingerprints."""
    return Mark(
        "a.outcome = ANY(%(failures)s) AND a.fingerprint = ANY(%(keys)s::text[])",
        "c.fingerprint = ANY(%(keys)s::text[])",
        {"keys": keys},
    )


def mark_of_pattern(pattern: str) -> Mark:
    """Failures whose error contains the pattern, whatever the case of its letters.

    The text is taken literally, which costs the same for every text. After `re:` it is a regular
    expression of PostgreSQL's, whose matcher is ended after PATTERN_SECONDS: a hostile one costs that,
    and no more.
    """
    said = "position(lower(%(pattern)s) IN lower({})) > 0"
    if pattern.startswith(REGEX_PREFIX):
        said = "{} ~* %(pattern)s"
    known = said.format("(f.title || ' ' || f.sample)")
    return Mark(
        f"a.outcome = ANY(%(failures)s) AND {said.format('a.error')}",
        f"c.fingerprint IN (SELECT f.key FROM drain_fingerprint f WHERE {known})",  # noqa: S608 - fixed parts
        {"pattern": pattern.removeprefix(REGEX_PREFIX)},
        pattern,
    )


def matching(side: Side, mark: Mark, among: str = "true", *, runs: bool = False) -> Found:
    """Counted attempts of a side that bear the mark, of those that are `among`. Raises PatternError.

    With `runs` it is told how many completed, and what those are worth.
    """
    outcomes = {"uncounted": UNCOUNTED, "failures": FAILURES, "judged": JUDGED}
    bound = side.values("a") | outcomes | mark.values
    scope = (
        f"FROM drain_attempt a WHERE {side.where('a')} AND NOT a.outcome = ANY(%(uncounted)s) "
        f"AND {among}"
    )
    with _limited(mark):
        found = row(_MATCHING.format(scope=scope, mark=mark.attempt), bound)
        more = row(_WORTH.format(scope=scope), bound) if runs else {}
    return Found(found["n"], found["matching"], tuple(found["newest"] or ()), **more)


def tried_again(before: Side, after: Side, session: int | None, mark: Mark) -> Again:
    """Phases that bore the mark before, by their attempts or a plan's word, and those that have an end after.

    What was lost on the way shows nothing.

    The plan is that of `session`, else those of all drains after. Raises PatternError.
    """
    had, bound = _had(before, after, session, mark)
    with _limited(mark):
        found = row(had + _AGAIN, bound)
    return Again(found["had"], found["again"], found["completed"], found["worth"])


def completed_again(
    before: Side, after: Side, session: int | None, mark: Mark | None
) -> list[Completed]:
    """The newest attempts of those phases that completed after, at most MOST_COMPLETED;
    without a mark of all phases.

    Raises PatternError.
    """
    among, had, bound = "true", "", after.values("b")
    if mark is not None:
        among = "b.phase_id IN (SELECT phase_id FROM had)"
        had, bound = _had(before, after, session, mark)
    statement = _COMPLETED.format(after=after.where("b"), among=among, most=MOST_COMPLETED)
    with _limited(mark) if mark is not None else nullcontext():
        return [Completed(**found) for found in rows(had + statement, bound)]


def _had(before: Side, after: Side, session: int | None, mark: Mark) -> tuple[str, dict[str, Any]]:
    """SQL and values of the phases that bore the mark before (`had`) and of the attempts after (`tried`)."""
    plans = "(%(plan)s)" if session is not None else "(SELECT session_id FROM tried)"
    statement = _HAD.format(
        before=before.where("a"), after=after.where("b"), attempt=mark.attempt, planned=mark.planned, plans=plans
    )  # fmt: skip
    bound = before.values("a") | after.values("b") | mark.values
    return statement, bound | {"failures": FAILURES, "judged": JUDGED, "plan": session}


def require_readable(pattern: str) -> None:
    """Refuse a regular expression that says nothing or that PostgreSQL cannot read. Raises PatternError."""
    if not pattern.startswith(REGEX_PREFIX):
        return
    expression = pattern.removeprefix(REGEX_PREFIX).strip()
    if not expression:
        raise PatternError(f"After {REGEX_PREFIX!r} a regular expression is missing: give one.")
    with _bounded(pattern):
        row("SELECT '' ~* %(pattern)s AS found", {"pattern": expression})


@contextmanager
def _limited(mark: Mark) -> Iterator[None]:
    """Limit the time of a regular expression that somebody else wrote."""
    if not mark.pattern.startswith(REGEX_PREFIX):
        yield
        return
    with _bounded(mark.pattern):
        yield


@contextmanager
def _bounded(pattern: str) -> Iterator[None]:
    """A question with a regular expression: ended after PATTERN_SECONDS, and refused in words."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            (before,) = cursor.fetchone()
            cursor.execute(f"SET LOCAL statement_timeout = '{PATTERN_SECONDS}s'")
            yield
            # within a caller's transaction the limit must not outlive this question
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "57014":
            raise
        raise PatternError(
            f"The pattern took more than {PATTERN_SECONDS} s: give plain text instead of {pattern!r}."
        ) from None
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", "") != "2201B":
            raise
        raise PatternError(
            f"PostgreSQL cannot read the pattern {pattern!r}: mend it, or leave out {REGEX_PREFIX!r}."
        ) from None
