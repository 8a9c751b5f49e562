"""Totals of attempts, of a side or of a stretch of time,
for a place that shows a rate and a yield and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from drain.db.sql import row
from drain.evidence.comparison.sides import RATED, UNCOUNTED, Side

_SUMS = """
SELECT coalesce(sum(n) FILTER (WHERE outcome = 'complete'), 0)::int AS complete,
    coalesce(sum(n) FILTER (WHERE outcome = ANY(%(rated)s::text[])), 0)::int AS rated,
    coalesce(sum(n), 0)::int AS attempts, coalesce(sum(seconds), 0)::float8 AS seconds,
    coalesce(sum(events), 0)::bigint AS events, coalesce(sum(silent), 0)::int AS silent
FROM ({attempts}) ended WHERE NOT outcome = ANY(%(uncounted)s::text[])
"""
_ATTEMPTS = """
SELECT outcome, count(*) AS n, extract(epoch FROM sum(finished_at - started_at)) AS seconds, sum(telemetry_count) AS events,
    count(*) FILTER (WHERE telemetry_count = 0) AS silent
FROM drain_attempt a WHERE {where} GROUP BY 1
"""
_OF_SIDE = _SUMS.format(attempts=_ATTEMPTS)
# A week of a busy site has some hundred thousand attempts: its whole hours come from their totals,
# and only the hours that it cuts through from the attempts themselves.
_OF_PERIOD = _SUMS.format(
    attempts=f"""
    SELECT outcome, attempts AS n, seconds, telemetry_events AS events, zero_yield AS silent
    FROM drain_hourlytotal WHERE hour >= %(first)s AND hour < %(last)s
    UNION ALL
    SELECT outcome, attempts, seconds, telemetry_events, CASE WHEN telemetry_events = 0 THEN attempts ELSE 0 END
    FROM drain_attemptdelta d WHERE finished_at >= %(first)s AND finished_at < %(last)s
        AND EXISTS (SELECT FROM drain_run WHERE id = d.run_pk)
    UNION ALL {_ATTEMPTS.format(where="finished_at >= %(since)s AND finished_at < %(first)s")}
    UNION ALL {_ATTEMPTS.format(where="finished_at >= %(last)s AND finished_at < %(until)s")}"""  # noqa: S608 - constants only
)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of attempts; by the same rules as the figures of a comparison."""

    complete: int = 0
    rated: int = 0
    attempts: int = 0
    seconds: float = 0.0
    events: int = 0
    silent: int = 0
    """Counted attempts without an event."""

    @property
    def rate(self) -> float | None:
        """Share that completed; None without an attempt that counts."""
        return self.complete / self.rated if self.rated else None

    @property
    def per_minute(self) -> float | None:
        """Telemetry events per attempt-minute."""
        return self.events / (self.seconds / 60) if self.seconds else None


def totals(side: Side) -> Totals:
    """The sums of one side."""
    values = side.values("a") | {"rated": RATED, "uncounted": UNCOUNTED}
    return Totals(**row(_OF_SIDE.format(where=side.where("a")), values))


def totals_of_period(since: datetime, until: datetime) -> Totals:
    """The sums of what ended from `since` to before `until`, exact at every moment."""
    first, last = min(_next_hour(since), until), _hour(until)
    values = {
        "since": since, "first": first, "last": max(first, last), "until": until,
        "rated": RATED, "uncounted": UNCOUNTED,
    }  # fmt: skip
    return Totals(**row(_OF_PERIOD, values))


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _next_hour(at: datetime) -> datetime:
    hour = _hour(at)
    return hour if hour == at else hour + timedelta(hours=1)
