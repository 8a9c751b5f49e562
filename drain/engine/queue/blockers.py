"""Queued phases: how long they wait, why they are queued, and what waits for them.

Only the phases of one page are walked from, so a page costs the same whatever the size of the queue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models.expressions import RawSQL

from drain.db.prepared import row, rows

NAMED = 4
"""Phases that wait for a queued one which are named."""

# A source may say for itself after how long a queued phase is stale.
_STALE = "p.state_changed_at < %(now)s::timestamptz - coalesce(s.stale_after, %(stale)s::interval)"
_SINCE = """
(%(since)s::timestamptz IS NULL OR p.state_changed_at >= %(since)s::timestamptz)
    AND (%(until)s::timestamptz IS NULL OR p.state_changed_at < %(until)s::timestamptz)
"""
_PAGE = f"""
SELECT p.id FROM drain_phase p JOIN drain_run r ON r.id = p.run_id LEFT JOIN drain_source s ON s.id = r.source_id
WHERE p.state = 'QUEUED' AND (%(run)s::text = '' OR r.run_id = %(run)s::text)
    AND (NOT %(stale_only)s::boolean OR {_STALE}) AND {_SINCE}
    AND (%(after)s::bigint IS NULL OR (p.state_changed_at, p.id) >
        (SELECT state_changed_at, id FROM drain_phase WHERE id = %(after)s::bigint))
ORDER BY p.state_changed_at, p.id LIMIT %(limit)s::int
"""  # noqa: S608 - constants only

# Declared waits are walked through failed phases. In an Autopack run everything failed after a queued
# phase waits as well, since Autopack takes the earliest queued one first; it waits directly.
_WALKS = f"""
asked AS (
    SELECT p.*, r.run_id AS run_name, s.kind, s.name AS source_name, ({_STALE}) AS stale
    FROM drain_phase p JOIN drain_run r ON r.id = p.run_id LEFT JOIN drain_source s ON s.id = r.source_id
    WHERE p.id IN (SELECT id FROM page)
), walk AS (
    SELECT a.id AS root, d.phase_id AS id FROM asked a JOIN drain_dependency d ON d.prerequisite_id = a.id
    JOIN drain_phase p ON p.id = d.phase_id AND p.state = 'FAILED'
    UNION
    SELECT walk.root, d.phase_id FROM walk JOIN drain_dependency d ON d.prerequisite_id = walk.id
    JOIN drain_phase p ON p.id = d.phase_id AND p.state = 'FAILED'
), direct AS (
    SELECT a.id AS root, d.phase_id AS id FROM asked a JOIN drain_dependency d ON d.prerequisite_id = a.id
    JOIN drain_phase p ON p.id = d.phase_id AND p.state = 'FAILED'
    UNION
    SELECT a.id, p.id FROM asked a JOIN drain_phase p
        ON p.run_id = a.run_id AND p.state = 'FAILED' AND p.place > a.place
    WHERE a.kind = 'autopack'
)
"""  # noqa: S608 - constants only
_WAITING = f"""
{_WALKS}
SELECT a.id AS pk, a.phase_id, a.run_id AS run_pk, a.run_name AS run_id, a.state_changed_at AS since, a.stale,
    (SELECT count(*)::int FROM direct WHERE direct.root = a.id) AS direct,
    (SELECT count(*)::int FROM walk WHERE walk.root = a.id
        AND NOT EXISTS (SELECT 1 FROM direct d WHERE d.root = a.id AND d.id = walk.id)) AS through,
    ARRAY(SELECT p.phase_id FROM (SELECT id FROM direct WHERE root = a.id UNION SELECT id FROM walk WHERE root = a.id) w
        JOIN drain_phase p ON p.id = w.id ORDER BY p.run_id, p.place LIMIT {NAMED}) AS names,
    coalesce(a.source_name, '') AS source, coalesce(t.verb, '') AS verb, coalesce(t.actor, '') AS actor,
    coalesce(t.reason, '') AS reason
FROM asked a LEFT JOIN LATERAL (
    SELECT verb, actor, reason FROM drain_transition
    WHERE subject = 'phase' AND subject_pk = a.id AND to_state = 'QUEUED' ORDER BY id DESC LIMIT 1
) t ON true ORDER BY a.state_changed_at, a.id
"""  # noqa: S608 - constants only
_OF_PAGE = f"WITH RECURSIVE page AS ({_PAGE}), {_WAITING}"
_OF_THESE = f"WITH RECURSIVE page AS (SELECT unnest(%(phases)s::bigint[]) AS id), {_WAITING}"
_HOW_MANY = f"""
WITH RECURSIVE page AS (SELECT unnest(%(phases)s::bigint[]) AS id), {_WALKS}
SELECT root, count(*)::int AS blocks FROM (SELECT root, id FROM direct UNION SELECT root, id FROM walk) w GROUP BY 1
"""  # noqa: S608 - constants only
_WHO = f"""
WITH RECURSIVE page AS (SELECT unnest(%(phases)s::bigint[]) AS id), {_WALKS}
SELECT id FROM (SELECT id FROM direct UNION SELECT id FROM walk) w ORDER BY id LIMIT %(limit)s::int
"""  # noqa: S608 - constants only
# Runs are only looked at where a source has an hour of its own: the rest is read from the index alone.
_QUEUE = """
drain_phase p LEFT JOIN (
    SELECT r.id, s.stale_after FROM drain_source s JOIN drain_run r ON r.source_id = s.id WHERE s.stale_after IS NOT NULL
) s ON s.id = p.run_id WHERE p.state = 'QUEUED'
"""
_COUNT = f"""
SELECT count(*)::int AS queued, (count(*) FILTER (WHERE {_STALE}))::int AS stale FROM {_QUEUE}
    AND {_SINCE}
"""  # noqa: S608 - constants only
# A statement of its own: one plan for both would look up the run of every queued phase.
_COUNT_OF_RUN = f"""
{_COUNT} AND p.run_id = (SELECT id FROM drain_run WHERE run_id = %(run)s::text)
"""  # noqa: S608 - constants only
STALE_PHASES = f"{_QUEUE} AND {_STALE}"
"""All stale phases as `p`, for the FROM of a statement with the values `now` and `stale` (the setting)."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """A choice of queued phases: of one run, only stale ones, stale after how long (None:
    the setting), queued when.
    """

    run_id: str = ""
    stale_only: bool = False
    stale_after: timedelta | None = None
    since: datetime | None = None
    until: datetime | None = None

    def values(self, now: datetime) -> dict[str, object]:
        """Values of the statements."""
        stale = self.stale_after or settings.DRAIN_STALE_AFTER
        which = {"run": self.run_id, "stale_only": self.stale_only, "stale": stale, "now": now}
        return {**which, "since": self.since, "until": self.until}


@dataclass(frozen=True, slots=True)
class QueuedPhase:
    """A queued phase; `direct` failed phases wait for it, `through` more wait for those.

    `names` are the first few of them.
    """

    pk: int
    phase_id: str
    run_pk: int
    run_id: str
    since: datetime
    stale: bool
    direct: int
    through: int
    names: list[str]
    source: str
    verb: str
    actor: str
    reason: str

    @property
    def blocks(self) -> int:
        """The number of all that wait for it."""
        return self.direct + self.through

    @property
    def why(self) -> str:
        """The reason why it is queued, in one sentence."""
        if self.verb in ("imported", "synced"):
            return f"Queued in its source {self.source}" if self.source else "Queued in the import"
        if not self.verb:
            return "Queued since it was made"
        said = f": {self.reason}" if self.reason else ""
        return f"{self.verb.replace('_', ' ').capitalize()} by {self.actor}{said}"


def queued_ids(
    asked: QueueFilter, now: datetime, limit: int, after: int | None = None
) -> list[int]:
    """Primary keys of queued phases, those that wait longest first, from behind phase `after` on."""
    values = asked.values(now) | {"limit": limit, "after": after}
    return [found["id"] for found in rows(_PAGE, values)]


def queued_phases(phases: list[int], asked: QueueFilter, now: datetime) -> list[QueuedPhase]:
    """Return these queued phases with the number that waits for each, the oldest first."""
    found = rows(_OF_THESE, asked.values(now) | {"phases": phases})
    return [QueuedPhase(**each) for each in found]


def blocked_by(phases: list[int], now: datetime) -> dict[int, int]:
    """Return how many failed phases wait for each of these queued ones, directly or through others;
    none is left out.
    """
    found = rows(_HOW_MANY, QueueFilter().values(now) | {"phases": phases})
    return dict.fromkeys(phases, 0) | {each["root"]: each["blocks"] for each in found}


def waiting_for(phases: list[int], now: datetime, limit: int) -> list[int]:
    """Failed phases that wait for one of these, or did until it was cleared, directly or through others."""
    values = QueueFilter().values(now) | {"phases": phases, "limit": limit}
    return [found["id"] for found in rows(_WHO, values)]


def oldest_queued(asked: QueueFilter, now: datetime, limit: int) -> list[QueuedPhase]:
    """The queued phases that wait longest, like `queued_phases` of `queued_ids`, in one statement."""
    found = rows(_OF_PAGE, asked.values(now) | {"limit": limit, "after": None})
    return [QueuedPhase(**each) for each in found]


def queue_size(asked: QueueFilter, now: datetime) -> tuple[int, int]:
    """Return how many phases are queued, and how many of them are stale."""
    found = row(_COUNT_OF_RUN if asked.run_id else _COUNT, asked.values(now))
    return (found["queued"], found["stale"]) if found else (0, 0)


def of_stale(column: str, now: datetime) -> RawSQL:
    """A column of all stale phases, by which a list is narrowed."""
    statement = f"SELECT p.{column} FROM {STALE_PHASES}" % {"now": "%s", "stale": "%s"}  # noqa: S608
    return RawSQL(statement, [now, settings.DRAIN_STALE_AFTER])  # noqa: S611 - constants only
