"""Verdicts on fixes that maintenance keeps, so that a list of them costs no judging."""

from __future__ import annotations

from datetime import datetime

from drain.db.sql import rows
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.kept import to_keep
from drain.models import FixMarker

A_ROUND = 5
"""At most this many are judged in one round of maintenance; the rest are due in the next one."""
MOST = 20
"""Causes of a fix whose verdicts are stored; of a fix of more the page judges anew."""
_OF_CAUSE = ("key", "title", "ruling", "sentence")

# The claim comes first, so two hosts never judge the same fix, and one that cannot be judged loses its turn.
_CLAIM = """
UPDATE drain_fixmarker SET judged_at = %(now)s WHERE id = (
    SELECT id FROM drain_fixmarker m
    WHERE judged_at IS NULL OR judged_at <= %(now)s - interval '10 minutes' OR EXISTS (
        SELECT FROM drain_drainsession s WHERE s.ended_at > m.judged_at AND s.ended_at <= %(now)s)
    ORDER BY judged_at NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def judge_fixes(now: datetime, limit: int = A_ROUND) -> list[int]:
    """Judge the fixes whose time has come and keep what was found; safe to run twice at once."""
    judged: list[int] = []
    while len(judged) < limit and (claimed := rows(_CLAIM, {"now": now})):
        marker = FixMarker.objects.get(pk=claimed[0]["id"])
        verdict = judge_marker(marker)
        found = verdict.as_dict()
        stored = {name: found[name] for name in ("ruling", "check", "words", "sentence", "short")}
        stored["causes"] = [
            {name: one[name] for name in _OF_CAUSE} for one in found["causes"][:MOST]
        ]
        if len(verdict.causes) <= MOST:
            stored |= to_keep(verdict, now)
        FixMarker.objects.filter(pk=marker.pk).update(verdict=stored)
        judged.append(marker.pk)
    return judged
