"""What attempts say about causes since their fix, decided by maintenance every few minutes.

The rules, in the order in which they are tried:
1. A snooze whose time or count is over ends.
2. A cause seen again after its first time is ongoing.
3. A cause with a fix regresses when an attempt that *started* after the fix failed with it. An attempt
   that started before the fix ran the old code, whenever it ended.
4. A deployed fix is resolved once enough phases that had failed with the cause have ended a counted
   attempt started after the fix, none of them with it: all of them if there are at most three, else a
   tenth of them, at least three and at most thirty (none in thirty leaves at most 10 % at 95 %).
The fix is the cause's newest marker, else the moment a person said so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Max

from drain.db.sql import row, rows
from drain.evidence.fingerprints.aliases import family
from drain.evidence.fingerprints.lifecycle import By, failures, mark_ongoing, regress, resolve, wake
from drain.models import Fingerprint, Transition
from drain.models.vocabulary import FAILURE_OUTCOMES, RATED_OUTCOMES, FingerprintStatus, Origin

FEWEST, SHARE, MOST = 3, 0.1, 30

_FAILED_AFTER = """
SELECT id FROM drain_attempt
WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[])
    AND started_at > %(fix)s::timestamptz ORDER BY started_at LIMIT 1
"""
_CLEAN = """
WITH affected AS (
    SELECT phase_id FROM drain_attempt
    WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[])
    UNION SELECT phase_id FROM drain_candidate WHERE fingerprint = ANY(%(keys)s::text[])
    UNION SELECT id FROM drain_phase WHERE last_fingerprint = ANY(%(keys)s::text[])
)
SELECT count(*) AS affected, count(*) FILTER (WHERE EXISTS (
    SELECT 1 FROM drain_attempt a WHERE a.phase_id = affected.phase_id
        AND a.started_at > %(fix)s::timestamptz AND a.outcome = ANY(%(rated)s::text[])
)) AS clean FROM affected
"""


@dataclass(slots=True)
class Settled:
    """How many causes moved, by what became of them."""

    woken: int = 0
    ongoing: int = 0
    regressed: int = 0
    resolved: int = 0


def settle(now: datetime) -> Settled:
    """Apply the rules to every cause they can concern; safe to run at any time and twice."""
    settled = Settled()
    for found in Fingerprint.objects.filter(status=FingerprintStatus.SNOOZED):
        settled.woken += _snooze_over(found, now) and wake(found.pk, _by(now, "the snooze is over"))
    seen_again = Fingerprint.objects.filter(
        status=FingerprintStatus.NEW, last_seen__gt=F("first_seen")
    )
    for found in seen_again:
        settled.ongoing += mark_ongoing(found.pk, _by(now, "seen again"))
    fixed = Fingerprint.objects.filter(
        status__in=(FingerprintStatus.FIX_DEPLOYED, FingerprintStatus.RESOLVED)
    ).annotate(marked=Max("markers__applied_at"))
    for found in fixed:
        _settle_fixed(found, found.marked, now, settled)
    return settled


def enough_clean(affected: int) -> int:
    """How many formerly affected phases must have run without the cause."""
    return min(affected, MOST, max(FEWEST, math.ceil(affected * SHARE)))


def _settle_fixed(
    found: Fingerprint, marked: datetime | None, now: datetime, settled: Settled
) -> None:
    fix = marked or _said_fixed(found.pk)
    values = {
        "keys": family([found.key]),
        "fix": fix,
        "failures": [outcome.value for outcome in FAILURE_OUTCOMES],
        "rated": [outcome.value for outcome in RATED_OUTCOMES],
    }
    again = rows(_FAILED_AFTER, values)
    if again:
        attempt = again[0]["id"]
        by = _by(now, f"failed again in attempt {attempt}, started after the fix", attempt)
        settled.regressed += regress(found.pk, by)
    elif found.status == FingerprintStatus.FIX_DEPLOYED:
        counts = row(_CLEAN, values)
        if counts["clean"] and counts["clean"] >= enough_clean(counts["affected"]):
            said = f"{counts['clean']} of {counts['affected']} affected phases ran without it since the fix"
            settled.resolved += resolve(found.pk, _by(now, said))


def _said_fixed(pk: int) -> datetime:
    said = Transition.objects.filter(
        subject="fingerprint", subject_pk=pk, to_state__in=("fix_deployed", "resolved")
    ).aggregate(at=Max("at"))["at"]
    return said or Fingerprint.objects.values_list("last_seen", flat=True).get(pk=pk)


def _snooze_over(found: Fingerprint, now: datetime) -> bool:
    if found.snoozed_until is not None:
        return found.snoozed_until <= now
    more = failures(found.pk) - (found.snoozed_from_count or 0)
    return more >= (found.snoozed_for_count or 0)


def _by(now: datetime, reason: str, attempt: int | None = None) -> By:
    return By("maintenance", Origin.SCHEDULE, now, reason, attempt)
