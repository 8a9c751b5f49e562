"""Fingerprints as a list: what fails now by each, what failed by day, in the order that somebody asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drain.dashboard.http.cache import shared
from drain.dashboard.http.search_terms import cleaned
from drain.dashboard.lists.order import Column, Order
from drain.dashboard.lists.period import ALWAYS, Period, read_period
from drain.db.sql import rows
from drain.evidence.fingerprints.aliases import STANDS_FOR
from drain.models.vocabulary import FingerprintStatus

COLUMNS = (
    Column("failed", "Failed now", indexed=True),
    Column("trend", "Since yesterday", indexed=True, kind="trend", one_way=True),
    Column("title", "Fingerprint", indexed=True, kind="name"),
    Column("status", "Status", indexed=True, kind="name"),
    Column("category", "Category", indexed=True, kind="name"),
    Column("today", "Today", indexed=True),
    Column("yesterday", "Yesterday", indexed=True),
    Column("week", "7 days", indexed=True),
    Column("seen", "Last seen", indexed=True, kind="time"),
)
"""All sort: causes are few beside their phases, and their numbers are added up for each page anyway."""
DEFAULT = "-failed"
EXPORTED = (
    "key", "title", "status", "category", "failed", "today", "yesterday", "week", "first_seen", "last_seen",
)  # fmt: skip
"""The columns of the file."""
SECONDS = 10
CHUNK = 2000

_FAILED_NOW = """
SELECT last_fingerprint AS key, count(*)::int AS n FROM drain_phase
WHERE state = 'FAILED' AND last_fingerprint <> '' GROUP BY 1
"""
# Daily totals plus what is not folded yet: exact at any moment.
_LIST = f"""
WITH RECURSIVE waiting AS (
    SELECT * FROM unnest(%(keys)s::text[], %(waiting)s::int[]) AS w (key, failed)
), days AS (
    SELECT key, day, attempts FROM drain_dailyfingerprint WHERE day >= %(today)s::date - 7
    UNION ALL
    SELECT fingerprint, (finished_at AT TIME ZONE 'UTC')::date, attempts FROM drain_attemptdelta
    WHERE fingerprint <> '' AND finished_at >= %(today)s::date - 7
), by_key AS (
    SELECT key, sum(attempts) FILTER (WHERE day = %(today)s::date) AS today,
        sum(attempts) FILTER (WHERE day = %(today)s::date - 1) AS yesterday, sum(attempts) AS week, 0 AS failed
    FROM days GROUP BY key
    UNION ALL SELECT key, 0, 0, 0, failed FROM waiting
), asked AS (
    SELECT DISTINCT key FROM by_key
), {STANDS_FOR}, counted AS (
    SELECT s.key, sum(today) AS today, sum(yesterday) AS yesterday, sum(week) AS week, sum(failed) AS failed
    FROM by_key JOIN stands_for s ON s.asked = by_key.key GROUP BY 1
), listed AS (
    SELECT f.id, f.key, f.title, f.category, f.status, f.first_seen, f.last_seen, coalesce(c.failed, 0)::int AS failed,
        coalesce(c.today, 0)::int AS today, coalesce(c.yesterday, 0)::int AS yesterday, coalesce(c.week, 0)::int AS week,
        coalesce(c.today, 0) > coalesce(c.yesterday, 0) AS more
    FROM drain_fingerprint f LEFT JOIN counted c ON c.key = f.key
    WHERE f.merged_into_id IS NULL AND (%(status)s::text = '' OR f.status = %(status)s::text)
        AND (%(q)s::text = '' OR strpos(lower(f.title), lower(%(q)s::text)) > 0 OR starts_with(f.key, %(q)s::text))
        AND (%(since)s::timestamptz IS NULL OR f.last_seen >= %(since)s::timestamptz)
        AND (%(until)s::timestamptz IS NULL OR f.last_seen < %(until)s::timestamptz)
)
SELECT * FROM listed ORDER BY {{order}} LIMIT %(limit)s::int OFFSET %(offset)s::int
"""  # noqa: S608 - constants only
_TREND = """
CASE status WHEN 'new' THEN 0 WHEN 'regressed' THEN 1 ELSE 2 END, more DESC, week DESC, last_seen DESC, id
"""
_BY = {
    "title": "lower(title) {way}, id {way}",
    "seen": "last_seen {way}, id {way}",
    "trend": _TREND,
}


@dataclass(frozen=True, slots=True)
class FingerprintFilter:
    """The fingerprints that an address asks for: a value that makes no sense counts as absent."""

    q: str = ""
    status: str = ""
    period: Period = ALWAYS
    """The period in which they were last seen."""

    @classmethod
    def read(cls, query: Mapping[str, str], now: datetime) -> FingerprintFilter:
        """Read the filter of an address's query."""
        status = query.get("status", "")
        return cls(
            cleaned(query.get("q", "")),
            status if status in FingerprintStatus.values else "",
            read_period(query, now),
        )

    @property
    def active(self) -> bool:
        """True if anything is filtered away."""
        return bool(self.q or self.status or self.period)


def listed(
    asked: FingerprintFilter, order: Order, now: datetime, limit: int, offset: int = 0
) -> list[dict[str, Any]]:
    """Fingerprints with their failed phases of now and their failed attempts of the last days (UTC)."""
    way = "DESC" if order.descending else "ASC"
    by = _BY.get(order.column.name, f"{order.column.name} {{way}}, {_TREND}").format(way=way)
    failing = shared("drain:failed-now", SECONDS, _failed_now)
    values = {
        "keys": list(failing), "waiting": list(failing.values()), "today": now.date(), "status": asked.status,
        "q": asked.q, "since": asked.period.since, "until": asked.period.until, "limit": limit, "offset": offset,
    }  # fmt: skip
    return rows(_LIST.format(order=by), values)


def causes_by_trend(now: datetime, limit: int) -> list[dict[str, Any]]:
    """New and regressed causes first, then those of which more failed today than yesterday,
    then by failures of the last seven days.
    """
    trend = next(column for column in COLUMNS if column.name == "trend")
    return listed(FingerprintFilter(), Order(trend, True, COLUMNS, DEFAULT), now, limit)


def exported(asked: FingerprintFilter, order: Order, now: datetime) -> Iterator[Sequence[Any]]:
    """The rows of the file, in the order of the page."""
    offset = 0
    while found := listed(asked, order, now, CHUNK, offset):
        for row in found:
            yield [row[name] for name in EXPORTED]
        offset += CHUNK


def _failed_now() -> dict[str, int]:
    """Failed phases by the key they failed with; an index has them, but of a million it takes a while."""
    return {found["key"]: found["n"] for found in rows(_FAILED_NOW)}
