"""Moves of bulk actions, and the results of their rows: each guarded, each written once."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from drain.db.prepared import row, rows
from drain.models.vocabulary import BulkState

_FREEZE = """
WITH put AS (
    INSERT INTO drain_bulkitem (action_id, target, label, said)
    SELECT %(action)s::bigint, t, '', '' FROM unnest(%(targets)s::bigint[]) AS t
    ON CONFLICT (action_id, target) DO NOTHING RETURNING 1
)
UPDATE drain_bulkaction SET total = (SELECT count(*) FROM put) WHERE id = %(action)s::bigint
"""
# Free is what nobody holds, or whose holder was silent for a whole lease.
_TAKE = """
UPDATE drain_bulkaction SET state = 'running', holder = %(holder)s::uuid, beat_at = now(), tries = tries + 1,
    started_at = coalesce(started_at, now())
WHERE id = %(action)s::bigint AND state IN ('waiting', 'running') AND tries < %(tries)s::int
  AND (holder IS NULL OR beat_at < now() - make_interval(secs => %(lease)s::float8))
RETURNING id
"""
_BEAT = """
UPDATE drain_bulkaction SET beat_at = now()
WHERE id = %(action)s::bigint AND holder = %(holder)s::uuid AND state = 'running' RETURNING id
"""
_NEXT = """
SELECT target FROM drain_bulkitem WHERE action_id = %(action)s::bigint AND done IS NULL
ORDER BY id LIMIT %(limit)s::int
"""
_KEEP = """
WITH given AS (
    SELECT * FROM unnest(%(targets)s::bigint[], %(done)s::boolean[], %(labels)s::text[], %(said)s::text[])
        AS g (target, done, label, said)
), kept AS (
    UPDATE drain_bulkitem i SET done = g.done, label = g.label, said = g.said FROM given g
    WHERE i.action_id = %(action)s::bigint AND i.target = g.target AND i.done IS NULL RETURNING i.done
)
UPDATE drain_bulkaction SET done = done + (SELECT count(*) FROM kept WHERE kept.done),
    left_alone = left_alone + (SELECT count(*) FROM kept WHERE NOT kept.done), tries = 0, beat_at = now()
WHERE id = %(action)s::bigint
"""
_FREE = """
UPDATE drain_bulkaction SET holder = NULL, beat_at = NULL, enqueued_at = NULL, tries = 0
WHERE id = %(action)s::bigint AND holder = %(holder)s::uuid
"""
_END = """
UPDATE drain_bulkaction SET state = %(to)s::text, ended_at = now(), holder = NULL, error = %(error)s::text,
    cancelled_by = %(by)s::text
WHERE id = %(action)s::bigint AND state IN ('waiting', 'running') RETURNING id
"""
_DUE = """
UPDATE drain_bulkaction SET enqueued_at = now()
WHERE state IN ('waiting', 'running') AND (%(action)s::bigint IS NULL OR id = %(action)s::bigint)
  AND (beat_at IS NULL OR beat_at < now() - make_interval(secs => %(seconds)s::float8))
  AND (enqueued_at IS NULL OR enqueued_at < now() - make_interval(secs => %(seconds)s::float8))
RETURNING id
"""


def freeze(action: int, targets: Sequence[int]) -> None:
    """Write down which rows the action is about, each once, in this order."""
    rows(_FREEZE, {"action": action, "targets": list(targets)})


def take(action: int, holder: UUID, *, lease: float, tries: int) -> bool:
    """Become the one who does it; False if somebody alive does, it is over, or `tries` died at one step."""
    values = {"action": action, "holder": holder, "lease": lease, "tries": tries}
    return row(_TAKE, values) is not None


def beat(action: int, holder: UUID) -> bool:
    """Say that the holder lives; False once the action is cancelled or somebody else's."""
    return row(_BEAT, {"action": action, "holder": holder}) is not None


def next_targets(action: int, limit: int) -> list[int]:
    """The next rows without a result."""
    return [found["target"] for found in rows(_NEXT, {"action": action, "limit": limit})]


def keep_results(action: int, results: Sequence[tuple[int, bool, str, str]]) -> None:
    """Write (target, done, label, said) of rows that have no result yet.
    Call in the transaction of the act.
    """
    targets, done, labels, said = zip(*results, strict=True) if results else ((), (), (), ())
    values = {"action": action, "targets": list(targets), "done": list(done)}
    rows(_KEEP, values | {"labels": [text[:620] for text in labels], "said": list(said)})


def free(action: int, holder: UUID) -> None:
    """Give it back, ready to be woken again."""
    rows(_FREE, {"action": action, "holder": holder})


def end(action: int, to: BulkState, *, error: str = "", by: str = "") -> bool:
    """Close a live action; False if it is over already."""
    values = {"action": action, "to": to.value, "error": error, "by": by}
    return row(_END, values) is not None


def due(action: int | None, seconds: float) -> list[int]:
    """Live actions (None: all of them) that nobody does and nobody was asked to do for so long."""
    return [found["id"] for found in rows(_DUE, {"action": action, "seconds": seconds})]
