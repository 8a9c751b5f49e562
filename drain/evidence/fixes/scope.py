"""Which fixes concern a drain: those of causes that its phases had or have, of its sources, of its runs."""

from __future__ import annotations

from drain.db.sql import row
from drain.evidence.fingerprints.identity import relatives
from drain.models import DrainSession, FixMarker

_CONCERNS = """
SELECT EXISTS (
    SELECT FROM drain_candidate c JOIN drain_run r ON r.id = c.run_id
    WHERE c.session_id = %(session)s
        AND (%(source)s::bigint IS NULL OR r.source_id = %(source)s)
        AND (%(runs)s::text[] IS NULL OR r.run_id = ANY(%(runs)s::text[]))
        AND (%(keys)s::text[] IS NULL OR c.fingerprint = ANY(%(keys)s::text[]) OR EXISTS (
            SELECT FROM drain_attempt a WHERE a.phase_id = c.phase_id AND a.session_id = c.session_id
                AND a.fingerprint = ANY(%(keys)s::text[])))
) AS found
"""


def concerns(marker: FixMarker, session: DrainSession) -> bool:
    """Whether a fix has to do with what a drain planned; one that names nothing has to do with all of them."""
    keys = list(marker.fingerprints.values_list("key", flat=True))
    if not keys and marker.source_id is None and not marker.run_ids:
        return True
    values = {
        "session": session.pk,
        "source": marker.source_id,
        "runs": list(marker.run_ids) or None,
        "keys": relatives(keys).all if keys else None,
    }
    return bool(row(_CONCERNS, values)["found"])


def fixes_of(session: DrainSession, most: int) -> list[FixMarker]:
    """The latest fixes that were in before the drain ended and concern it, at most `most`."""
    found = FixMarker.objects.order_by("-applied_at", "-pk")
    if session.ended_at is not None:
        found = found.filter(applied_at__lt=session.ended_at)
    chosen: list[FixMarker] = []
    for marker in found[:_LOOKED_AT]:
        if len(chosen) < most and concerns(marker, session):
            chosen.append(marker)
    return chosen


_LOOKED_AT = 50
