"""Sides that a page can afford: cut to their newest attempts when there are too many, and saying so.

A page over millions of attempts must answer like one over a hundred. A side that holds more than MOST
attempts is narrowed in time, so all its figures still speak of the same attempts; reports and files are
not cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drain.evidence.rollups import hourly
from drain.evidence.sides import Side
from drain.evidence.sql import row, rows

MOST = 50_000
"""Attempts of one side that a page reads, about."""
_HOUR = timedelta(hours=1)

_OF_SESSION = """
SELECT started_at FROM drain_attempt WHERE session_id = %(session)s
ORDER BY id DESC OFFSET %(most)s LIMIT 1
"""
# Numbers rise with the time of the start, so the newest rows are found without reading them.
_NEWEST = """
SELECT started_at FROM drain_attempt
WHERE id >= (SELECT max(id) FROM drain_attempt) - %(most)s ORDER BY id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Bounded:
    """A side as it is read, and whether older attempts of it were left out."""

    side: Side
    cut: bool

    @property
    def note(self) -> str:
        """One sentence about what was left out; "" when nothing was."""
        if not self.cut or self.side.since is None:
            return ""
        since = f"{self.side.since:%Y-%m-%d %H:%M} UTC"
        return (
            f"Only the newest of {self.side.label} were read, about {MOST:,} attempts, "
            f"those started since {since}."
        )


def bounded(side: Side, now: datetime, most: int | None = None) -> Bounded:
    """The side itself, or its newest attempts, about `most` (else MOST) of them.

    How many a stretch of time holds is asked of all sources together, so a small source among large
    ones is cut more than it had to be. A side of a plan is as long as the plan and is not cut.
    """
    if side.plan_of is not None:
        return Bounded(side, cut=False)
    since = _since(side, now, MOST if most is None else most)
    if since is None or (side.since is not None and since <= side.since):
        return Bounded(side, cut=False)
    return Bounded(replace(side, since=since, after_only=False), cut=True)


def _since(side: Side, now: datetime, most: int) -> datetime | None:
    """From when on the side holds about `most` attempts; None when it holds no more than that."""
    if side.session is not None:
        found = rows(_OF_SESSION, {"session": side.session, "most": most})
        return found[0]["started_at"] if found else None
    if not _more_than(side, most):
        return None
    if side.until is None or side.until >= now:
        newest: datetime = row(_NEWEST, {"most": most})["started_at"]
        return newest
    return _by_hours(side.since or side.until - 31 * 24 * _HOUR, side.until, most)


def _more_than(side: Side, most: int) -> bool:
    everywhere = replace(side, source=None)
    found = row(
        "SELECT count(*)::int AS n FROM (SELECT 1 FROM drain_attempt a "  # noqa: S608 - fixed parts
        f"WHERE {everywhere.where('a')} LIMIT %(limit)s) few",
        everywhere.values("a") | {"limit": most + 1},
    )
    return int(found["n"]) > most


def _by_hours(since: datetime, until: datetime, most: int) -> datetime:
    """Hourly totals from the end backwards; within the hour that is too many, in proportion."""
    totals: dict[datetime, int] = {}
    for item in hourly(since, until):
        totals[item.hour] = totals.get(item.hour, 0) + item.attempts
    left = most
    for hour in sorted(totals, reverse=True):
        if totals[hour] > left:
            end = min(hour + _HOUR, until)
            return end - (end - hour) * (left / totals[hour])
        left -= totals[hour]
    return since
