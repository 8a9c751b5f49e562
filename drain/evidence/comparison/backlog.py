"""The backlog: how many phases are failed now, how many more or fewer than some hours ago, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drain.db.sql import row
from drain.evidence.rollups.fold import state_totals
from drain.evidence.rollups.state_history import history
from drain.models.vocabulary import PhaseState
from drain.policy.words import counted

# What a source brought is told apart from what failed here: an import of thousands says nothing of the work.
_CHANGES = """
SELECT coalesce(sum(change) FILTER (WHERE by_source), 0)::int AS imports,
    coalesce(sum(change) FILTER (WHERE NOT by_source), 0)::int AS work
FROM (
    SELECT verb IN ('imported', 'synced') AS by_source, CASE WHEN to_state = 'FAILED' THEN 1 ELSE -1 END AS change
    FROM drain_transition
    WHERE subject = 'phase' AND at >= %(since)s::timestamptz AND at <= %(now)s::timestamptz
        AND (to_state = 'FAILED') <> (from_state = 'FAILED')
) changes
"""


@dataclass(frozen=True, slots=True)
class BacklogPoint:
    """Failed phases at the beginning of an hour, or now."""

    at: datetime
    failed: int


@dataclass(frozen=True, slots=True)
class BacklogChange:
    """Failed phases now and `hours` ago, and what changed them."""

    hours: int
    now: int
    imports: int
    """Change by what sources said of their phases."""
    work: int
    """Change by attempts and by people."""
    points: tuple[BacklogPoint, ...] = ()

    @property
    def change(self) -> int:
        """The growth of the failed phases since the beginning; negative is fewer."""
        return self.imports + self.work

    @property
    def before(self) -> int:
        """Failed phases at the beginning."""
        return self.now - self.change

    @property
    def sentence(self) -> str:
        """The change with its sign, its window and its parts."""
        if not self.now and not self.change:
            return f"The backlog is empty, and was {self.hours} h ago."
        return (
            f"{counted(self.before, 'failed phase')} {self.hours} h ago, {self.now:,} now: {signed(self.change)}, "
            f"of which {signed(self.imports)} by imports and {signed(self.work)} by attempts and people."
        )


def backlog(hours: int, now: datetime) -> BacklogChange:
    """The last `hours` of everything; the points are those of the hourly history and now."""
    since = now - timedelta(hours=hours)
    points = [BacklogPoint(at, counts.get(PhaseState.FAILED, 0)) for at, counts in history(since)]
    found = backlog_change(hours, now, state_totals().get(PhaseState.FAILED, 0))
    return replace(found, points=(*points, BacklogPoint(now, found.now)))


def backlog_change(hours: int, now: datetime, failed: int) -> BacklogChange:
    """The same without its points, of `failed` phases that are counted already. One query."""
    found = row(_CHANGES, {"since": now - timedelta(hours=hours), "now": now})
    return BacklogChange(hours, failed, found["imports"], found["work"])


def signed(number: int) -> str:
    """+1,531, −38 or ±0: a change always has its sign."""
    return f"{number:+,}".replace("-", "−") if number else "±0"
