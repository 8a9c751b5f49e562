"""Folding deltas into totals, and reading both at once.

Writers insert a delta in the transaction of the change itself (drain.models.rollups). A fold takes
deltas away and adds them to the totals in one statement, so at every moment each ended attempt counts
exactly once, in a delta or in a total; every reader here adds up both in one statement.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models.expressions import RawSQL

from drain.db.prepared import rows as prepared_rows
from drain.db.sql import row, rows
from drain.evidence.fingerprints.aliases import STANDS_FOR
from drain.models.vocabulary import FAILURE_OUTCOMES

FOLD_LOCK = 7_316_201
"""Advisory lock that a fold holds for its transaction and a rebuild for its whole work."""

FAILURES = [outcome.value for outcome in FAILURE_OUTCOMES]

# Deltas of a run that somebody deleted meanwhile go away with it; totals have a foreign key.
_FOLD_ATTEMPTS = """
WITH taken AS (
    SELECT id FROM drain_attemptdelta ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM drain_attemptdelta d USING taken WHERE d.id = taken.id RETURNING d.*
), hourly AS (
    INSERT INTO drain_hourlyrollup AS h
        (hour, run_id, category, outcome, attempts, seconds, telemetry_events, zero_yield)
    SELECT date_trunc('hour', finished_at, 'UTC'), run_pk, category, outcome, sum(attempts), sum(seconds),
        sum(telemetry_events), coalesce(sum(attempts) FILTER (WHERE telemetry_events = 0), 0)
    FROM gone WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (hour, run_id, category, outcome) DO UPDATE SET
        attempts = h.attempts + excluded.attempts, seconds = h.seconds + excluded.seconds,
        telemetry_events = h.telemetry_events + excluded.telemetry_events,
        zero_yield = h.zero_yield + excluded.zero_yield
), daily AS (
    INSERT INTO drain_dailyfingerprint AS d (day, key, outcome, attempts)
    SELECT (finished_at AT TIME ZONE 'UTC')::date, fingerprint, outcome, sum(attempts)
    FROM gone WHERE outcome = ANY(%(failures)s::text[])
        AND EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (day, key, outcome) DO UPDATE SET attempts = d.attempts + excluded.attempts
)
SELECT count(*) AS count FROM gone
"""
_FOLD_STATES = """
WITH taken AS (
    SELECT id FROM drain_statedelta ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM drain_statedelta d USING taken WHERE d.id = taken.id RETURNING d.*
), counted AS (
    INSERT INTO drain_statecount AS c (run_id, state, count)
    SELECT run_pk, state, sum(delta) FROM gone
    WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (run_id, state) DO UPDATE SET count = c.count + excluded.count
)
SELECT count(*) AS count FROM gone
"""

# One statement sees one snapshot: a fold in between can neither hide a delta nor show it twice.
_STATES = """
SELECT run_id, state, sum(n)::int AS count FROM (
    SELECT run_id, state, count AS n FROM drain_statecount
    UNION ALL
    SELECT run_pk, state, delta FROM drain_statedelta
    WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
) counts
{which} GROUP BY run_id, state HAVING sum(n) <> 0 ORDER BY run_id, state
"""
_STATES_OF_ALL = _STATES.format(which="")
_STATES_OF_RUNS = _STATES.format(which="WHERE run_id = ANY(%(runs)s::bigint[])")
_STATES_OF_RUN = """
SELECT coalesce(json_object_agg(state, n), '{}') FROM (
    SELECT state, sum(n)::int AS n FROM (
        SELECT state, count AS n FROM drain_statecount WHERE run_id = drain_run.id
        UNION ALL
        SELECT state, delta FROM drain_statedelta WHERE run_pk = drain_run.id
    ) counts GROUP BY state HAVING sum(n) <> 0
) states
"""
_TOTALS = """
SELECT state, sum(n)::int AS count FROM (
    SELECT run_id, state, count AS n FROM drain_statecount
    UNION ALL
    SELECT run_pk, state, delta FROM drain_statedelta
    WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
) counts
WHERE run_id = ANY(%(runs)s::bigint[])
GROUP BY state HAVING sum(n) <> 0 ORDER BY state
"""
_TOTALS_OF_ALL = """
SELECT state, sum(n)::int AS count FROM (
    SELECT state, count AS n FROM drain_statetotal
    UNION ALL
    SELECT state, delta FROM drain_statedelta WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
) counts
GROUP BY state HAVING sum(n) <> 0 ORDER BY state
"""
_ENDED = """
SELECT outcome, sum(attempts)::int AS n FROM (
    SELECT outcome, attempts FROM drain_hourlytotal UNION ALL SELECT outcome, attempts FROM drain_attemptdelta
) ended GROUP BY 1
"""
_HOURLY = """
SELECT hour, outcome, sum(attempts)::int AS attempts, sum(seconds)::float8 AS seconds,
    sum(telemetry_events)::int AS telemetry_events, sum(zero_yield)::int AS zero_yield
FROM (
    SELECT hour, outcome, attempts, seconds, telemetry_events, zero_yield FROM {totals}
    UNION ALL
    SELECT date_trunc('hour', finished_at, 'UTC'), outcome, attempts, seconds, telemetry_events,
        CASE WHEN telemetry_events = 0 THEN attempts ELSE 0 END FROM drain_attemptdelta
    WHERE %(runs)s::bigint[] IS NULL OR run_pk = ANY(%(runs)s::bigint[])
) ended
WHERE hour >= date_trunc('hour', %(since)s::timestamptz, 'UTC') AND hour < %(until)s::timestamptz
GROUP BY hour, outcome HAVING sum(attempts) > 0 ORDER BY hour, outcome
"""
_OF_ALL = _HOURLY.format(totals="drain_hourlytotal")
_OF_RUNS = _HOURLY.format(
    totals="drain_hourlyrollup WHERE run_id = ANY(%(runs)s::bigint[])",
)
_MOST = f"""
WITH RECURSIVE failed AS (
    SELECT day, key, sum(attempts)::int AS attempts FROM (
        SELECT day, key, attempts FROM drain_dailyfingerprint
        UNION ALL
        SELECT (finished_at AT TIME ZONE 'UTC')::date, fingerprint, attempts FROM drain_attemptdelta
        WHERE outcome = ANY(%(failures)s::text[])
    ) ended
    WHERE day >= %(since)s::date AND key <> '' GROUP BY day, key
), asked AS (SELECT DISTINCT key FROM failed), {STANDS_FOR}, daily AS (
    SELECT f.day, coalesce(s.key, f.key) AS key, sum(f.attempts)::int AS attempts
    FROM failed f LEFT JOIN stands_for s ON s.asked = f.key GROUP BY 1, 2
), most AS (
    SELECT key, sum(attempts) AS attempts, count(*) OVER ()::int AS causes FROM daily
    GROUP BY key ORDER BY attempts DESC, key LIMIT %(limit)s
)
SELECT d.day, d.key, d.attempts, m.causes FROM most m JOIN daily d USING (key)
ORDER BY m.attempts DESC, d.key, d.day
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Folded:
    """The counts of one fold."""

    attempts: int
    states: int
    busy: bool = False
    """Another fold or a rebuild was at work, so this one did nothing."""


@dataclass(frozen=True, slots=True)
class HourRow:
    """Attempts of one outcome that ended in the hour that begins at `hour` (UTC)."""

    hour: datetime
    outcome: str
    attempts: int
    seconds: float
    telemetry_events: int
    zero_yield: int


@dataclass(frozen=True, slots=True)
class DayRow:
    """Failed attempts of one cause on one day (UTC); `key` is the one that stands for it today."""

    day: date
    key: str
    attempts: int
    causes: int
    """The number of fingerprints that failed in the whole time, this one included."""


def fold(limit: int = 50_000) -> Folded:
    """Add up to `limit` deltas of each kind to the totals, in one transaction.

    A second fold at the same time does nothing rather than wait: two that touch the same total in
    another order would only kill one another.
    """
    with transaction.atomic():
        held = row("SELECT pg_try_advisory_xact_lock(%(lock)s) AS held", {"lock": FOLD_LOCK})
        if not held["held"]:
            return Folded(0, 0, busy=True)
        # In the order in which deleting a run takes its totals away: the two never wait for one another.
        states = row(_FOLD_STATES, {"limit": limit})["count"]
        attempts = row(_FOLD_ATTEMPTS, {"limit": limit, "failures": FAILURES})["count"]
    return Folded(attempts, states)


def state_counts(runs: Collection[int] | None = None) -> dict[int, dict[str, int]]:
    """Phases by state for each of these runs (primary keys; None: all); states without any are absent."""
    found: dict[int, dict[str, int]] = {}
    counted = (
        rows(_STATES_OF_ALL)
        if runs is None
        else prepared_rows(_STATES_OF_RUNS, {"runs": list(runs)})
    )
    for item in counted:
        found.setdefault(item["run_id"], {})[item["state"]] = item["count"]
    return found


def counts_of_run() -> RawSQL:
    """The same of one run, for a query of runs: a dictionary of states; those without any are absent."""
    return RawSQL(_STATES_OF_RUN, [])  # noqa: S611 - a constant only


def state_totals(runs: Collection[int] | None = None) -> dict[str, int]:
    """Phases by state over all of these runs (primary keys; None: all)."""
    found = rows(_TOTALS_OF_ALL) if runs is None else rows(_TOTALS, {"runs": list(runs)})
    return {item["state"]: item["count"] for item in found}


def attempt_totals() -> dict[str, int]:
    """Attempts that ended, by outcome; exact at every moment."""
    return {item["outcome"]: item["n"] for item in rows(_ENDED, {})}


def hourly(since: datetime, until: datetime, runs: Collection[int] | None = None) -> list[HourRow]:
    """Ended attempts by hour and outcome, from the hour of `since` to before `until`."""
    values = {"since": since, "until": until, "runs": None if runs is None else list(runs)}
    return [HourRow(**item) for item in rows(_OF_ALL if runs is None else _OF_RUNS, values)]


def failing_most(since: date, limit: int) -> list[DayRow]:
    """Failed attempts by day from `since` on, of the `limit` causes that failed most, most first.

    Merged keys count for their target; failures without a fingerprint are nobody's.
    """
    values = {"since": since, "limit": limit, "failures": FAILURES}
    return [DayRow(**item) for item in rows(_MOST, values)]
