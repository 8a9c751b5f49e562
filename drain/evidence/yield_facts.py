"""Telemetry in series: why attempts brought nothing, and how well tokens were estimated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from drain.evidence.sides import UNCOUNTED
from drain.evidence.sql import rows


class GroupBy(StrEnum):
    """What zero yield is grouped by."""

    CATEGORY = "p.category"
    RUN = "r.run_id"
    OUTCOME = "a.outcome"


@dataclass(frozen=True, slots=True)
class ZeroYield:
    """Attempts without an event in one group, by reason."""

    group: str
    attempts: int
    """All counted attempts of the group."""
    reasons: dict[str, int]


@dataclass(frozen=True, slots=True)
class TokenEstimate:
    """Predicted against actual tokens of events that have both.

    smape is the mean of |predicted - actual| / ((|predicted| + |actual|) / 2), between 0 and 2
    (Makridakis 1993); waste is the sum of predicted tokens beyond the actual ones over all actual ones;
    short is the share of events that needed more than predicted.
    """

    group: str
    events: int
    predicted: int
    actual: int
    smape: float
    waste: float | None
    short: float


_ZERO = """
SELECT {group} AS "group", count(*)::int AS attempts,
    CASE WHEN a.telemetry_count > 0 THEN '' ELSE coalesce(nullif(a.zero_yield_reason, ''), 'unknown') END AS reason
FROM drain_attempt a JOIN drain_phase p ON p.id = a.phase_id JOIN drain_run r ON r.id = a.run_id
WHERE a.finished_at >= %(since)s AND a.finished_at < %(until)s AND NOT a.outcome = ANY(%(uncounted)s)
GROUP BY 1, 3 ORDER BY 1, 3
"""
_TOKENS = """
SELECT {group} AS "group", count(*)::int AS events, sum(predicted_tokens)::bigint AS predicted,
    sum(actual_tokens)::bigint AS actual,
    avg(CASE WHEN predicted_tokens = actual_tokens THEN 0 ELSE abs(predicted_tokens - actual_tokens)
        / ((abs(predicted_tokens) + abs(actual_tokens)) / 2.0) END)::float8 AS smape,
    (sum(greatest(predicted_tokens - actual_tokens, 0)) / nullif(sum(actual_tokens), 0))::float8 AS waste,
    avg((actual_tokens > predicted_tokens)::int)::float8 AS short
FROM drain_telemetryevent
WHERE at >= %(since)s AND at < %(until)s AND predicted_tokens IS NOT NULL AND actual_tokens IS NOT NULL
GROUP BY 1 ORDER BY 2 DESC, 1
"""


def zero_yield(since: datetime, until: datetime, by: GroupBy = GroupBy.CATEGORY) -> list[ZeroYield]:
    """Attempts that ended in the window, by group and reason; most attempts without an event first."""
    groups: dict[str, dict[str, int]] = {}
    values = {"since": since, "until": until, "uncounted": UNCOUNTED}
    for item in rows(_ZERO.format(group=by.value), values):
        groups.setdefault(item["group"], {})[item["reason"]] = item["attempts"]
    found = [
        ZeroYield(group, sum(counts.values()), {name: n for name, n in counts.items() if name})
        for group, counts in groups.items()
    ]
    return sorted(found, key=lambda one: (-sum(one.reasons.values()), one.group))


def token_estimates(
    since: datetime, until: datetime, *, by_model: bool = False
) -> list[TokenEstimate]:
    """How well tokens were predicted, by task category or by model; most events first."""
    group = "model" if by_model else "category"
    values: dict[str, Any] = {"since": since, "until": until}
    return [TokenEstimate(**item) for item in rows(_TOKENS.format(group=group), values)]
