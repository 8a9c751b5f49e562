"""Fingerprints seen: rows are made when a cause is first met, and touched when it comes again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from drain.db.prepared import rows
from drain.fingerprints import Fingerprint as Print
from drain.fingerprints.naming.titles import wordings

SAMPLE_CHARACTERS = 4000

# A cause that fails a hundred phases a second would make its row the hottest of the database: the row is
# only written again once its time is a minute old, or when an import brings an older first time.
_RECORD = """
INSERT INTO drain_fingerprint AS f
    (key, coarse, headline, place_known, version, title, template, category, status, first_seen, last_seen, sample,
     executor, parts)
SELECT key, coarse, headline, place_known, version,
    -- Causes with one title are told apart by the place of the later one, or by its key; a known one is not looked for.
    CASE WHEN EXISTS (SELECT 1 FROM drain_fingerprint known WHERE known.key = new.key) THEN title
        WHEN titled AND NOT EXISTS (SELECT 1 FROM drain_fingerprint other WHERE other.title = new.title) THEN title
        WHEN placed <> '' AND NOT EXISTS (SELECT 1 FROM drain_fingerprint other WHERE other.title = placed) THEN placed
        ELSE keyed END,
    template, category, 'new', first_seen, last_seen, sample, executor, parts::jsonb
FROM unnest(%(key)s::text[], %(coarse)s::text[], %(headline)s::text[], %(place_known)s::bool[],
    %(version)s::int[], %(title)s::text[], %(titled)s::bool[], %(placed)s::text[], %(keyed)s::text[],
    %(template)s::text[], %(category)s::text[], %(first)s::timestamptz[], %(last)s::timestamptz[], %(sample)s::text[],
    %(executor)s::text[], %(parts)s::text[])
    AS new (key, coarse, headline, place_known, version, title, titled, placed, keyed, template, category, first_seen,
        last_seen, sample, executor, parts)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    first_seen = least(f.first_seen, excluded.first_seen),
    last_seen = greatest(f.last_seen, excluded.last_seen),
    place_known = f.place_known AND excluded.place_known
WHERE f.last_seen < excluded.last_seen - interval '1 minute' OR f.first_seen > excluded.first_seen
    OR f.place_known AND NOT excluded.place_known
"""


class SeenFingerprint(NamedTuple):
    """A fingerprint with the text it was made from and when it was met first and last."""

    print: Print
    text: str
    first: datetime
    last: datetime
    executor: str = ""
    """The executor that reported it as a name of its own; empty where the key is ours."""
    parts: tuple[str, ...] = ()
    """That name."""


def record_fingerprints(seen: Iterable[SeenFingerprint]) -> None:
    """Insert or touch the rows of these fingerprints in one statement; keys must differ."""
    found = list(seen)
    if not found:
        return
    titles = _titles(found)
    rows(
        _RECORD,
        {
            "key": [item.print.key for item in found],
            "coarse": [item.print.coarse for item in found],
            "headline": [item.print.headline for item in found],
            "place_known": [item.print.place_known for item in found],
            "version": [item.print.version for item in found],
            "title": [item.print.title for item in found],
            "titled": [each.titled for each in titles],
            "placed": [each.placed for each in titles],
            "keyed": [each.keyed for each in titles],
            "template": [item.print.template for item in found],
            "category": [str(item.print.category) for item in found],
            "first": [item.first for item in found],
            "last": [item.last for item in found],
            "sample": [item.text[:SAMPLE_CHARACTERS] for item in found],
            "executor": [item.executor for item in found],
            "parts": [json.dumps(item.parts) for item in found],
        },
    )


class _Titles(NamedTuple):
    """The titles that a fingerprint may take:
    whether its own is free, with its place if free, with its key.
    """

    titled: bool
    placed: str
    keyed: str


def _titles(found: list[SeenFingerprint]) -> list[_Titles]:
    taken: set[str] = set()
    titles = []
    for item in found:
        title, placed, keyed = wordings(item.print.title, item.print.place, item.print.key)
        free = placed != title and placed not in taken
        titles.append(_Titles(title not in taken, placed if free else "", keyed))
        taken |= {title, placed}
    return titles
