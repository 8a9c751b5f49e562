"""The causes matrix: failed attempts per fingerprint in five periods, exact without reading all attempts.

Whole days come from the daily totals; only the last 24 hours and the days that a period cuts through
are counted in the attempts themselves, by their index of failures, and only for the causes shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from drain.evidence.causes import family, resolve_keys
from drain.evidence.rollups import DayRow, daily_failures
from drain.evidence.sql import rows
from drain.models import Fingerprint

from .addresses import link

PERIODS = (("1h", 1), ("3h", 3), ("24h", 24), ("3d", 72), ("7d", 168))
SHOWN = 8
TITLE_CHARACTERS = 90

_COUNT = """
SELECT k.key, w.name, count(a.id)::int AS n
FROM unnest(%(keys)s::text[]) AS k (key)
CROSS JOIN unnest(%(names)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
    AS w (name, starts, ends)
JOIN drain_attempt a ON a.fingerprint = k.key AND a.outcome IN ('failed', 'timeout', 'lost')
    AND a.finished_at > w.starts AND a.finished_at <= w.ends
GROUP BY k.key, w.name
"""


@dataclass(frozen=True, slots=True)
class CauseRow:
    """One cause: `cells` are (number, address) by period."""

    key: str
    title: str
    status: str
    href: str
    cells: list[tuple[int, str]]

    @property
    def short(self) -> str:
        """The title for one or two lines; a placeholder is never cut in two."""
        if len(self.title) <= TITLE_CHARACTERS:
            return self.title
        cut = self.title[:TITLE_CHARACTERS]
        start = cut.rfind("<")
        return f"{(cut[:start] if start > cut.rfind('>') else cut).rstrip()}…"


@dataclass(frozen=True, slots=True)
class Causes:
    """The causes that failed most, and how many there were altogether in seven days."""

    rows: list[CauseRow]
    total: int


def read_causes(now: datetime) -> Causes:
    """The matrix, most failures of the last seven days first. At most five queries."""
    daily = daily_failures((now - timedelta(days=7)).astimezone(UTC).date())
    totals: dict[str, int] = {}
    for item in daily:
        totals[item.key] = totals.get(item.key, 0) + item.attempts
    totals.pop("", None)
    keys = sorted(totals, key=lambda key: (-totals[key], key))[:SHOWN]
    if not keys:
        return Causes([], 0)
    counted = _exact(keys, daily, now)
    known = {item.key: item for item in Fingerprint.objects.filter(key__in=keys)}
    found = [_row(key, known.get(key), counted[key]) for key in keys]
    shown = [row for row in found if row.cells[-1][0]]
    return Causes(shown, len(totals))


def _row(key: str, cause: Fingerprint | None, counts: dict[str, int]) -> CauseRow:
    cells = [
        (counts[name], link("fingerprint-detail", key, since=name) if counts[name] else "")
        for name, _ in PERIODS
    ]
    title = cause.title if cause else key
    status = cause.status if cause else "new"
    return CauseRow(key, title, status, link("fingerprint-detail", key), cells)


def _exact(keys: list[str], daily: list[DayRow], now: datetime) -> dict[str, dict[str, int]]:
    """Failures by cause and period: a cut day counted by attempts, whole days by their totals."""
    counts = {key: dict.fromkeys((name for name, _ in PERIODS), 0) for key in keys}
    windows = []
    for name, hours in PERIODS:
        start = now - timedelta(hours=hours)
        whole_from = _next_day(start) if hours > 24 else now
        windows.append((name, start, whole_from))
        if hours > 24:
            for item in daily:
                if item.key in counts and item.day >= whole_from.date():
                    counts[item.key][name] += item.attempts
    for key, name, n in _attempts(keys, windows):
        counts[key][name] += n
    return counts


def _next_day(moment: datetime) -> datetime:
    day = moment.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(day, time(), UTC)


def _attempts(
    keys: list[str], windows: list[tuple[str, datetime, datetime]]
) -> list[tuple[str, str, int]]:
    wanted = family(keys)
    stands_for = resolve_keys(wanted)
    names, starts, ends = zip(*windows, strict=True)
    values = {"keys": list(wanted), "names": list(names), "starts": list(starts)}
    found = rows(_COUNT, {**values, "ends": list(ends)})
    mapped = ((stands_for.get(item["key"], ""), item["name"], item["n"]) for item in found)
    return [item for item in mapped if item[0] in set(keys)]
