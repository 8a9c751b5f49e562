"""Comparisons that pages show: read for one person, shared with whoever asks the same for some seconds.

Two sides of some ten thousand attempts take longer to read than a page may take. Stretches of time are
compared anew each time, since they can be as many as there are moments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from drain.dashboard.evidence.queries import drains_since
from drain.dashboard.http.cache import shared
from drain.db.sql import row
from drain.evidence.checks.listing import CheckLine, enabled_checks, judged_lines
from drain.evidence.comparison.compare import Comparison
from drain.evidence.comparison.question import ComparisonRequest
from drain.evidence.fixes.kept import Judgement, judgement
from drain.models import Check, DrainSession, FixMarker

SECONDS = 10
T = TypeVar("T")

# What somebody did and looks for at once: a drain that ended, a fix, a check. A drain that runs is no news.
_NEWS = """
SELECT (SELECT max(ended_at) FROM drain_drainsession) AS ended, (SELECT max(id) FROM drain_fixmarker) AS fix,
    (SELECT md5(string_agg(c::text, ' ' ORDER BY id)) FROM drain_check c WHERE enabled) AS checks
"""


@dataclass(frozen=True, slots=True)
class SharedComparison:
    """A question with its answer, the checks judged on it, and when it was read."""

    asked: ComparisonRequest
    result: Comparison
    checks: list[CheckLine]
    at: datetime


@dataclass(frozen=True, slots=True)
class FixFacts:
    """A fix's two sides, its verdict, and the first drains after it that it concerns."""

    compared: SharedComparison
    judged: Judgement
    drains: list[DrainSession]


def compared(
    found: ComparisonRequest, now: datetime, checks: Sequence[Check] = ()
) -> SharedComparison:
    """The comparison of at most some seconds ago, else that of now."""

    if found.kind == "windows":
        return _compared(found, now, checks)
    asked = (sorted(found.values.items()), found.fixed)
    return until_news(asked, lambda: _compared(found, now, checks))


def fix_facts(marker: FixMarker, found: ComparisonRequest, now: datetime) -> FixFacts:
    """Return the facts of a fix for its page, at most some seconds old, else of `now`."""

    def read() -> FixFacts:
        judged = judgement(marker, now)
        read = _compared(found, now, enabled_checks(marker=marker), judged)
        return FixFacts(read, judged, drains_since(marker))

    return until_news(("fix", marker.pk, sorted(found.values.items())), read)


def _compared(
    found: ComparisonRequest, now: datetime, checks: Sequence[Check], fix: Judgement | None = None
) -> SharedComparison:
    result = found.compared()
    return SharedComparison(found, result, judged_lines(checks, found, result, fix), now)


def until_news(asked: object, read: Callable[[], T]) -> T:
    """Return what `read` answered some seconds ago to the same question, unless there is news since."""
    named = repr((asked, row(_NEWS)))
    return shared(f"drain:evidence:{sha256(named.encode()).hexdigest()}", SECONDS, read)
