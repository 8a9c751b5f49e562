"""The stop conditions of a session as gauges: what was observed beside each limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from drain.dashboard.ui.formats import number, percent
from drain.dashboard.ui.times import hour
from drain.db.sql import rows
from drain.evidence.fingerprints.aliases import ONE_WITH
from drain.models import Attempt, DrainSession
from drain.policy.pace import MINUTE
from drain.policy.stopping.gauges import Gauge, gauges, pace_gauges
from drain.policy.stopping.limits import KeyLevel, Limits
from drain.policy.stopping.tallies import RunTally, SessionTally
from drain.policy.words import age, counted

_PACE = ("starts_per_minute", "ramp")
_BUDGETS = ("batch_size", "max_total_minutes", "until", "sample", *_PACE)
_NEVER_TRIP = ("batch_size", "sample", *_PACE)
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
    "starts_per_minute": "Starts in a minute",
    "ramp": "Ramp",
    "run_delay_seconds": "Delay in a run",
    "max_lifetime_attempts": "Attempts over all drains",
}

_LEVELS = {
    KeyLevel.KEY: "fingerprint",
    KeyLevel.COARSE: "coarse fingerprint",
    KeyLevel.FINE: "fine fingerprint",
}

# A gauge shows the highest count as the limit sees it, with what may be the same failure,
# and names the most frequent of these. A title that is NULL is that of a run's timeouts.
_REPEATS = f"""
WITH counted AS (
    SELECT s.*, CASE WHEN cardinality(one.keys) > 1 THEN one.keys[1] END AS merged
    FROM drain_sessionfingerprint s LEFT JOIN LATERAL (
        SELECT {ONE_WITH.format(id="m.id")} AS keys FROM drain_fingerprint m WHERE m.key = s.key
    ) one ON true WHERE s.session_id = %(session)s::bigint
), failure AS (
    SELECT run_pk, (array_agg(key ORDER BY count DESC, id))[1] AS key, min(id) AS id,
        CASE WHEN bool_and(place_known AND merged IS NULL) THEN max(count) ELSE sum(count)::int END AS n
    FROM counted GROUP BY run_pk, coalesce(merged, nullif(headline, ''), key)
), highest AS (
    SELECT DISTINCT ON (run_pk = 0) run_pk, key, n FROM failure ORDER BY run_pk = 0, n DESC, id
)
SELECT h.run_pk <> 0 AS of_run, coalesce(r.run_id, '') AS run, coalesce(p.title, h.key) AS title, h.n
FROM highest h LEFT JOIN drain_run r ON r.id = h.run_pk LEFT JOIN drain_fingerprint p ON p.key = h.key
UNION ALL (
    SELECT true, r.run_id, NULL, s.timeouts FROM drain_sessionrun s JOIN drain_run r ON r.id = s.run_id
    WHERE s.session_id = %(session)s::bigint AND s.timeouts = %(most_timeouts)s AND %(most_timeouts)s > 0
    ORDER BY s.id LIMIT 1
)
"""  # noqa: S608 - constants only


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
    if session.ended_at is None:
        found += pace_gauges(limits, session_tally, _starts(session.pk, limits, now))
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
        ("Failure rate is taken over", f"the latest {counted(limits.breaker_window, 'attempt')}"),
        ("Like failures have the same", _LEVELS[limits.key_level]),
        ("Waits for a worker host", f"{limits.wait_for_host:,} s"),
    ]
    if limits.starts_per_minute is not None:
        found.append(("Starts in a minute", f"at most {limits.starts_per_minute:,}"))
    if limits.ramp is not None:
        found.append(("Ramp", f"1, 2, 4 … at once while less than {percent(limits.ramp, 0)} fails"))
    if limits.run_delay_seconds is not None:
        found.append(("Delay in a run", f"{limits.run_delay_seconds:g} s, one attempt at a time"))
    if limits.max_lifetime_attempts is not None:
        counts = ", its source's tries too" if limits.count_source_attempts else ""
        found.append(
            ("Attempts over all drains", f"{limits.max_lifetime_attempts:,} a phase{counts}")
        )
    if limits.sample is not None:
        found.append(("Sample needs", f"{limits.passes_needed:,} complete"))
    return found


def _tallies(
    session: DrainSession, most_timeouts: int
) -> tuple[list[tuple[str, RunTally]], SessionTally]:
    tallies: list[tuple[str, RunTally]] = []
    repeats: dict[str, int] = {}
    for row in rows(_REPEATS, {"session": session.pk, "most_timeouts": most_timeouts}):
        if row["title"] is None:
            tallies.insert(0, (row["run"], RunTally(timeouts=row["n"])))
        elif row["of_run"]:
            tallies.append((row["run"], RunTally(repeats={row["title"]: row["n"]})))
        else:
            repeats = {row["title"]: row["n"]}
    return tallies, SessionTally(
        repeats=repeats,
        zero_yields=session.zero_yield_streak,
        recent=session.recent_outcomes,
        sample_ended=session.sample_ended,
        sample_passed=session.sample_passed,
        ramp=session.ramp,
        ramp_ended=session.ramp_ended,
        ramp_failed=session.ramp_failed,
    )


def _starts(session: int, limits: Limits, now: datetime) -> int:
    """Attempts of a session that started within the last minute; the newest are its last ones."""
    if limits.starts_per_minute is None:
        return 0
    latest = Attempt.objects.filter(session=session).order_by("-pk")[: limits.starts_per_minute]
    since = now - timedelta(seconds=MINUTE)
    return sum(at > since for at in latest.values_list("started_at", flat=True))


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
        tripped=gauge.tripped and gauge.rule not in _NEVER_TRIP,
        near=gauge.near and gauge.rule not in _PACE,
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
