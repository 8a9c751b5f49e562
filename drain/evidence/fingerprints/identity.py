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
from drain.evidence.fingerprints.aliases import MEMBERS, STANDS_FOR, resolve_keys


class FingerprintIdentity(NamedTuple):
    """The identity of the fingerprint behind a key."""

    root: str
    """The key that stands for it today."""
    headline: str
    place_known: bool
    version: int

    def may_be(self, other: FingerprintIdentity) -> bool:
        """Return whether both are, or may be, one."""
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
        """The keys of both together."""
        return [*self.certain, *self.possible]


_RELATED = f"""
WITH RECURSIVE {MEMBERS}
SELECT root, key, false AS possible FROM member
UNION
SELECT member.root, coalesce(a.key, o.key), true
FROM member JOIN drain_fingerprint f ON f.key = member.key
JOIN drain_fingerprint o ON o.headline = f.headline AND o.id <> f.id
LEFT JOIN LATERAL (
    SELECT o.key UNION SELECT key FROM drain_fingerprintalias WHERE fingerprint_id = o.id
) a ON true
WHERE f.headline <> '' AND NOT (f.place_known AND o.place_known AND f.version = o.version)
"""  # noqa: S608 - constants only
_KNOWN = f"""
WITH RECURSIVE asked AS (SELECT unnest(%(keys)s::text[]) AS key), {STANDS_FOR}
SELECT asked.key, stands_for.key AS root, f.headline, f.place_known, f.version
FROM asked LEFT JOIN drain_fingerprintalias a ON a.key = asked.key
JOIN drain_fingerprint f ON f.key = asked.key OR f.id = a.fingerprint_id
JOIN stands_for ON stands_for.asked = asked.key
"""  # noqa: S608 - constants only


def relatives(keys: Collection[str]) -> Relatives:
    """Every stored key that is one of these causes, through merges and older keys, or that may be one."""
    found = related(keys).values()
    certain = {key for each in found for key in each.certain}
    possible = {key for each in found for key in each.possible}
    return Relatives(tuple(sorted(certain)), tuple(sorted(possible - certain)))


def related(keys: Collection[str]) -> dict[str, Relatives]:
    """The same for each of these keys; two queries however many there are."""
    roots = resolve_keys(keys)
    found = related_to(set(roots.values()))
    return {key: found[root] for key, root in roots.items()}


def related_to(roots: Collection[str]) -> dict[str, Relatives]:
    """Return what `related` does, for keys that stand for themselves: one query instead of two."""
    members: dict[str, tuple[set[str], set[str]]] = {root: (set(), set()) for root in roots}
    for item in rows(_RELATED, {"keys": sorted(members)}) if members else ():
        members[item["root"]][item["possible"]].add(item["key"])
    return {
        root: Relatives(tuple(sorted(certain)), tuple(sorted(possible - certain)))
        for root, (certain, possible) in members.items()
    }


def identities(keys: Iterable[str]) -> dict[str, FingerprintIdentity]:
    """Return the identity of each of these keys; an unknown one is like no other."""
    asked = sorted({key for key in keys if key})
    found = {key: FingerprintIdentity(key, "", True, 0) for key in asked}
    for item in rows(_KNOWN, {"keys": asked}) if asked else ():
        found[item["key"]] = FingerprintIdentity(
            item["root"], item["headline"], item["place_known"], item["version"]
        )
    return found


def kin(known: Mapping[str, FingerprintIdentity], key: str, among: Iterable[str]) -> list[str]:
    """Return the keys of `among` that the fingerprint `key` is or may be."""
    return [other for other in among if known[key].may_be(known[other])]
