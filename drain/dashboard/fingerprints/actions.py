"""Decisions of a person about a fingerprint: snooze, mute, wake, resolve, merge and its undoing, split;
each over one verb.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from drain.dashboard.http.actions import attempt, by, reason_of, verb
from drain.evidence.fingerprints.lifecycle import (
    By,
    CauseError,
    mute,
    resolve,
    snooze,
    wake,
)
from drain.evidence.fingerprints.merging import merge, unmerge
from drain.evidence.fingerprints.splitting import split
from drain.fingerprints.splitting import SplitBy
from drain.models import Fingerprint
from drain.policy.numbers import whole

MANAGE = "drain.manage_fingerprints"
LONGEST_DAYS = 3650


@verb(MANAGE)
def fingerprint_snooze(request: HttpRequest, key: str) -> HttpResponse:
    """Out of every plan for a number of days."""

    def act(pk: int, who: By) -> bool:
        text = request.POST.get("days", "").strip()
        days = whole(text, LONGEST_DAYS)
        if not days:
            raise CauseError(f"Days “{text[:20]}” makes no sense: give 1 to {LONGEST_DAYS:,}.")
        return snooze(pk, who, until=who.now + timedelta(days=days))

    return _act(request, key, act, "snoozed")


@verb(MANAGE)
def fingerprint_mute(request: HttpRequest, key: str) -> HttpResponse:
    """Mute it: nobody wants to hear of it."""
    return _act(request, key, mute, "muted")


@verb(MANAGE)
def fingerprint_wake(request: HttpRequest, key: str) -> HttpResponse:
    """Back from a snooze or a mute."""
    return _act(request, key, wake, "awake again")


@verb(MANAGE)
def fingerprint_resolve(request: HttpRequest, key: str) -> HttpResponse:
    """A person says that it is gone."""
    return _act(request, key, resolve, "resolved")


@verb(MANAGE)
def fingerprint_merge(request: HttpRequest, key: str) -> HttpResponse:
    """Merge it: its failures count for another one from now on."""

    def act(pk: int, who: By) -> bool:
        wanted = request.POST.get("into", "").replace("\0", "").strip()
        target = Fingerprint.objects.filter(key=wanted).first()
        if target is None:
            raise CauseError(
                f"There is no fingerprint “{wanted[:48]}”: copy its key from its page."
            )
        return merge(pk, target.pk, who)

    return _act(request, key, act, "merged")


@verb(MANAGE)
def fingerprint_unmerge(request: HttpRequest, key: str) -> HttpResponse:
    """Undo its merge: its failures count for it alone again."""
    return _act(request, key, unmerge, "a fingerprint of its own again")


@verb(MANAGE)
def fingerprint_split(request: HttpRequest, key: str) -> HttpResponse:
    """Split it: some of its failures, earlier and later, become a fingerprint of their own."""
    cause = get_object_or_404(Fingerprint, key=key)

    def run() -> str:
        way = request.POST.get("by", "")
        if way not in {each.value for each in SplitBy}:
            raise CauseError("Say by what to split: type, message, place or test.")
        who = by(request, timezone.now(), reason_of(request))
        part = split(cause.pk, SplitBy(way), request.POST.get("value", ""), who)
        return f"“{part.title[:80]}” is a fingerprint of its own."

    return attempt(request, run, reverse("drain:fingerprint-detail", args=[key]))


def _act(request: HttpRequest, key: str, act: Callable[[int, By], bool], word: str) -> HttpResponse:
    cause = get_object_or_404(Fingerprint, key=key)

    def run() -> str:
        if not act(cause.pk, by(request, timezone.now(), reason_of(request))):
            raise CauseError(f"It is {cause.status} by now and cannot be {word}: nothing changed.")
        return f"“{cause.title[:80]}” is {word}."

    return attempt(request, run, reverse("drain:fingerprint-detail", args=[key]))
