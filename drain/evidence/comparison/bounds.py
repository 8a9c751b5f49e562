"""Sides that a page can afford: cut to their newest attempts when there are too many, and saying so.

A page over millions of attempts must answer like one over a hundred. A side that holds more than MOST
attempts is narrowed in time, so all its figures still speak of the same attempts; reports and files are
not cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from drain.db.sql import row
from drain.evidence.comparison.sides import Side

MOST = 20_000
"""Attempts of one side that a page reads, about."""
CHECKED = 50_000
"""The same of a check, which says what is not there: maintenance has more time than a page."""

# The number alone comes from the index; the row is read once it is known.
_OF_SESSION = """
SELECT started_at FROM drain_attempt WHERE id = (
    SELECT id FROM drain_attempt WHERE session_id = %({name}_session)s
    ORDER BY id DESC OFFSET %(most)s LIMIT 1
)
"""
# Numbers rise with the time of the start, so what lies `most` attempts back is one look into the key.
_OF_TIME = """
SELECT started_at FROM drain_attempt WHERE id <= {newest} - %(most)s ORDER BY id DESC LIMIT 1
"""
_NEWEST = "(SELECT max(id) FROM drain_attempt)"
# "+ 0" keeps PostgreSQL from walking the key backwards through everything since; the hour is found by time.
_NEWEST_IN = """(SELECT max(id + 0) FROM drain_attempt
    WHERE started_at >= %({name}_until)s - interval '{span}' AND started_at < %({name}_until)s)"""
# Where a stretch ends in a quiet time, its newest attempt is looked for in ever longer ones.
_LOOK_BACK = ("1 hour", "1 day", "31 days")


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


def bounded(sides: Sequence[Side], now: datetime, most: int | None = None) -> list[Bounded]:
    """Each side itself, or its newest attempts, about `most` (else MOST) of them; one query for all.

    How many a stretch of time holds is asked of all sources together, so a small source among large
    ones is cut more than it had to be. A side of a plan is as long as the plan and is not cut.
    """
    asked = {f"s{n}": side for n, side in enumerate(sides) if side.plan_of is None}
    parts = [f"({_left_out(name, side, now)}) AS {name}" for name, side in asked.items()]
    values = {"most": MOST if most is None else most}
    for name, side in asked.items():
        values |= side.values(name)
    found = row(f"SELECT {', '.join(parts)}", values) if parts else {}
    return [_cut(side, found.get(f"s{n}")) for n, side in enumerate(sides)]


def _cut(side: Side, left_out: datetime | None) -> Bounded:
    if left_out is None or (side.since is not None and left_out < side.since):
        return Bounded(side, cut=False)
    return Bounded(replace(side, since=left_out, after_only=True), cut=True)


def _left_out(name: str, side: Side, now: datetime) -> str:
    """SQL: when the newest attempt started that is too many; null when none is."""
    if side.session is not None:
        return _OF_SESSION.format(name=name)
    if side.until is None or side.until >= now:
        return _OF_TIME.format(newest=_NEWEST)
    looks = (_NEWEST_IN.format(name=name, span=span) for span in _LOOK_BACK)
    return _OF_TIME.format(newest=f"coalesce({', '.join(looks)})")
