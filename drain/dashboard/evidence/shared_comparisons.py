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

from drain.dashboard.http.cache import shared
from drain.db.sql import row
from drain.evidence.checks.listing import CheckLine, judged_lines
from drain.evidence.comparison.compare import Comparison
from drain.evidence.comparison.question import Asked
from drain.models import Check

SECONDS = 10
T = TypeVar("T")

# What somebody did and looks for at once: a drain that ended, a fix, a check. A drain that runs is no news.
_NEWS = """
SELECT (SELECT max(ended_at) FROM drain_drainsession) AS ended, (SELECT max(id) FROM drain_fixmarker) AS fix,
    (SELECT md5(string_agg(c::text, ' ' ORDER BY id)) FROM drain_check c WHERE enabled) AS checks
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """A question with its answer, the checks judged on it, and when it was read."""

    asked: Asked
    result: Comparison
    checks: list[CheckLine]
    at: datetime


def compared(found: Asked, now: datetime, checks: Sequence[Check] = ()) -> Compared:
    """The comparison of at most some seconds ago, else that of now."""

    def read() -> Compared:
        result = found.compared()
        return Compared(found, result, judged_lines(checks, found, result), now)

    if found.kind == "windows":
        return read()
    return until_news((sorted(found.values.items()), found.fixed), read)


def until_news(asked: object, read: Callable[[], T]) -> T:
    """What `read` gave some seconds ago to the same question, unless there is news since."""
    named = repr((asked, row(_NEWS)))
    return shared(f"drain:evidence:{sha256(named.encode()).hexdigest()}", SECONDS, read)
