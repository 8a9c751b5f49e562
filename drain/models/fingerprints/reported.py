"""The budget of names that executors may give to fingerprints: so many new ones an hour, then ours again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from drain.db.prepared import rows

MOST_NEW = 100
"""New names an executor may report in an hour; one that puts a value into its names reports without end."""

# Whoever makes new names takes turns with others of the same executor, so that the count is exact.
_LOCK = "SELECT pg_advisory_xact_lock(7316203, hashtext(%(executor)s::text))"
_KNOWN = """
SELECT key FROM drain_fingerprint WHERE key = ANY(%(keys)s::text[])
UNION SELECT key FROM drain_fingerprintalias WHERE key = ANY(%(keys)s::text[])
"""
_MADE = """
SELECT count(*)::int AS made FROM drain_fingerprint
WHERE executor = %(executor)s::text AND executor <> '' AND made_at > statement_timestamp() - interval '1 hour'
"""
_GAVE_WAY = """
UPDATE drain_fingerprint f SET limited_at = statement_timestamp(), limited_executor = g.executor
FROM unnest(%(key)s::text[], %(executor)s::text[]) AS g (key, executor)
WHERE f.key = g.key AND (f.limited_at IS NULL OR f.limited_executor <> g.executor
    OR f.limited_at < statement_timestamp() - interval '1 minute')
"""


def too_many(reported: Mapping[str, Sequence[str]]) -> set[str]:
    """The keys, of those that each executor reports in this order, that are one new name too many.

    Call in the transaction that records those which are not.
    """
    asked = sorted({key for keys in reported.values() for key in keys})
    known = {each["key"] for each in rows(_KNOWN, {"keys": asked})} if asked else set()
    refused: set[str] = set()
    for executor in sorted(reported):
        new = list(dict.fromkeys(key for key in reported[executor] if key not in known))
        if not new:
            continue
        rows(_LOCK, {"executor": executor})
        # What another one has made while this waited is no news.
        made = {each["key"] for each in rows(_KNOWN, {"keys": new})}
        room = MOST_NEW - rows(_MADE, {"executor": executor})[0]["made"]
        refused.update([key for key in new if key not in made][max(room, 0) :])
    return refused


def note_given_way(keys: Mapping[str, str]) -> None:
    """Remember on fingerprints (key → executor) that failures with a name of their own were filed there."""
    if keys:
        found = sorted(keys)
        rows(_GAVE_WAY, {"key": found, "executor": [keys[key] for key in found]})
