"""Phases by state hour by hour: kept by maintenance, reckoned back from the exact counts of now.

A snapshot says how many phases were in each state when its hour began. It is what is counted now less
every change since, read from the append-only history; so it is right whenever maintenance comes, hours
that it missed are filled in later, and the first time everything kept of the history is. What the
history no longer knows (runs deleted since) is not in the past either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta

from drain.db.prepared import rows as prepared_rows
from drain.db.sql import row, rows
from drain.models import StateSnapshot

HOUR = timedelta(hours=1)
KEPT = timedelta(days=90)

# One statement sees one moment: what is counted and what changed belong together.
_COUNTED_AND_CHANGED = """
SELECT NULL::timestamptz AS hour, state, sum(n)::bigint AS n FROM (
    SELECT state, count AS n FROM drain_statetotal
    UNION ALL SELECT state, delta FROM drain_statedelta
    WHERE EXISTS (SELECT 1 FROM drain_run WHERE id = run_pk)
) counted GROUP BY state
UNION ALL
SELECT date_trunc('hour', t.at, 'UTC'), change.state, sum(change.n)
FROM drain_transition t CROSS JOIN LATERAL (VALUES (t.from_state, -1), (t.to_state, 1)) change (state, n)
WHERE t.subject = 'phase' AND t.at >= %(since)s AND change.state <> ''
GROUP BY 1, 2
"""
# `after` is behind how many of the moments, in order, they came.
_CHANGED_IN_RUN = """
SELECT width_bucket(at, %(moments)s::timestamptz[]) AS after, from_state, to_state, count(*)::int AS n
FROM drain_transition
WHERE run_pk = %(run)s::bigint AND subject = 'phase' AND at >= (%(moments)s::timestamptz[])[1] GROUP BY 1, 2, 3
"""
_FIRST_CHANGE = "SELECT date_trunc('hour', min(at), 'UTC') AS hour FROM drain_transition WHERE subject = 'phase'"


def keep_history(now: datetime) -> int:
    """Write the snapshots that are missing up to the hour of `now`; returns how many. Safe to run twice."""
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    newest = StateSnapshot.objects.order_by("-hour").values_list("hour", flat=True).first()
    if newest is not None and newest >= hour:
        return 0
    since = newest + HOUR if newest is not None else row(_FIRST_CHANGE)["hour"]
    if since is None:
        return 0
    since = max(since, hour - KEPT)
    made = [StateSnapshot(hour=at, counts=counts) for at, counts in reckoned(since, hour)]
    StateSnapshot.objects.bulk_create(made, ignore_conflicts=True, batch_size=1000)
    StateSnapshot.objects.filter(hour__lt=hour - KEPT).delete()
    return len(made)


def reckoned(since: datetime, until: datetime) -> list[tuple[datetime, dict[str, int]]]:
    """Phases by state at the beginning of each hour from `since` to `until`, newest first."""
    counts: Counter[str] = Counter()
    changed: dict[datetime, Counter[str]] = {}
    for item in rows(_COUNTED_AND_CHANGED, {"since": since}):
        place = counts if item["hour"] is None else changed.setdefault(item["hour"], Counter())
        place[item["state"]] += int(item["n"])
    found, hour = [], until
    # What came after the last hour asked for is taken off with it.
    for later in [at for at in changed if at > until]:
        counts.subtract(changed[later])
    while hour >= since:
        counts.subtract(changed.get(hour, {}))
        found.append((hour, {state: n for state, n in counts.items() if n > 0}))
        hour -= HOUR
    return found


def run_states_at(
    run: int, moments: Collection[datetime], counts: Mapping[str, int]
) -> dict[datetime, dict[str, int]]:
    """Phases of a run by state just before each of these moments, reckoned back from its `counts` of now."""
    found = {moment: Counter(counts) for moment in sorted(moments)}
    changes = prepared_rows(_CHANGED_IN_RUN, {"run": run, "moments": list(found)}) if found else []
    for change in changes:
        for then in list(found.values())[: change["after"]]:
            then[change["to_state"]] -= change["n"]
            then[change["from_state"]] += change["n"]
    return {
        moment: {s: n for s, n in then.items() if s and n > 0} for moment, then in found.items()
    }


def history(since: datetime) -> list[tuple[datetime, dict[str, int]]]:
    """The snapshots from `since` on, oldest first."""
    return list(
        StateSnapshot.objects.filter(hour__gte=since).order_by("hour").values_list("hour", "counts")
    )
