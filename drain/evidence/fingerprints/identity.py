"""Causes of which not all is known: what a key is, and what it may be.

A text that does not tell its place (a reason without a traceback, a log cut before its frames) names the
headline of its cause alone. It may be any cause with that headline, and so may a key of another version of
the algorithm. That is not transitive: it merges nothing and moves no count. What may be there is never
called gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from drain.db.sql import rows
from drain.evidence.fingerprints.aliases import STANDS_FOR, family


class Identity(NamedTuple):
    """What is known of the cause behind a key."""

    root: str
    """The key that stands for it today."""
    headline: str
    place_known: bool
    version: int

    def may_be(self, other: Identity) -> bool:
        """Whether both are, or may be, one cause."""
        if self.root == other.root:
            return True
        same = bool(self.headline) and self.headline == other.headline
        sure = self.place_known and other.place_known and self.version == other.version
        return same and not sure


@dataclass(frozen=True, slots=True)
class Relatives:
    """Keys of causes: what is one of them, and what may be."""

    certain: tuple[str, ...]
    possible: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        """Both together."""
        return [*self.certain, *self.possible]


_POSSIBLE = """
SELECT DISTINCT coalesce(a.key, o.key) AS key
FROM drain_fingerprint f JOIN drain_fingerprint o ON o.headline = f.headline AND o.id <> f.id
LEFT JOIN LATERAL (
    SELECT o.key UNION SELECT key FROM drain_fingerprintalias WHERE fingerprint_id = o.id
) a ON true
WHERE f.key = ANY(%(keys)s::text[]) AND f.headline <> ''
    AND NOT (f.place_known AND o.place_known AND f.version = o.version)
"""
_KNOWN = f"""
WITH RECURSIVE asked AS (SELECT unnest(%(keys)s::text[]) AS key), {STANDS_FOR}
SELECT asked.key, stands_for.key AS root, f.headline, f.place_known, f.version
FROM asked LEFT JOIN drain_fingerprintalias a ON a.key = asked.key
JOIN drain_fingerprint f ON f.key = asked.key OR f.id = a.fingerprint_id
JOIN stands_for ON stands_for.asked = asked.key
"""  # noqa: S608 - constants only


def relatives(keys: Collection[str]) -> Relatives:
    """Every stored key that is one of these causes, through merges and older keys, or that may be one."""
    certain = family(keys)
    found = {item["key"] for item in rows(_POSSIBLE, {"keys": certain})} if certain else set()
    return Relatives(tuple(certain), tuple(sorted(found.difference(certain))))


def identities(keys: Iterable[str]) -> dict[str, Identity]:
    """What is known of each of these keys; one that nobody knows is like no other."""
    asked = sorted({key for key in keys if key})
    found = {key: Identity(key, "", True, 0) for key in asked}
    for item in rows(_KNOWN, {"keys": asked}) if asked else ():
        found[item["key"]] = Identity(
            item["root"], item["headline"], item["place_known"], item["version"]
        )
    return found


def kin(known: Mapping[str, Identity], key: str, among: Iterable[str]) -> list[str]:
    """Those of `among` that the cause `key` is or may be."""
    return [other for other in among if known[key].may_be(known[other])]
