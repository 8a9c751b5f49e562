"""The matrix of fingerprints: their failed attempts in five periods, exact without reading all attempts.

Whole days come from the daily totals; only the last 24 hours and the days that a period cuts through
are counted in the attempts themselves, by their index of failures, and only for the fingerprints shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

from drain.dashboard.http.links import link
from drain.db.sql import rows
from drain.evidence.fingerprints.aliases import MEMBERS
from drain.evidence.rollups.fold import DayRow, failing_most
from drain.models.vocabulary import FingerprintStatus

PERIODS = (("1h", 1), ("3h", 3), ("24h", 24), ("3d", 72), ("7d", 168))
NARROW = frozenset({"1h", "3d"})
"""Periods that a phone has no room for."""
SHOWN = 8
TITLE_CHARACTERS = 90

_COUNT = f"""
WITH RECURSIVE {MEMBERS}
SELECT m.root AS key, f.title, f.status, w.name, sum(found.n)::int AS n
FROM member m LEFT JOIN drain_fingerprint f ON f.key = m.root
CROSS JOIN unnest(%(names)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS w (name, starts, ends)
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM drain_attempt a
    WHERE a.fingerprint = m.key AND a.outcome IN ('failed', 'timeout', 'lost')
        AND a.finished_at > w.starts AND a.finished_at <= w.ends
) found
GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - constants only


class Cell(NamedTuple):
    """The failures of one period, and where they are listed."""

    failures: int
    href: str
    narrow: bool


@dataclass(frozen=True, slots=True)
class FingerprintRow:
    """One fingerprint with a cell for each period."""

    key: str
    title: str
    status: str
    href: str
    cells: list[Cell]

    @property
    def short(self) -> str:
        """The title for one or two lines; a placeholder is never cut in two."""
        if len(self.title) <= TITLE_CHARACTERS:
            return self.title
        cut = self.title[:TITLE_CHARACTERS]
        start = cut.rfind("<")
        return f"{(cut[:start] if start > cut.rfind('>') else cut).rstrip()}…"


@dataclass(frozen=True, slots=True)
class FingerprintMatrix:
    """The fingerprints that failed most, and how many there were altogether in seven days."""

    rows: list[FingerprintRow]
    total: int


def read_fingerprints(now: datetime) -> FingerprintMatrix:
    """The matrix of those that failed most in seven days, the acute ones first. Two queries."""
    daily = failing_most((now - timedelta(days=7)).astimezone(UTC).date(), SHOWN)
    if not daily:
        return FingerprintMatrix([], 0)
    keys = list(dict.fromkeys(item.key for item in daily))
    counts = _whole_days(keys, daily, now)
    known: dict[str, tuple[str, str]] = {}
    for one in rows(_COUNT, {"keys": keys, **_windows(now)}):
        counts[one["key"]][one["name"]] += one["n"]
        known[one["key"]] = (one["title"] or one["key"], one["status"] or "new")
    found = [_row(key, *known[key], counts[key]) for key in keys]
    shown = sorted((row for row in found if row.cells[-1].failures), key=_urgency)
    return FingerprintMatrix(shown, daily[0].causes)


def _urgency(row: FingerprintRow) -> tuple[bool, bool, list[int]]:
    """Return the rank of a fingerprint: failing now first, then those set aside by people,
    resolved ones last.
    """
    quiet = row.status in (FingerprintStatus.SNOOZED, FingerprintStatus.MUTED)
    return row.status == FingerprintStatus.RESOLVED, quiet, [-cell.failures for cell in row.cells]


def _row(key: str, title: str, status: str, counts: dict[str, int]) -> FingerprintRow:
    cells = [
        Cell(counts[name], link("fingerprint-detail", key, since=name), name in NARROW)
        for name, _ in PERIODS
    ]
    return FingerprintRow(key, title, status, link("fingerprint-detail", key), cells)


def _whole_days(keys: list[str], daily: list[DayRow], now: datetime) -> dict[str, dict[str, int]]:
    """Failures by fingerprint and period in the whole days of the longer periods, from the daily totals."""
    counts = {key: dict.fromkeys((name for name, _ in PERIODS), 0) for key in keys}
    for name, hours in PERIODS:
        first = _whole_from(now, hours).date()
        for item in daily if hours > 24 else ():
            if item.day >= first:
                counts[item.key][name] += item.attempts
    return counts


def _windows(now: datetime) -> dict[str, list[Any]]:
    """Return the rest of each period: all of a short one, the cut first day of a longer one."""
    return {
        "names": [name for name, _ in PERIODS],
        "starts": [now - timedelta(hours=hours) for _, hours in PERIODS],
        "ends": [_whole_from(now, hours) if hours > 24 else now for _, hours in PERIODS],
    }


def _whole_from(now: datetime, hours: int) -> datetime:
    """The first midnight (UTC) in the period."""
    day = (now - timedelta(hours=hours)).astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(day, time(), UTC)
