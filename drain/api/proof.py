"""Fixes, checks, fingerprints, comparisons, reports and what-if over the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Body, Query
from ninja.responses import Status

from drain.db.sql import clock
from drain.engine.autopilot.rollouts import OnFix, drain_on_fix
from drain.engine.sessions.replay import replay
from drain.evidence.comparison.question import asked
from drain.evidence.fingerprints import lifecycle, merging, splitting
from drain.evidence.fingerprints.aliases import failed_now
from drain.evidence.fingerprints.lifecycle import By
from drain.evidence.fixes.judgement import judge_marker
from drain.evidence.fixes.markers import add_marker
from drain.evidence.report.build import build_report
from drain.evidence.report.json import render_json
from drain.fingerprints.splitting import SplitBy
from drain.models import Check, Fingerprint, FixMarker, Source
from drain.policy.moments import read_moment
from drain.policy.stopping.limits import Limits

from . import evidence_schemas as shapes
from .acts import limits_of
from .door import ApiError, caller
from .reads import SEE_SESSION, find_session, page
from .schemas import (
    NO_REASON,
    CompareListing,
    FingerprintListing,
    Listing,
    MarkerIn,
    MergeIn,
    ReasonIn,
    SnoozeIn,
    SplitIn,
    WhatIfIn,
)
from .site import operation

MANAGE = "drain.manage_fingerprints"
DRAIN = "drain.add_drainsession"
SEE_FIX = "drain.view_fixmarker"


@operation("GET", "fixes/{int:pk}", SEE_FIX, "fix-detail", shapes.Fix)
def fix_detail(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return a fix and whether it works, as its page and `compare --marker` say it."""
    marker = FixMarker.objects.select_related("source").filter(pk=pk).first()
    if marker is None:
        raise ApiError(404, f"There is no fix marker {pk}.")
    return {
        "id": marker.pk, "title": marker.title, "applied_at": marker.applied_at,
        "commit": marker.commit, "source": marker.source.name if marker.source else None,
        "run_ids": marker.run_ids, "verdict": judge_marker(marker).as_dict(),
    }  # fmt: skip


@operation("GET", "markers", SEE_FIX, "marker-list", shapes.FixPage)
def marker_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Return fix markers, newest first; the verdict on one is `fixes/ID`."""
    found = FixMarker.objects.select_related("source").prefetch_related("fingerprints")
    return page(request, listing, found.order_by("-pk"), _marker, newest=True)


@operation("POST", "markers", "drain.add_fixmarker", "marker-list", shapes.FixRow, status=201)
def marker_add(request: HttpRequest, body: MarkerIn) -> Status[Any]:
    """Say that a fix went in: its fingerprints become “fix deployed”, and the proof begins.

    With `drain_on_fix` a sample of what it is about is drained, and more while it works; see `rollouts`.
    """
    by = _by(request, "")
    source = Source.objects.filter(name=body.source).first() if body.source else None
    if body.source and source is None:
        raise ApiError(404, f"There is no source “{body.source[:60]}”.")
    at = read_moment(body.at, timezone.localtime(by.now)) if body.at else clock()
    drains = body.drain_on_fix
    if drains is not None and not caller(request).user.has_perm(DRAIN):
        raise ApiError(
            403, "drain_on_fix needs the right to start drains; add the marker without it."
        )
    with transaction.atomic():
        marker = add_marker(
            body.title, by, at=at, commit=body.commit, note=body.note, keys=body.fingerprints,
            guarded=body.guard, source=source, run_ids=body.run_ids,
        )  # fmt: skip
        if drains is not None:
            wanted = OnFix(drains.sample, limits_of(drains.limits))
            drain_on_fix(marker, wanted, caller(request).person, by.now)
    return Status(201, _marker(marker))


def _marker(marker: FixMarker) -> dict[str, Any]:
    return {
        "id": marker.pk, "title": marker.title, "applied_at": marker.applied_at,
        "commit": marker.commit, "source": marker.source.name if marker.source else None,
        "run_ids": marker.run_ids, "fingerprints": sorted(f.key for f in marker.fingerprints.all()),
        "created_by": marker.created_by,
    }  # fmt: skip


@operation("GET", "checks", "drain.view_check", "check-list", shapes.CheckPage)
def check_list(request: HttpRequest, listing: Query[Listing]) -> dict[str, Any]:
    """Return checks, newest first, and when they were judged last."""

    def shown(check: Check) -> dict[str, Any]:
        return {
            "id": check.pk, "kind": check.kind, "name": check.name, "enabled": check.enabled,
            "drain": check.session_id, "marker": check.marker_id, "judged_at": check.judged_at,
        }  # fmt: skip

    return page(request, listing, Check.objects.order_by("-pk"), shown, newest=True)


@operation(
    "GET", "fingerprints", "drain.view_fingerprint", "fingerprint-list", shapes.FingerprintPage
)
def fingerprint_list(request: HttpRequest, listing: Query[FingerprintListing]) -> dict[str, Any]:
    """Return fingerprints, newest first, with how many phases are failed by them now."""
    found = Fingerprint.objects.select_related("merged_into").order_by("-pk")
    if listing.status:
        found = found.filter(status=listing.status)
    answer = page(request, listing, found, _fingerprint, newest=True)
    counts = failed_now([item["key"] for item in answer["items"]])
    for item in answer["items"]:
        item["failed_now"] = counts[item["key"]]
    return answer


def _fingerprint(cause: Fingerprint) -> dict[str, Any]:
    return {
        "id": cause.pk, "key": cause.key, "title": cause.title, "status": cause.status,
        "category": cause.category, "failed_now": 0, "first_seen": cause.first_seen,
        "last_seen": cause.last_seen,
        "merged_into": cause.merged_into.key if cause.merged_into else None,
    }  # fmt: skip


def _lifecycle(name: str, verb: Callable[[int, By], bool], word: str) -> None:
    def act(
        request: HttpRequest,
        key: str,
        body: Body[ReasonIn] = NO_REASON,
    ) -> dict[str, Any]:
        return _decided(request, key, verb, body.reason, word)

    act.__doc__ = f"{name.capitalize()} a fingerprint; 409 when its state does not allow it."
    path = f"fingerprints/{{str:key}}/{name}"
    operation("POST", path, MANAGE, f"fingerprint-{name}", shapes.FingerprintOut)(act)


for _name, _verb, _word in (
    ("mute", lifecycle.mute, "muted"),
    ("wake", lifecycle.wake, "awake again"),
    ("resolve", lifecycle.resolve, "resolved"),
    ("unmerge", merging.unmerge, "unmerged"),
):
    _lifecycle(_name, _verb, _word)


@operation(
    "POST", "fingerprints/{str:key}/snooze", MANAGE, "fingerprint-snooze", shapes.FingerprintOut
)
def fingerprint_snooze(request: HttpRequest, key: str, body: SnoozeIn) -> dict[str, Any]:
    """Set a fingerprint aside until a time, or for so many failures more."""
    now = timezone.localtime()
    until = read_moment(body.until, now, coming=True) if body.until else None

    def verb(pk: int, by: By) -> bool:
        return lifecycle.snooze(pk, by, until=until, for_count=body.for_count)

    return _decided(request, key, verb, body.reason, "snoozed")


@operation(
    "POST", "fingerprints/{str:key}/merge", MANAGE, "fingerprint-merge", shapes.FingerprintOut
)
def fingerprint_merge(request: HttpRequest, key: str, body: MergeIn) -> dict[str, Any]:
    """Count every failure of this fingerprint for another one."""
    target = _cause(body.into).pk
    return _decided(
        request, key, lambda pk, by: merging.merge(pk, target, by), body.reason, "merged"
    )


@operation(
    "POST", "fingerprints/{str:key}/split", MANAGE, "fingerprint-split", shapes.FingerprintOut
)
def fingerprint_split(request: HttpRequest, key: str, body: SplitIn) -> dict[str, Any]:
    """Make some of its failures, earlier and later, a fingerprint of their own; returns that one."""
    part = splitting.split(_cause(key).pk, SplitBy(body.by), body.value, _by(request, body.reason))
    return _fingerprint(part) | {"failed_now": _failed_now(part.key)}


def _failed_now(key: str) -> int:
    return failed_now([key])[key]


def _decided(
    request: HttpRequest, key: str, verb: Callable[[int, By], bool], reason: str, word: str
) -> dict[str, Any]:
    cause = _cause(key)
    if not verb(cause.pk, _by(request, reason)):
        raise ApiError(409, f"It is {cause.status} and cannot be {word}: nothing changed.")
    return _fingerprint(_cause(key)) | {"failed_now": _failed_now(key)}


def _cause(key: str) -> Fingerprint:
    found = Fingerprint.objects.select_related("merged_into").filter(key=key).first()
    if found is None:
        raise ApiError(404, f"There is no fingerprint “{key[:60]}”.")
    return found


def _by(request: HttpRequest, reason: str) -> By:
    who = caller(request).person
    if len(reason) > 2000:
        raise ApiError(422, "reason may have at most 2,000 characters.")
    return By(
        who.name, who.origin, timezone.now(), reason.strip(), address=who.address, token=who.token
    )


@operation("GET", "compare", "drain.view_attempt", "compare", shapes.Compared)
def compare(request: HttpRequest, question: Query[CompareListing]) -> dict[str, Any]:
    """Compare two sides: a marker, a drain, two drains, two stretches of time, two sources."""
    values: Mapping[str, str] = question.model_dump(by_alias=True, exclude_none=True)
    found = asked(values, timezone.now())
    return {"asked": found.values, **asdict(found.compared())}


@operation("GET", "sessions/{int:pk}/report", SEE_SESSION, "session-report", dict[str, Any])
def session_report(request: HttpRequest, pk: int) -> Any:
    """Return the report of a drain with its proof, as `report --json` prints it."""
    report = build_report(find_session(pk), timezone.now())
    return StreamingHttpResponse(render_json(report), content_type="application/json")


@operation("POST", "sessions/{int:pk}/what-if", SEE_SESSION, "session-what-if", shapes.WhatIfOut)
def what_if(request: HttpRequest, pk: int, body: WhatIfIn) -> dict[str, Any]:
    """Replay a past drain under other limits: what they would have saved and lost."""
    session = find_session(pk)
    own = Limits.from_json(session.limits)
    given = body.limits.model_dump(exclude_none=True)
    changed = Limits.from_json(given)
    limits = replace(own, **{name: getattr(changed, name) for name in given}).validate()
    found = replay(session, limits)
    names = ("kept", "skipped", "completes_lost", "telemetry_lost", "timeouts_added", "never_tried")
    return {
        "session": pk,
        **{name: getattr(found, name) for name in names},
        "attempt_minutes_saved": round(found.attempt_minutes_saved, 2),
        "clock_minutes_saved": round(found.clock_minutes_saved, 2),
        "stop": found.stop.to_json() if found.stop else None,
        "run_stops": [card.to_json() for _, card in found.run_stops],
    }
