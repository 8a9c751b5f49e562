"""The numbers in the navigation and the identity strip: one statement, shared by all dashboards."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from drain.db.sql import rows
from drain.engine.queue.blockers import STALE_PHASES
from drain.models.vocabulary import LIVE_SESSION_STATES, FingerprintStatus, PhaseState
from drain.policy.secrets import masked

# A host says that it lives every few seconds; after this silence it is called silent.
SILENT_AFTER = timedelta(seconds=30)
# What was silent for a day is history and not a missing worker.
FORGOTTEN_AFTER = timedelta(days=1)


_COUNTS = f"""
WITH counted AS (
    SELECT state, sum(n)::bigint AS n FROM (
        SELECT state, count AS n FROM drain_statetotal UNION ALL SELECT state, delta FROM drain_statedelta
    ) counts GROUP BY state HAVING sum(n) <> 0
)
SELECT (SELECT coalesce(json_object_agg(state, n), '{{}}') FROM counted) AS by_state,
    (SELECT count(*) FROM drain_run) AS runs,
    (SELECT count(*) FROM drain_drainsession WHERE state = ANY(%(live)s::text[])) AS running_drains,
    (SELECT count(*) FROM drain_fingerprint
     WHERE merged_into_id IS NULL AND NOT status = ANY(%(closed)s::text[])) AS fingerprints,
    (SELECT count(*) FROM {STALE_PHASES}) AS stale,
    hosts.*, sources.*,
    (SELECT coalesce(identity ->> 'label', nullif(url, ''), name) FROM drain_source
     ORDER BY imported_at DESC NULLS LAST, id LIMIT 1) AS label
FROM (
    SELECT coalesce(sum(workers) FILTER (WHERE last_seen > %(silent)s::timestamptz), 0)::int AS workers_alive,
        coalesce(sum(workers), 0)::int AS workers_asked
    FROM drain_workerhost WHERE stopped_at IS NULL AND last_seen > %(forgotten)s::timestamptz
) hosts, (SELECT count(*) AS source_count, max(imported_at) AS imported_at FROM drain_source) sources
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class ShellCounts:
    """Counts of the installation for the frame of every page. Ages are for `imported_at`."""

    source: str = ""
    source_count: int = 0
    runs: int = 0
    phases: int = 0
    imported_at: datetime | None = None
    running_drains: int = 0
    fingerprints: int = 0
    queued: int = 0
    stale: int = 0
    workers_alive: int = 0
    workers_asked: int = 0
    by_state: dict[str, int] = field(default_factory=dict)

    @property
    def workers_silent(self) -> int:
        """Workers that were started and are not heard of."""
        return max(self.workers_asked - self.workers_alive, 0)


def read_counts(now: datetime) -> ShellCounts:
    """Read them all in one statement; exact at this moment (totals plus what is not folded into them yet)."""
    (found,) = rows(_COUNTS, _values(now))
    label, by_state = found.pop("label"), found["by_state"]
    return ShellCounts(
        source=_source_label(label, found["source_count"]),
        phases=sum(by_state.values()),
        queued=by_state.get(PhaseState.QUEUED, 0),
        **found,
    )


def _values(now: datetime) -> dict[str, object]:
    return {
        "live": [state.value for state in LIVE_SESSION_STATES],
        "closed": [FingerprintStatus.RESOLVED.value, FingerprintStatus.MUTED.value],
        "now": now,
        "stale": settings.DRAIN_STALE_AFTER,
        "silent": now - SILENT_AFTER,
        "forgotten": now - FORGOTTEN_AFTER,
    }


def _source_label(label: str | None, sources: int) -> str:
    if label is None:
        return "no source yet"
    return masked(label) if sources == 1 else f"{masked(label)} and {sources - 1} more"
