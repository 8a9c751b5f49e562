"""Comparisons that pages show: read for one person, shared with whoever asks the same for some seconds.

Two sides of some ten thousand attempts take longer to read than a page may take. The end of a drain is news:
what was read before it is not shown after it. Stretches of time are compared anew each time, since they
can be as many as there are moments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db.models import Max

from drain.evidence.asked import Asked
from drain.evidence.check_lines import CheckLine, judged_lines
from drain.evidence.comparison import Comparison
from drain.models import Check, DrainSession

from .shared import shared

SECONDS = 10


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

    return read() if found.kind == "windows" else _shared(found, checks, read)


def _shared(found: Asked, checks: Sequence[Check], read: Callable[[], Compared]) -> Compared:
    """The key names all that the answer depends on but the attempts: the question, the fix, the checks."""
    ended = DrainSession.objects.aggregate(at=Max("ended_at"))["at"]
    claims = [
        (c.pk, c.name, c.kind, c.pattern, c.threshold, c.state, c.fingerprint_id) for c in checks
    ]
    named = repr((sorted(found.values.items()), found.fixed, ended, claims))
    return shared(f"drain:compared:{sha256(named.encode()).hexdigest()}", SECONDS, read)
