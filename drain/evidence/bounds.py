"""Sides that a page can afford: cut to their newest attempts when there are too many, and saying so.

A page over millions of attempts must answer like one over a hundred. A side that holds more than MOST
attempts is narrowed in time, so all its figures still speak of the same attempts; reports and files are
not cut.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from drain.evidence.sides import Side
from drain.evidence.sql import row, rows

MOST = 50_000
"""Attempts of one side that a page reads, about."""

_OF_SESSION = """
SELECT started_at FROM drain_attempt WHERE session_id = %(session)s
ORDER BY id DESC OFFSET %(most)s LIMIT 1
"""
# Numbers rise with the time of the start, so what lies `most` attempts back is one look into the key.
_NEWEST = "SELECT max(id) AS id FROM drain_attempt"
# "+ 0" keeps PostgreSQL from walking the key backwards through everything since; the hour is found by time.
_NEWEST_IN = """
SELECT max(id + 0) AS id FROM drain_attempt WHERE started_at >= %(since)s AND started_at < %(until)s
"""
_LEFT_OUT = """
SELECT started_at FROM drain_attempt WHERE id <= %(newest)s - %(most)s ORDER BY id DESC LIMIT 1
"""
# Where a stretch ends in a quiet time, its newest attempt is looked for in ever longer ones.
_LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=31))


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
    left_out = _left_out(side, now, MOST if most is None else most)
    if left_out is None or (side.since is not None and left_out < side.since):
        return Bounded(side, cut=False)
    return Bounded(replace(side, since=left_out, after_only=True), cut=True)


def _left_out(side: Side, now: datetime, most: int) -> datetime | None:
    """When the newest attempt started that is too many; None when none is."""
    if side.session is not None:
        found = rows(_OF_SESSION, {"session": side.session, "most": most})
    else:
        found = rows(_LEFT_OUT, {"newest": _newest(side, now), "most": most})
    return found[0]["started_at"] if found else None


def _newest(side: Side, now: datetime) -> int | None:
    """The number of the last attempt of any source that started before the side's end."""
    if side.until is None or side.until >= now:
        newest: int | None = row(_NEWEST)["id"]
        return newest
    for span in _LOOK_BACK:
        values = {"since": side.until - span, "until": side.until}
        found: int | None = row(_NEWEST_IN, values)["id"]
        if found is not None:
            return found
    return None
