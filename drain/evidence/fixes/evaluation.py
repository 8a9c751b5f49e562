"""The evaluation of fingerprints by attempts since their fix; maintenance runs it every few minutes.

The rules, in the order in which they are tried:
1. A snooze whose time or count is over ends.
2. A cause seen again after its first time is ongoing.
3. A cause with a fix regresses when an attempt that *started* after the fix failed with it, where the fix is for: of
   the marker's source and runs, if it names any. One that was resolved regresses wherever it fails. An attempt
   that started before the fix ran the old code, whenever it ended. What only may be the cause decides nothing.
4. A deployed fix is resolved once it works by the one verdict on fixes, no phase that was tried since failed
   by it or by what may be it, and none is left failed so: wherever, since the cause is one everywhere.
The fix is the cause's newest marker, else the moment a person said so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import F, Max

from drain.db.sql import row, rows
from drain.evidence.fingerprints.aliases import family
from drain.evidence.fingerprints.identity import relatives
from drain.evidence.fingerprints.lifecycle import By, failures, mark_ongoing, regress, resolve, wake
from drain.evidence.fixes import reading
from drain.evidence.fixes.judgement import FixVerdict, earlier, judge_keys
from drain.evidence.fixes.reading import IN_SCOPE, FixScope
from drain.evidence.fixes.trials import FixWindow
from drain.evidence.fixes.verdict import FEWEST_TO_WORK, FixDemands, Ruling
from drain.models import Fingerprint, FixMarker, Transition
from drain.models.vocabulary import FingerprintStatus, Origin

_FAILED_AFTER = """
SELECT id FROM drain_attempt
WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[])
    AND started_at > %(fix)s::timestamptz AND {scope} ORDER BY started_at LIMIT 1
"""
# Cheap, and mostly enough to know that the verdict need not be asked for.
_TRIED = """
SELECT count(DISTINCT a.phase_id)::int AS phases FROM drain_attempt a
WHERE a.started_at > %(fix)s::timestamptz AND a.outcome = ANY(%(judged)s::text[]) AND a.phase_id IN (
    SELECT phase_id FROM drain_attempt
    WHERE fingerprint = ANY(%(keys)s::text[]) AND outcome = ANY(%(failures)s::text[])
    UNION SELECT phase_id FROM drain_candidate WHERE fingerprint = ANY(%(keys)s::text[]))
"""


@dataclass(slots=True)
class Settled:
    """The number of moved fingerprints, by their new status."""

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
    )
    for found in fixed:
        _settle_fixed(found, now, settled)
    return settled


def _settle_fixed(found: Fingerprint, now: datetime, settled: Settled) -> None:
    marker = FixMarker.objects.filter(fingerprints=found).order_by("-applied_at").first()
    fix = FixScope((), FixWindow(marker.applied_at if marker else _said_fixed(found.pk)))
    if marker is not None:
        fix = replace(fix, source=marker.source_id, runs=tuple(marker.run_ids))
    deployed = found.status == FingerprintStatus.FIX_DEPLOYED
    again = _failed_since(fix if deployed else replace(fix, source=None, runs=()), found.key)
    if again is not None:
        by = _by(now, f"failed again in attempt {again}, started after the fix", again)
        settled.regressed += regress(found.pk, by)
    elif deployed and _enough_tried(fix, found.key):
        limits = FixDemands(marker.majority, marker.gain) if marker else None
        window = replace(fix.window, earlier=earlier(marker) if marker else None)
        verdict = judge_keys((found.key,), replace(fix, window=window), limits)
        if verdict.ruling is Ruling.WORKS and not _still_there(verdict, fix, found.key):
            settled.resolved += resolve(found.pk, _by(now, verdict.sentence[:500]))


def _failed_since(fix: FixScope, key: str) -> int | None:
    """The first attempt within the scope of the fix that started after it and failed with the cause."""
    values = replace(fix, keys=family([key])).values()
    found = rows(_FAILED_AFTER.format(scope=IN_SCOPE.format(run="run_id")), values)
    return found[0]["id"] if found else None


def _enough_tried(fix: FixScope, key: str) -> bool:
    values = replace(fix, keys=family([key])).values()
    return int(row(_TRIED, values)["phases"]) >= FEWEST_TO_WORK


def _still_there(verdict: FixVerdict, fix: FixScope, key: str) -> bool:
    """Return whether it failed since the fix, or a phase is failed by it or by its like,
    within its scope or outside.
    """
    anywhere = replace(fix, source=None, runs=(), keys=relatives([key]).all)
    if any(cause.after.failed for cause in verdict.causes) or reading.left(anywhere).failing:
        return True
    return _failed_since(anywhere, key) is not None


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
