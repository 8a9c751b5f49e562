"""What a check looks at: the counted attempts behind it, and which of them speak against it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, OperationalError, connection, transaction

from drain.evidence.sides import FAILURES, UNCOUNTED, Side
from drain.evidence.sql import row, rows

MOST_NAMED = 50
PATTERN_SECONDS = 5
REGEX_PREFIX = "re:"


class PatternError(Exception):
    """A pattern cannot be used; the message is one sentence with the way out."""


@dataclass(frozen=True, slots=True)
class Found:
    """How many of `n` attempts match, and the newest of them by id."""

    n: int
    matching: int
    attempts: tuple[int, ...]


def matching(side: Side, condition: str, values: dict[str, Any]) -> Found:
    """Counted attempts of a side that meet a condition on attempt `a`."""
    bound = side.values("a") | {"uncounted": UNCOUNTED, "failures": FAILURES} | values
    scope = f"FROM drain_attempt a WHERE {side.where('a')} AND NOT a.outcome = ANY(%(uncounted)s)"
    total = row(f"SELECT count(*)::int AS n {scope}", bound)["n"]
    found = rows(f"SELECT a.id {scope} AND {condition} ORDER BY a.id DESC", bound)
    return Found(total, len(found), tuple(item["id"] for item in found[:MOST_NAMED]))


def matching_pattern(side: Side, pattern: str) -> Found:
    """Failed attempts whose error contains the pattern, whatever the case of its letters.

    The text is taken literally, which costs the same for every text. After `re:` it is a regular
    expression of PostgreSQL's, whose matcher is ended after PATTERN_SECONDS: a hostile one costs that,
    and no more. Raises PatternError.
    """
    if not pattern.startswith(REGEX_PREFIX):
        literal = (
            "a.outcome = ANY(%(failures)s) AND position(lower(%(pattern)s) IN lower(a.error)) > 0"
        )
        return matching(side, literal, {"pattern": pattern})
    condition = "a.outcome = ANY(%(failures)s) AND a.error ~* %(pattern)s"
    with _bounded(pattern):
        return matching(side, condition, {"pattern": pattern.removeprefix(REGEX_PREFIX)})


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
