"""Fix markers: a remediation went in at a time, for these causes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from drain.db.sql import clock
from drain.evidence.checks.create import guard
from drain.evidence.fingerprints.aliases import resolve_keys
from drain.evidence.fingerprints.keys import whole_key
from drain.evidence.fingerprints.lifecycle import PERSONS, By, CauseError, deploy_fix
from drain.models import AuditEvent, Fingerprint, FixMarker, Source

TITLE_LIMIT = 300
COMMIT_LIMIT = 100


def add_marker(
    title: str,
    by: By,
    *,
    at: datetime | None = None,
    commit: str = "",
    note: str = "",
    keys: Collection[str] = (),
    source: Source | None = None,
    run_ids: Collection[str] = (),
    guarded: bool = False,
) -> FixMarker:
    """Write the marker and move its causes to "fix deployed", all or nothing.

    `at` defaults to `by.now`; whoever marks a fix at this moment gives `clock()`, by which attempts start.
    Keys may be of merged causes or of older versions. A source or runs narrow what the fix is judged by and
    which drains it concerns. `guarded` adds the checks that prove a fix. Raises CauseError.
    """
    applied_at = at or by.now
    _refuse(title.strip(), commit, applied_at, by.now)
    with transaction.atomic():
        found = _fingerprints(keys)
        marker = FixMarker.objects.create(
            title=title.strip(), applied_at=applied_at, commit=commit, note=note, created_by=by.actor,
            source=source, run_ids=sorted(set(run_ids)),
        )  # fmt: skip
        marker.fingerprints.set(found)
        for fingerprint in found:
            deploy_fix(fingerprint.pk, replace(by, reason=f"fix marker {marker.pk}"))
        if by.origin in PERSONS:
            AuditEvent.objects.create(
                at=by.now, actor=by.actor, origin=by.origin, address=by.address, verb="add_marker",
                subject="marker", subject_pk=str(marker.pk), label=marker.title, reason=by.reason,
                new={"applied_at": applied_at.isoformat(), "keys": [f.key for f in found]} | by.key,
            )  # fmt: skip
        if guarded:
            guard(marker, found, by)
    return marker


def _refuse(title: str, commit: str, applied_at: datetime, now: datetime) -> None:
    if not title:
        raise CauseError("A fix marker needs a title: say what was fixed.")
    if len(title) > TITLE_LIMIT or len(commit) > COMMIT_LIMIT:
        raise CauseError(
            f"A fix marker's title has at most {TITLE_LIMIT} characters and its commit {COMMIT_LIMIT}: shorten them."
        )
    if applied_at > max(now, clock()):
        raise CauseError(_still_to_come(applied_at, now))


def _still_to_come(at: datetime, now: datetime) -> str:
    """A clock of today is often meant for yesterday: say what was understood, and how to write it."""
    here, day = timezone.localtime(at), timedelta(days=1)
    now_here = timezone.localtime(now)
    said = f"{here:%Y-%m-%d %H:%M %Z} is still to come, it is {now_here:%H:%M}: mark a fix once it is in"
    if at - now >= day:
        return f"{said}."
    return f"{said}, or write the day as well, like {(here - day).isoformat(timespec='minutes')}."


def _fingerprints(keys: Collection[str]) -> list[Fingerprint]:
    stands_for = resolve_keys(map(whole_key, keys))
    known = {found.key: found for found in Fingerprint.objects.filter(key__in=stands_for.values())}
    for key, target in stands_for.items():
        if target not in known:
            raise CauseError(
                f"There is no fingerprint “{key}”: `manage.py fingerprints` lists the keys, and so does the page Fingerprints."
            )
    return sorted(known.values(), key=lambda fingerprint: fingerprint.pk)
