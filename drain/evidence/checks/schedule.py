"""Checks that maintenance judges by itself: those of fix markers over everything since, those of the fleet.

A row of history is only added when what a check found changed, so a check that passes for a month has
one row, and its `judged_at` says that it was looked at a minute ago.
"""

from __future__ import annotations

from datetime import datetime

from drain.db.sql import rows
from drain.evidence.checks.evidence import Ground, ground_of_fleet, ground_of_marker
from drain.evidence.checks.run import judge_on
from drain.evidence.checks.verdicts import Verdict
from drain.models import Check, CheckResult

A_ROUND = 5
"""At most this many are judged in one round of maintenance; the rest are due in the next one."""

# The claim comes first: two hosts never judge the same check, and one that cannot be judged loses its
# turn instead of holding up the others. The end of a drain is news for every fix before it: the list of
# fixes must not say for another ten minutes what the page of one no longer says.
_CLAIM = """
UPDATE drain_check SET judged_at = %(now)s WHERE id = (
    SELECT id FROM drain_check WHERE enabled AND every_minutes IS NOT NULL
        AND (judged_at IS NULL OR judged_at <= %(now)s - every_minutes * interval '1 minute'
            OR marker_id IS NOT NULL AND EXISTS (
                SELECT FROM drain_drainsession s
                WHERE s.ended_at > drain_check.judged_at AND s.ended_at <= %(now)s))
    ORDER BY judged_at NULLS FIRST, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def judge_due(now: datetime, limit: int = A_ROUND) -> list[Check]:
    """Judge the checks whose time has come, the longest waiting first; safe to run twice at once."""
    judged: list[Check] = []
    while len(judged) < limit and (claimed := rows(_CLAIM, {"now": now})):
        check = Check.objects.select_related("marker", "fingerprint").get(pk=claimed[0]["id"])
        note(check, judge_on(check, ground_of(check, now)), now)
        judged.append(check)
    return judged


def ground_of(check: Check, now: datetime) -> Ground:
    """Return the sides of a check without a session."""
    if check.marker is not None:
        return ground_of_marker(check.marker, now)
    return ground_of_fleet(check.window_hours, now)


def note(check: Check, found: Verdict, now: datetime) -> bool:
    """Add a row of history unless the newest one says the same; whether it was added."""
    last = CheckResult.objects.filter(check_run=check, session=None).order_by("-pk").first()
    if last is not None and (last.verdict, last.observed) == (found.verdict, found.observed):
        return False
    CheckResult.objects.create(
        check_run=check,
        verdict=found.verdict,
        sentence=found.sentence,
        observed=found.observed,
        at=now,
    )
    return True
