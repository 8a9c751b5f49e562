"""The stop conditions of a session as gauges: what was observed beside each limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from drain.dashboard.ui.formats import number, percent
from drain.dashboard.ui.times import hour
from drain.db.sql import rows
from drain.models import DrainSession, SessionRun
from drain.policy.stopping.gauges import Gauge, gauges
from drain.policy.stopping.limits import KeyLevel, Limits
from drain.policy.stopping.tallies import RunTally, SessionTally
from drain.policy.words import age

_BUDGETS = ("batch_size", "max_total_minutes", "until", "sample")
_NAMES = {
    "batch_size": "Batch size",
    "max_total_minutes": "Total time",
    "max_timeouts_per_run": "Timeouts per run",
    "max_fingerprint_repeats": "Fingerprint repeats",
    "max_session_fingerprint_repeats": "Repeats in the drain",
    "max_consecutive_zero_yield": "Zero yield in a row",
    "max_failure_rate": "Failure rate",
    "until": "Wall clock",
    "sample": "Sample",
}

_LEVELS = {
    KeyLevel.KEY: "fingerprint",
    KeyLevel.COARSE: "coarse fingerprint",
    KeyLevel.FINE: "fine fingerprint",
}

# A gauge shows the highest count as the limit sees it, with what may be the same failure, and names the most frequent
# of these.
_REPEATS = """
WITH failure AS (
    SELECT run_pk, (array_agg(key ORDER BY count DESC, id))[1] AS key, min(id) AS id,
        CASE WHEN bool_and(place_known) THEN max(count) ELSE sum(count)::int END AS n
    FROM drain_sessionfingerprint WHERE session_id = %(session)s::bigint
    GROUP BY run_pk, coalesce(nullif(headline, ''), key)
), highest AS (
    SELECT DISTINCT ON (run_pk = 0) run_pk, key, n FROM failure ORDER BY run_pk = 0, n DESC, id
)
SELECT h.run_pk <> 0 AS of_run, coalesce(r.run_id, '') AS run, coalesce(p.title, h.key) AS title, h.n
FROM highest h LEFT JOIN drain_run r ON r.id = h.run_pk LEFT JOIN drain_fingerprint p ON p.key = h.key
"""


@dataclass(frozen=True, slots=True)
class GaugeView:
    """A stop condition as the macro `gauge` of components.html reads it."""

    name: str
    observed: float
    limit: float
    observed_text: str
    limit_text: str
    note: str
    fault: bool
    tripped: bool
    near: bool


def session_gauges(
    session: DrainSession, limits: Limits, counts: dict[str, Any], now: datetime
) -> list[GaugeView]:
    """One gauge for every limit that is on; those at their limit first, then the near ones."""
    run_tallies, session_tally = _tallies(session, counts["most_timeouts"])
    started, end = session.started_at or now, session.ended_at or now
    rest = session.rest(now)
    found = gauges(limits, session_tally, run_tallies, counts["phases"], started, end, rest)
    shown = [_timed(_view(gauge), gauge, limits, end) for gauge in found if gauge.limit is not None]
    return sorted(shown, key=lambda view: (not view.tripped, not (view.fault and view.near)))


def limits_off(limits: Limits) -> list[str]:
    """Names of the stop conditions that this session does without."""
    optional = [name for name in _NAMES if hasattr(limits, name)]
    return [_NAMES[name] for name in optional if getattr(limits, name) is None]


def other_limits(limits: Limits, executors: str) -> list[tuple[str, str]]:
    """Limits that hold and have no gauge, each with its value and unit, and where a timeout comes from."""
    own = limits.phase_timeout_seconds
    timeout = f"{own:,} s, set for this drain" if own else executors
    found = [
        ("Phase timeout", timeout),
        ("Attempts per phase", number(limits.max_attempts_per_phase)),
        ("In parallel", number(limits.parallel)),
        ("Failure rate is taken over", f"the latest {limits.breaker_window:,} attempts"),
        ("Like failures have the same", _LEVELS[limits.key_level]),
        ("Waits for a worker host", f"{limits.wait_for_host:,} s"),
    ]
    if limits.sample is not None:
        found.append(("Sample needs", f"{limits.passes_needed:,} complete"))
    return found


def _tallies(
    session: DrainSession, most_timeouts: int
) -> tuple[list[tuple[str, RunTally]], SessionTally]:
    tallies: list[tuple[str, RunTally]] = []
    if most_timeouts:
        worst = SessionRun.objects.filter(session=session, timeouts=most_timeouts).order_by("pk")
        names = worst.values_list("run__run_id", flat=True)[:1]
        tallies += [(name, RunTally(timeouts=most_timeouts)) for name in names]
    repeats: dict[str, int] = {}
    for row in rows(_REPEATS, {"session": session.pk}):
        if row["of_run"]:
            tallies.append((row["run"], RunTally(repeats={row["title"]: row["n"]})))
        else:
            repeats = {row["title"]: row["n"]}
    return tallies, SessionTally(
        repeats=repeats,
        zero_yields=session.zero_yield_streak,
        recent=session.recent_outcomes,
        sample_ended=session.sample_ended,
        sample_passed=session.sample_passed,
    )


def _view(gauge: Gauge) -> GaugeView:
    limit = gauge.limit or 0
    fault = gauge.rule not in _BUDGETS
    return GaugeView(
        name=_NAMES.get(gauge.rule, gauge.label),
        observed=gauge.observed,
        limit=limit,
        observed_text=_text(gauge.rule, gauge.observed),
        limit_text=_text(gauge.rule, limit),
        note=gauge.evidence,
        fault=fault,
        tripped=gauge.tripped and gauge.rule not in ("batch_size", "sample"),
        near=gauge.near,
    )


def _timed(view: GaugeView, gauge: Gauge, limits: Limits, now: datetime) -> GaugeView:
    """A limit of time says what is left of it, and one of the clock says hours of the clock."""
    left = timedelta(minutes=max(view.limit - view.observed, 0))
    said = f"{age(now - left, now)} left" if left else "over"
    if gauge.rule == "max_total_minutes":
        return replace(view, note=f"{said}, pauses left out")
    if gauge.rule == "until" and limits.until is not None:
        return replace(
            view, observed_text=hour(now, now), limit_text=hour(limits.until, now), note=said
        )
    return view


def _text(rule: str, value: float) -> str:
    if rule == "max_failure_rate":
        return percent(value, 0)
    if rule in ("max_total_minutes", "until"):
        return f"{value:,.0f} min"
    return number(int(value))
