"""The fixes that concern a drain: of fingerprints that its phases had, of its sources, of its runs."""

from __future__ import annotations

from collections.abc import Collection

from drain.db.sql import rows
from drain.evidence.comparison.sides import FAILURES
from drain.evidence.fingerprints.identity import related, relatives
from drain.models import DrainSession, FixMarker

LOOKED_AT = 50
"""Fixes before a drain, the latest first, among which those that concern it are looked for."""

# One that is concerned is found at its first phase that is, however many it has.
_CONCERNED = """
SELECT s.id AS session FROM unnest(%(sessions)s::bigint[]) s(id) WHERE EXISTS (
    SELECT FROM drain_candidate c JOIN drain_run r ON r.id = c.run_id
    WHERE c.session_id = s.id
        AND (%(source)s::bigint IS NULL OR r.source_id = %(source)s)
        AND (%(runs)s::text[] IS NULL OR r.run_id = ANY(%(runs)s::text[])))
"""
# Of a fingerprint: those whose plan or whose failures name it, by the indexes of fingerprints alone.
_NAMING = """
SELECT DISTINCT met.session_id AS session FROM (
    SELECT session_id, run_id FROM drain_candidate
    WHERE fingerprint = ANY(%(keys)s::text[]) AND session_id = ANY(%(sessions)s::bigint[])
    UNION
    SELECT session_id, run_id FROM drain_attempt
    WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[])
        AND session_id = ANY(%(sessions)s::bigint[])
) met JOIN drain_run r ON r.id = met.run_id
WHERE (%(source)s::bigint IS NULL OR r.source_id = %(source)s)
    AND (%(runs)s::text[] IS NULL OR r.run_id = ANY(%(runs)s::text[]))
"""
# What a drain's phases had failed by, and fail by, with their runs: few, however many phases there are.
_MET = """
SELECT DISTINCT r.run_id AS run, r.source_id AS source, met.key FROM (
    SELECT run_id, fingerprint AS key FROM drain_candidate WHERE session_id = %(session)s
        AND (%(keys)s::text[] IS NULL OR fingerprint = ANY(%(keys)s::text[]))
    UNION SELECT run_id, fingerprint FROM drain_attempt WHERE session_id = %(session)s
        AND (%(keys)s::text[] IS NULL OR fingerprint = ANY(%(keys)s::text[]))
) met JOIN drain_run r ON r.id = met.run_id
"""


def concerns(marker: FixMarker, session: DrainSession) -> bool:
    """Return whether a fix concerns the plan of a drain."""
    return session.pk in concerned(marker, [session.pk])


def concerned(marker: FixMarker, sessions: Collection[int]) -> set[int]:
    """Return the ids of these drains that the fix concerns; a fix that names nothing concerns all."""
    keys = list(marker.fingerprints.values_list("key", flat=True))
    if not keys and marker.source_id is None and not marker.run_ids:
        return set(sessions)
    values = {
        "sessions": list(sessions),
        "source": marker.source_id,
        "runs": list(marker.run_ids) or None,
        "keys": relatives(keys).all,
        "failures": FAILURES,
    }
    return {item["session"] for item in rows(_NAMING if keys else _CONCERNED, values)}


def fixes_of(session: DrainSession, most: int) -> list[FixMarker]:
    """The latest fixes that were in before the drain ended and concern it, at most `most`."""
    found = FixMarker.objects.order_by("-applied_at", "-pk").prefetch_related("fingerprints")
    if session.ended_at is not None:
        found = found.filter(applied_at__lt=session.ended_at)
    looked_at = list(found[:LOOKED_AT])
    named = {marker.pk: [one.key for one in marker.fingerprints.all()] for marker in looked_at}
    kin = related({key for keys in named.values() for key in keys})
    asked = sorted({key for found in kin.values() for key in found.all})
    # A fix of no fingerprint asks for runs and sources, whatever they failed by.
    values = {"session": session.pk, "keys": asked if all(named.values()) else None}
    met = rows(_MET, values) if looked_at else []
    chosen = []
    for marker in looked_at:
        keys = {key for one in named[marker.pk] for key in kin[one].all}
        narrow = keys or marker.source_id is not None or marker.run_ids
        if not narrow or any(
            (not keys or item["key"] in keys)
            and marker.source_id in (None, item["source"])
            and (not marker.run_ids or item["run"] in marker.run_ids)
            for item in met
        ):
            chosen.append(marker)
    return chosen[:most]
