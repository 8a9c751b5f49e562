"""Aliases of fingerprints: merges and keys of older versions, resolved on read.

Attempts, plans and daily totals keep the key they were written with, so that a merge can be undone;
whoever counts by cause asks here first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from drain.db.prepared import rows

MAX_HOPS = 20
"""Merges are refused when they would make a circle; this bounds the walk whatever the rows say."""

# For a statement that begins WITH RECURSIVE and has `asked (key)`: `stands_for (asked, key)`, without
# keys that nobody knows.
STANDS_FOR = f"""
walk AS (
    SELECT k.key AS asked, coalesce(f.id, a.fingerprint_id) AS id, 0 AS hop
    FROM asked k
    LEFT JOIN drain_fingerprint f ON f.key = k.key
    LEFT JOIN drain_fingerprintalias a ON a.key = k.key
    WHERE coalesce(f.id, a.fingerprint_id) IS NOT NULL
    UNION ALL
    SELECT walk.asked, f.merged_into_id, walk.hop + 1
    FROM walk JOIN drain_fingerprint f ON f.id = walk.id
    WHERE f.merged_into_id IS NOT NULL AND walk.hop < {MAX_HOPS}
), stands_for AS (
    SELECT DISTINCT ON (walk.asked) walk.asked, f.key
    FROM walk JOIN drain_fingerprint f ON f.id = walk.id ORDER BY walk.asked, walk.hop DESC
)
"""  # noqa: S608 - a number of ours

# The other way: for keys that stand for themselves, `member (root, key)` with all keys that count for each.
MEMBERS = f"""
family AS (
    SELECT key AS root, id, 0 AS hop FROM drain_fingerprint WHERE key = ANY(%(keys)s::text[])
    UNION
    SELECT family.root, f.id, family.hop + 1
    FROM family JOIN drain_fingerprint f ON f.merged_into_id = family.id
    WHERE family.hop < {MAX_HOPS}
), member AS (
    SELECT family.root, f.key FROM family JOIN drain_fingerprint f ON f.id = family.id
    UNION SELECT family.root, a.key
    FROM family JOIN drain_fingerprintalias a ON a.fingerprint_id = family.id
    UNION SELECT k, k FROM unnest(%(keys)s::text[]) k
)
"""  # noqa: S608 - a number of ours

# For each row that has the `id` of a fingerprint: all keys that count as one with it, as an array; a scalar, to be
# formatted with that id. UNION ends a walk whatever the rows say.
ONE_WITH = """(
    WITH RECURSIVE up AS (
        SELECT id, merged_into_id FROM drain_fingerprint WHERE id = {id}
        UNION SELECT f.id, f.merged_into_id FROM up JOIN drain_fingerprint f ON f.id = up.merged_into_id
    ), down AS (
        SELECT id FROM up WHERE merged_into_id IS NULL
        UNION SELECT f.id FROM down JOIN drain_fingerprint f ON f.merged_into_id = down.id
    )
    SELECT array_agg(f.key ORDER BY f.key) FROM down JOIN drain_fingerprint f ON f.id = down.id
)"""

_RESOLVE = f"""
WITH RECURSIVE asked AS (SELECT unnest(%(keys)s::text[]) AS key), {STANDS_FOR}
SELECT asked, key FROM stands_for
"""  # noqa: S608 - constants only
_STAND = f"""
WITH RECURSIVE asked AS (SELECT unnest(%(keys)s::text[]) AS key), {STANDS_FOR}
SELECT s.asked, f.key, f.title, f.category, f.status
FROM stands_for s JOIN drain_fingerprint f ON f.key = s.key
"""  # noqa: S608 - constants only
_FAILED_NOW = f"""
WITH RECURSIVE {MEMBERS}
SELECT root, count(*)::int AS n FROM member JOIN drain_phase p ON p.last_fingerprint = member.key
WHERE p.state = 'FAILED' GROUP BY 1
"""  # noqa: S608 - constants only
_COUNTED = f"WITH RECURSIVE {MEMBERS} SELECT root, key FROM member"  # noqa: S608 - constants only
_FAMILY = f"WITH RECURSIVE {MEMBERS} SELECT DISTINCT key FROM member"  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class FingerprintSummary:
    """A page's fields of a fingerprint."""

    key: str
    title: str
    category: str
    status: str


def resolve_keys(keys: Iterable[str]) -> dict[str, str]:
    """Every given key → the key that stands for it now; one that nobody knows stands for itself."""
    asked = {key for key in keys if key}
    found = rows(_RESOLVE, {"keys": sorted(asked)}) if asked else []
    return {key: key for key in asked} | {item["asked"]: item["key"] for item in found}


def family(keys: Collection[str]) -> list[str]:
    """All keys that count for these: themselves, what was merged into them, and their older keys."""
    return members(set(resolve_keys(keys).values()))


def members(keys: Collection[str]) -> list[str]:
    """Return what `family` does, for keys that stand for themselves: one statement instead of two."""
    return sorted(item["key"] for item in rows(_FAMILY, {"keys": sorted(keys)}))


def counted_for(keys: Collection[str]) -> dict[str, str]:
    """Every key that counts for one of these → that one; these stand for themselves. One statement."""
    found = rows(_COUNTED, {"keys": sorted(keys)}) if keys else []
    return {item["key"]: item["root"] for item in found}


def failed_now(keys: Collection[str]) -> dict[str, int]:
    """Each of these keys → phases that are failed by it now, or by what counts for it. One statement."""
    found = rows(_FAILED_NOW, {"keys": sorted(keys)}) if keys else []
    return dict.fromkeys(keys, 0) | {item["root"]: item["n"] for item in found}


def causes(keys: Iterable[str]) -> dict[str, FingerprintSummary]:
    """Every given key → the cause that stands for it now; one that nobody knows is titled with its key."""
    asked = sorted({key for key in keys if key})
    found = rows(_STAND, {"keys": asked}) if asked else []
    known = {item.pop("asked"): FingerprintSummary(**item) for item in found}
    return {key: known.get(key) or FingerprintSummary(key, key, "unknown", "new") for key in asked}
