"""Telemetry in series: yield over time, why attempts brought nothing, and how well tokens were estimated.

Totals over time and by category come from the hourly rollups and are exact. Reasons, limit boundaries
and tokens are not in the rollups: they are read from the newest attempts and events of the window, at
most NEWEST of them, so that a page costs the same whatever the history. Each answer carries its n.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from drain.db.sql import row, rows
from drain.evidence.comparison.sides import UNCOUNTED
from drain.evidence.statistics.intervals import quantile

NEWEST = 20_000
"""Attempts or events that one page reads at most."""

# One scan serves the series and the categories; UNION ALL with the deltas makes it exact.
_YIELDS = """
SELECT slot, coalesce(category, '') AS category,
    sum(attempts)::int AS attempts, sum(zero_yield)::int AS without,
    sum(telemetry_events)::int AS events, sum(seconds)::float8 / 60 AS minutes
FROM (
    SELECT date_trunc(%(step)s, hour, 'UTC') AS slot, category, attempts, zero_yield, telemetry_events, seconds
    FROM drain_hourlytotal
    WHERE hour >= date_trunc('hour', %(since)s::timestamptz, 'UTC') AND hour < %(until)s
        AND NOT outcome = ANY(%(uncounted)s)
    UNION ALL
    SELECT date_trunc(%(step)s, finished_at, 'UTC'), category, attempts, CASE WHEN telemetry_events = 0 THEN attempts ELSE 0 END,
        telemetry_events, seconds
    FROM drain_attemptdelta
    WHERE finished_at >= date_trunc('hour', %(since)s::timestamptz, 'UTC') AND finished_at < %(until)s
        AND NOT outcome = ANY(%(uncounted)s)
) ended GROUP BY GROUPING SETS ((slot), (category)) HAVING sum(attempts) > 0 ORDER BY 1 NULLS LAST, 2
"""
_FIRST = """
SELECT least((SELECT min(hour) FROM drain_hourlytotal WHERE attempts > 0),
    (SELECT date_trunc('hour', min(finished_at), 'UTC') FROM drain_attemptdelta)) AS first
"""
# The limit comes before the window: reading backwards for a window long ago would read everything.
_ATTEMPTS = """
SELECT telemetry_count AS events, reached_limit_boundary AS boundary, count(*)::int AS n,
    CASE WHEN telemetry_count = 0 THEN coalesce(nullif(zero_yield_reason, ''), 'unknown') ELSE '' END AS reason
FROM (
    SELECT outcome, finished_at, telemetry_count, zero_yield_reason, reached_limit_boundary
    FROM drain_attempt ORDER BY id DESC LIMIT %(newest)s
) newest
WHERE finished_at >= %(since)s AND finished_at < %(until)s AND NOT outcome = ANY(%(uncounted)s)
GROUP BY 1, 2, 4 ORDER BY 1
"""
_BOUNDARY = """
SELECT a.id AS pk, a.finished_at AS at, a.outcome, a.telemetry_count AS events, p.id AS phase_pk, p.phase_id,
    r.run_id, p.category
FROM (
    SELECT id, phase_id, run_id, outcome, finished_at, telemetry_count, reached_limit_boundary
    FROM drain_attempt ORDER BY id DESC LIMIT %(newest)s
) a JOIN drain_phase p ON p.id = a.phase_id JOIN drain_run r ON r.id = a.run_id
WHERE a.reached_limit_boundary AND a.finished_at >= %(since)s AND a.finished_at < %(until)s
ORDER BY a.finished_at DESC, a.id DESC LIMIT %(limit)s
"""
_KINDS = """
SELECT kind, count(*)::int AS events, count(DISTINCT attempt_id)::int AS attempts FROM (
    SELECT at, kind, attempt_id FROM drain_telemetryevent ORDER BY id DESC LIMIT %(newest)s
) newest
WHERE at >= %(since)s AND at < %(until)s GROUP BY kind ORDER BY events DESC, kind LIMIT %(limit)s
"""
# Each event is looked at once: the sums of a model and a category are then added up by either.
_TOKENS = """
SELECT GROUPING(model, category) AS kind, coalesce(model, '') AS model, coalesce(category, '') AS category,
    coalesce(sum(events), 0)::int AS events, sum(predicted)::bigint AS predicted, sum(actual)::bigint AS actual,
    sum(error) / sum(events) AS smape, (sum(predicted) / nullif(sum(actual), 0))::float8 AS waste,
    (sum(short) / sum(events))::float8 AS short
FROM (
    SELECT model, category, count(*) AS events, sum(predicted_tokens) AS predicted, sum(actual_tokens) AS actual,
        sum(CASE WHEN predicted_tokens = actual_tokens THEN 0 ELSE abs(predicted_tokens - actual_tokens)
            / ((abs(predicted_tokens) + abs(actual_tokens)) / 2.0::float8) END) AS error,
        count(*) FILTER (WHERE actual_tokens > predicted_tokens) AS short
    FROM (
        SELECT at, model, category, predicted_tokens, actual_tokens
        FROM drain_telemetryevent ORDER BY id DESC LIMIT %(newest)s
    ) newest
    WHERE at >= %(since)s AND at < %(until)s AND predicted_tokens IS NOT NULL AND actual_tokens IS NOT NULL
    GROUP BY model, category
) grouped
GROUP BY GROUPING SETS ((), (model), (category)) ORDER BY events DESC, 2, 3
"""
# Which columns GROUPING() says were not grouped by: bit 2 the model, bit 1 the category.
_BY_MODEL, _BY_CATEGORY, _ALL = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Yields:
    """The yield of the attempts of a stretch of time or of a category; minutes are attempt-minutes."""

    attempts: int = 0
    without: int = 0
    """Attempts without an event."""
    events: int = 0
    minutes: float = 0.0

    def __add__(self, other: Yields) -> Yields:
        """Add two yields."""
        return Yields(
            self.attempts + other.attempts,
            self.without + other.without,
            self.events + other.events,
            self.minutes + other.minutes,
        )

    @property
    def rate(self) -> float | None:
        """Events per attempt-minute; None without a minute."""
        return self.events / self.minutes if self.minutes else None

    @property
    def silent(self) -> float | None:
        """Share of attempts without an event; None without an attempt."""
        return self.without / self.attempts if self.attempts else None


@dataclass(frozen=True, slots=True)
class YieldSeries:
    """Yield by slot (its first moment, UTC; empty slots are absent) and by category, most attempts first."""

    slots: list[tuple[datetime, Yields]]
    categories: list[tuple[str, Yields]]

    @property
    def total(self) -> Yields:
        """The whole window."""
        return sum((found for _, found in self.slots), Yields())


@dataclass(frozen=True, slots=True)
class AttemptYields:
    """The yields of a window's newest attempts, each by itself."""

    attempts: int = 0
    boundary: int = 0
    """Attempts that reached a message or context limit."""
    reasons: list[tuple[str, int]] = field(default_factory=list)
    """Attempts without an event by reason, most frequent first."""
    median: float | None = None
    """Events per attempt."""
    p90: float | None = None

    @property
    def without(self) -> int:
        """Attempts without an event: the sum of the reasons."""
        return sum(count for _, count in self.reasons)

    @property
    def boundary_share(self) -> float | None:
        """Share of attempts at the limit; None without an attempt."""
        return self.boundary / self.attempts if self.attempts else None


@dataclass(frozen=True, slots=True)
class BoundaryHit:
    """An attempt that reached a message or context limit."""

    pk: int
    at: datetime
    outcome: str
    events: int
    phase_pk: int
    phase_id: str
    run_id: str
    category: str


class KindCount(NamedTuple):
    """Events of one kind, in the pipeline's own word for it, and the attempts that brought them."""

    kind: str
    events: int
    attempts: int


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """Predicted against actual tokens of events that have both.

    smape is the mean of |predicted - actual| / ((|predicted| + |actual|) / 2), between 0 and 2
    (Makridakis 1993, International Journal of Forecasting 9:527). waste is the ratio of all predicted to
    all actual tokens: the waste_ratio that Autopack stores for one event (predicted / actual), averaged
    with the actual tokens as weights, so that an event of one token does not outweigh the rest; 1 is
    exact, above 1 was asked for and not used, None when nothing was used. short is the share of events
    that needed more than predicted.
    """

    group: str
    events: int
    predicted: int
    actual: int
    smape: float
    waste: float | None
    short: float


@dataclass(frozen=True, slots=True)
class TokenEstimates:
    """The accuracy of token predictions: over all (None without such an event), by model and by category."""

    total: TokenEstimate | None
    models: list[TokenEstimate]
    categories: list[TokenEstimate]


def first_hour() -> datetime | None:
    """The first hour (UTC) in which an attempt ended; None when none ever did."""
    return row(_FIRST)["first"]  # type: ignore[no-any-return]


def yields(since: datetime, until: datetime, step: str = "hour") -> YieldSeries:
    """Counted attempts by slot and by task category, exact. `step`: hour, day, week or month (UTC)."""
    values = {"since": since, "until": until, "step": step, "uncounted": UNCOUNTED}
    slots, categories = [], []
    for item in rows(_YIELDS, values):
        slot, name = item.pop("slot"), item.pop("category")
        if slot is None:
            categories.append((name, Yields(**item)))
        else:
            slots.append((slot, Yields(**item)))
    return YieldSeries(slots, sorted(categories, key=lambda one: (-one[1].attempts, one[0])))


def attempt_yields(since: datetime, until: datetime, newest: int = NEWEST) -> AttemptYields:
    """Return the yields of the newest attempts that ended in the window: reasons, boundaries, events."""
    found = rows(_ATTEMPTS, _window(since, until, newest))
    per_attempt: Counter[float] = Counter()
    reasons: Counter[str] = Counter()
    for item in found:
        per_attempt[float(item["events"])] += item["n"]
        if item["reason"]:
            reasons[item["reason"]] += item["n"]
    counts = sorted(per_attempt.items())
    return AttemptYields(
        attempts=sum(per_attempt.values()),
        boundary=sum(item["n"] for item in found if item["boundary"]),
        reasons=sorted(reasons.items(), key=lambda one: (-one[1], one[0])),
        median=quantile(counts, 0.5),
        p90=quantile(counts, 0.9),
    )


def boundary_hits(
    since: datetime, until: datetime, limit: int, newest: int = NEWEST
) -> list[BoundaryHit]:
    """The last attempts of the window that reached a limit, newest first."""
    found = rows(_BOUNDARY, _window(since, until, newest) | {"limit": limit})
    return [BoundaryHit(**item) for item in found]


def events_by_kind(
    since: datetime, until: datetime, limit: int, newest: int = NEWEST
) -> list[KindCount]:
    """The kinds of which most came among the newest events of the window."""
    found = rows(_KINDS, _window(since, until, newest) | {"limit": limit})
    return [KindCount(**item) for item in found]


def token_estimates(since: datetime, until: datetime, newest: int = NEWEST) -> TokenEstimates:
    """Return the accuracy of token predictions in the newest events of the window; most events first."""
    found: dict[int, list[TokenEstimate]] = {_ALL: [], _BY_MODEL: [], _BY_CATEGORY: []}
    for item in rows(_TOKENS, _window(since, until, newest)):
        kind, model, category = item.pop("kind"), item.pop("model"), item.pop("category")
        if item["events"]:
            found[kind].append(TokenEstimate(model or category, **item))
    return TokenEstimates(next(iter(found[_ALL]), None), found[_BY_MODEL], found[_BY_CATEGORY])


def _window(since: datetime, until: datetime, newest: int) -> dict[str, object]:
    return {"since": since, "until": until, "newest": newest, "uncounted": UNCOUNTED}
