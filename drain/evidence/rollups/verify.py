"""Proof that the totals are right, and how to make them right again.

Both look at whole days (UTC) of which every attempt is still there: prune notes how far it went in its
audit event (verb `prune`, new `{"attempts_before": ISO time}`), and older totals are all that is left
of older attempts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

from drain.db.sql import rows
from drain.evidence.rollups.fold import FAILURES, FOLD_LOCK
from drain.models import AuditEvent

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
REBUILD_TRIES = 5
MOST_DIFFERENCES = 100

# A phase may get another category after its attempt ended, so hours are compared without it.
_CHECK_HOURS = """
WITH totals AS (
    SELECT hour, run_id, outcome, sum(attempts)::int AS attempts, sum(seconds) AS seconds,
        sum(telemetry_events)::int AS events, sum(zero_yield)::int AS zero
    FROM (
        SELECT hour, run_id, outcome, attempts, seconds, telemetry_events, zero_yield FROM drain_hourlyrollup
        UNION ALL
        SELECT date_trunc('hour', finished_at, 'UTC'), run_pk, outcome, attempts, seconds, telemetry_events,
            CASE WHEN telemetry_events = 0 THEN attempts ELSE 0 END FROM drain_attemptdelta
        WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
    ) ended WHERE hour >= %(since)s::timestamptz GROUP BY 1, 2, 3
), counted AS (
    SELECT date_trunc('hour', finished_at, 'UTC') AS hour, run_id, outcome, count(*)::int AS attempts,
        sum(extract(epoch FROM finished_at - started_at))::float8 AS seconds,
        sum(telemetry_count)::int AS events, count(*) FILTER (WHERE telemetry_count = 0)::int AS zero
    FROM drain_attempt WHERE finished_at >= %(since)s::timestamptz GROUP BY 1, 2, 3
)
SELECT format('hour %%s, run %%s, %%s', hour, run_id, outcome) AS place,
    format('%%s attempts, %%s s, %%s events, %%s without', coalesce(t.attempts, 0),
        round(coalesce(t.seconds, 0)::numeric, 3), coalesce(t.events, 0), coalesce(t.zero, 0)) AS total,
    format('%%s attempts, %%s s, %%s events, %%s without', coalesce(c.attempts, 0),
        round(coalesce(c.seconds, 0)::numeric, 3), coalesce(c.events, 0), coalesce(c.zero, 0)) AS recount
FROM totals t FULL JOIN counted c USING (hour, run_id, outcome)
WHERE coalesce(t.attempts, 0) <> coalesce(c.attempts, 0) OR coalesce(t.events, 0) <> coalesce(c.events, 0)
    OR coalesce(t.zero, 0) <> coalesce(c.zero, 0)
    OR abs(coalesce(t.seconds, 0) - coalesce(c.seconds, 0)) > 0.001 * greatest(c.attempts, 1)
ORDER BY 1 LIMIT %(most)s
"""
_CHECK_DAYS = """
WITH totals AS (
    SELECT day, key, outcome, sum(attempts)::int AS attempts FROM (
        SELECT day, key, outcome, attempts FROM drain_dailyfingerprint
        UNION ALL
        SELECT (finished_at AT TIME ZONE 'UTC')::date, fingerprint, outcome, attempts FROM drain_attemptdelta
        WHERE outcome = ANY(%(failures)s::text[])
            AND EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
    ) failed WHERE day >= (%(since)s::timestamptz AT TIME ZONE 'UTC')::date GROUP BY 1, 2, 3 HAVING sum(attempts) <> 0
), counted AS (
    SELECT (finished_at AT TIME ZONE 'UTC')::date AS day, fingerprint AS key, outcome,
        count(*)::int AS attempts
    FROM drain_attempt
    WHERE finished_at >= %(since)s::timestamptz AND outcome = ANY(%(failures)s::text[]) GROUP BY 1, 2, 3
)
SELECT format('day %%s, fingerprint %%s, %%s', day, key, outcome) AS place,
    coalesce(t.attempts, 0)::text AS total, coalesce(c.attempts, 0)::text AS recount
FROM totals t FULL JOIN counted c USING (day, key, outcome)
WHERE t.attempts IS DISTINCT FROM c.attempts ORDER BY 1 LIMIT %(most)s
"""
_CHECK_STATES = """
WITH totals AS (
    SELECT run_id, state, sum(n)::int AS count FROM (
        SELECT run_id, state, count AS n FROM drain_statecount
        UNION ALL
        SELECT run_pk, state, delta FROM drain_statedelta
        WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
    ) counts GROUP BY 1, 2 HAVING sum(n) <> 0
), counted AS (
    SELECT run_id, state, count(*)::int AS count FROM drain_phase GROUP BY 1, 2
)
SELECT format('run %%s, %%s', run_id, state) AS place,
    coalesce(t.count, 0)::text AS total, coalesce(c.count, 0)::text AS recount
FROM totals t FULL JOIN counted c USING (run_id, state)
WHERE t.count IS DISTINCT FROM c.count ORDER BY 1 LIMIT %(most)s
"""
_CHECK_STATE_TOTALS = """
WITH counted AS (
    SELECT state, sum(count)::bigint AS count FROM drain_statecount GROUP BY 1 HAVING sum(count) <> 0
)
SELECT format('all runs, %%s', state) AS place,
    coalesce(t.count, 0)::text AS total, coalesce(c.count, 0)::text AS recount
FROM (SELECT * FROM drain_statetotal WHERE count <> 0) t FULL JOIN counted c USING (state)
WHERE t.count IS DISTINCT FROM c.count ORDER BY 1 LIMIT %(most)s
"""
_CHECK_TOTALS = """
WITH totals AS (
    SELECT hour, category, outcome, attempts, telemetry_events, zero_yield FROM drain_hourlytotal
    WHERE attempts <> 0 AND hour >= %(since)s::timestamptz
), counted AS (
    SELECT hour, category, outcome, sum(attempts)::int AS attempts,
        sum(telemetry_events)::int AS telemetry_events, sum(zero_yield)::int AS zero_yield
    FROM drain_hourlyrollup WHERE hour >= %(since)s::timestamptz GROUP BY 1, 2, 3 HAVING sum(attempts) <> 0
)
SELECT format('hour %%s, all runs, %%s, %%s', hour, category, outcome) AS place,
    coalesce(t.attempts, 0)::text AS total, coalesce(c.attempts, 0)::text AS recount
FROM totals t FULL JOIN counted c USING (hour, category, outcome)
WHERE (t.attempts, t.telemetry_events, t.zero_yield)
    IS DISTINCT FROM (c.attempts, c.telemetry_events, c.zero_yield) ORDER BY 1 LIMIT %(most)s
"""
_CHECKS = (_CHECK_STATES, _CHECK_STATE_TOTALS, _CHECK_HOURS, _CHECK_TOTALS, _CHECK_DAYS)

_REBUILD = (
    "DELETE FROM drain_statedelta",
    "DELETE FROM drain_statecount",
    # Triggers have taken these, and those of hours below, to zero, if they were right.
    "DELETE FROM drain_statetotal",
    """INSERT INTO drain_statecount (run_id, state, count)
        SELECT run_id, state, count(*) FROM drain_phase GROUP BY 1, 2""",
    "DELETE FROM drain_attemptdelta WHERE finished_at >= %(since)s",
    "DELETE FROM drain_hourlyrollup WHERE hour >= %(since)s",
    "DELETE FROM drain_hourlytotal WHERE hour >= %(since)s",
    "DELETE FROM drain_dailyfingerprint WHERE day >= (%(since)s AT TIME ZONE 'UTC')::date",
    """INSERT INTO drain_hourlyrollup
            (hour, run_id, category, outcome, attempts, seconds, telemetry_events, zero_yield)
        SELECT date_trunc('hour', a.finished_at, 'UTC'), a.run_id, p.category, a.outcome, count(*),
            sum(extract(epoch FROM a.finished_at - a.started_at)), sum(a.telemetry_count),
            count(*) FILTER (WHERE a.telemetry_count = 0)
        FROM drain_attempt a JOIN drain_phase p ON p.id = a.phase_id
        WHERE a.finished_at >= %(since)s GROUP BY 1, 2, 3, 4""",
    """INSERT INTO drain_dailyfingerprint (day, key, outcome, attempts)
        SELECT (finished_at AT TIME ZONE 'UTC')::date, fingerprint, outcome, count(*)
        FROM drain_attempt WHERE finished_at >= %(since)s AND outcome = ANY(%(failures)s)
        GROUP BY 1, 2, 3""",
)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A total that is not what a recount says."""

    place: str
    total: str
    recount: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check; at most MOST_DIFFERENCES of each kind are named."""

    since: datetime
    differences: tuple[Mismatch, ...]

    @property
    def equal(self) -> bool:
        """True if every total equals its recount."""
        return not self.differences


def kept_since() -> datetime:
    """The first midnight (UTC) from which on every attempt is still kept."""
    pruned = AuditEvent.objects.filter(verb="prune", new__has_key="attempts_before")
    newest = pruned.order_by("-at", "-pk").first()
    if newest is None:
        return BEGINNING
    horizon = datetime.fromisoformat(newest.new["attempts_before"]).astimezone(UTC)
    midnight = horizon.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == horizon else midnight + timedelta(days=1)


def check() -> Checked:
    """Compare totals and deltas with a recount; each comparison is one statement, so drains may run."""
    since = kept_since()
    values = {"since": since, "failures": FAILURES, "most": MOST_DIFFERENCES}
    found = [Mismatch(**item) for statement in _CHECKS for item in rows(statement, values)]
    return Checked(since, tuple(found))


def rebuild() -> datetime:
    """Write the totals anew from what is kept; drains may run meanwhile. Returns from when on.

    A delta and what it counts are written in one transaction, so the snapshot of this one sees both or
    neither: it takes away the deltas it sees and counts their attempts, and leaves later ones to the
    readers. Folds wait outside (FOLD_LOCK is taken before the snapshot). Not inside a transaction.
    """
    since = kept_since()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [FOLD_LOCK])
        try:
            _retry(lambda: _rebuild_once({"since": since, "failures": FAILURES}))
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [FOLD_LOCK])
    return since


def _rebuild_once(values: dict[str, Any]) -> None:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for statement in _REBUILD:
            cursor.execute(statement, values if "%(" in statement else None)


def _retry(work: Callable[[], None]) -> None:
    """Deleting a run meanwhile makes PostgreSQL refuse the snapshot; a newer one will do."""
    for attempt in range(1, REBUILD_TRIES + 1):
        try:
            return work()
        except OperationalError as error:
            serialisation = getattr(error.__cause__, "sqlstate", "") == "40001"
            if not serialisation or attempt == REBUILD_TRIES:
                raise
    return None
