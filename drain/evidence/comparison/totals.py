"""Totals of one side's attempts, for a place that shows a rate and a yield and no more."""

from __future__ import annotations

from dataclasses import dataclass

from drain.db.sql import row
from drain.evidence.comparison.sides import RATED, UNCOUNTED, Side

_TOTALS = """
SELECT count(*) FILTER (WHERE outcome = 'complete')::int AS complete,
    count(*) FILTER (WHERE outcome = ANY(%(rated)s::text[]))::int AS rated,
    count(*) FILTER (WHERE counted)::int AS attempts,
    coalesce(extract(epoch FROM sum(finished_at - started_at) FILTER (WHERE counted)), 0)::float8 AS seconds,
    coalesce(sum(telemetry_count) FILTER (WHERE counted), 0)::bigint AS events,
    count(*) FILTER (WHERE counted AND telemetry_count = 0)::int AS silent
FROM (SELECT *, NOT outcome = ANY(%(uncounted)s::text[]) AS counted FROM drain_attempt a WHERE {where}) side
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a side; by the same rules as the figures of a comparison."""

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
    return Totals(**row(_TOTALS.format(where=side.where("a")), values))
