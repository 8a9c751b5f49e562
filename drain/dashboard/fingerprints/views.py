"""Fingerprints: by trend, and the page of one with its lifecycle and what can be done about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from drain.dashboard.fingerprints import queries as reads
from drain.dashboard.fingerprints.listing import (
    COLUMNS,
    DEFAULT,
    EXPORTED,
    FingerprintFilter,
    exported,
    listed,
)
from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.lists.download import download, wanted
from drain.dashboard.lists.order import begins_at, place_of, read_order
from drain.dashboard.ticked.fingerprints import DECISIONS, matching_fingerprints
from drain.dashboard.ticked.question import MOST, matching_of
from drain.dashboard.ui.charts import Chart, Marker, Series, stacked_chart
from drain.dashboard.ui.states import look
from drain.engine.notes import latest_on_fingerprints, notes_on_keys
from drain.evidence.fingerprints.aliases import members, resolve_keys
from drain.fingerprints.splitting import SplitBy
from drain.models import Fingerprint, FixMarker, Transition
from drain.models.fingerprints.reported import MOST_NEW
from drain.models.vocabulary import FingerprintStatus

SHOWN = 40
FIXES = 5


@dataclass(frozen=True, slots=True)
class Station:
    """One stop of a fingerprint's lifecycle: the state it came to, when and why."""

    state: str
    at: datetime | None
    note: str = ""
    current: bool = False
    later: bool = False


@requires()
def fingerprint_list(request: HttpRequest) -> HttpResponseBase:
    """Show fingerprints, those that fail most phases now first;
    every filter is in the address, and so is a download.
    """
    now = timezone.now()
    asked, order = FingerprintFilter.read(request.GET, now), read_order(request, COLUMNS, DEFAULT)
    if kind := wanted(request):
        return download(kind, "fingerprints", EXPORTED, exported(asked, order, now))
    start = begins_at(request)
    found = listed(asked, order, now, SHOWN + 1, start)
    context = {
        "now": now,
        "fingerprints": found[:SHOWN],
        "asked": asked,
        "order": order,
        "place": place_of(start, SHOWN, len(found) > SHOWN),
        "statuses": [(name, look(name).word) for name in FingerprintStatus.values],
        "saved": SavedViews(request, "fingerprint-list"),
        "acts": _acts(request),
        "most_at_once": MOST,
        "matching": matching_of(
            request,
            beyond=start > 0 or len(found) > SHOWN,
            count=lambda: len(matching_fingerprints(request.GET)),
        ),
        "notes": latest_on_fingerprints([row["key"] for row in found[:SHOWN]]),
    }
    return page_or_fragment(request, "fingerprints/page.html", "fingerprints/_list.html", context)


def _acts(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the acts on ticked fingerprints that the person may use."""
    acts: list[dict[str, Any]] = []
    if request.user.has_perm("drain.add_drainsession"):
        acts.append({"label": "Drain…", "href": link("fingerprints-drain")})
    if request.user.has_perm("drain.manage_fingerprints"):
        href = link("fingerprints-decide")
        acts += [
            {"label": f"{name.capitalize()}…", "href": href, "act": name} for name in DECISIONS
        ]
    return acts


@requires()
def fingerprint_detail(request: HttpRequest, key: str) -> HttpResponse:
    """Show one fingerprint; a merged key, or one of an older version,
    leads to the one that stands for it now.
    """
    found = Fingerprint.objects.filter(key=key, merged_into=None).first()
    if found is None:
        stands_for = resolve_keys([key])[key]
        if stands_for == key:
            raise Http404(f"No fingerprint has the key {key}.")
        return redirect("drain:fingerprint-detail", key=stands_for)
    return render(request, "fingerprints/detail.html", _context(found))


def _context(fingerprint: Fingerprint) -> dict[str, Any]:
    now = timezone.now()
    markers = FixMarker.objects.filter(fingerprints=fingerprint).order_by("-applied_at", "-pk")
    fixes = list(markers[:FIXES])
    marker = fixes[0] if fixes else None
    keys = members([fingerprint.key])
    facts = reads.shared_facts(fingerprint, keys, marker, now)
    shown = {other.pk for other, _ in facts.likely}
    return {
        "now": now,
        "fingerprint": fingerprint,
        "total": facts.total,
        "samples": facts.samples,
        "hours_chart": _hours_chart(facts, marker),
        "marker": marker,
        "earlier_fixes": fixes[1:],
        "since_marker": facts.around,
        "became": facts.became,
        "fix_words": marker.verdict.get("words", "Not judged yet") if marker else "",
        "most_new": MOST_NEW,
        "notes": list(notes_on_keys(keys)),
        "decided": reads.decided(fingerprint),
        "likely": facts.likely,
        "merged": reads.merged(fingerprint, keys),
        "parts": reads.parts(fingerprint),
        "split_ways": [way.value for way in SplitBy],
        "split_values": facts.split_values,
        "may_be": [other for other in facts.may_be if other.pk not in shown],
        "runs": facts.runs,
        "phases": facts.runs[0]["phases"] if facts.runs else 0,
        "stations": _stations(fingerprint, marker),
        "open": fingerprint.status not in (FingerprintStatus.RESOLVED, FingerprintStatus.MUTED),
        "aside": fingerprint.status in (FingerprintStatus.SNOOZED, FingerprintStatus.MUTED),
    }


def _hours_chart(facts: reads.Facts, marker: FixMarker | None) -> Chart:
    return stacked_chart(
        [timezone.localtime(hour) for hour in facts.hours],
        [
            Series("failed", facts.counts, "With this fingerprint"),
            Series("complete", facts.completed, "Formerly failed, now complete"),
        ],
        _markers(marker, facts.hours),
    )


def _markers(marker: FixMarker | None, hours: list[Any]) -> list[Marker]:
    if marker is None or marker.applied_at < hours[0]:
        return []
    place = sum(hour <= marker.applied_at for hour in hours) - 1
    return [Marker(f"FM-{marker.pk} {marker.title}"[:60], max(place, 0))]


def _stations(fingerprint: Fingerprint, marker: FixMarker | None) -> list[Station]:
    """The lifecycle as it went: when it was first seen, each move, and what is still to come."""
    moves = Transition.objects.filter(subject="fingerprint", subject_pk=fingerprint.pk)
    moves = moves.exclude(verb__in=("merge", "unmerge", "split")).order_by("-pk")[:4]
    stations = [Station("new", fingerprint.first_seen)]
    stations += [Station(move.to_state, move.at, move.reason[:80]) for move in reversed(moves)]
    stations[-1] = replace(stations[-1], current=True)
    if fingerprint.status == FingerprintStatus.FIX_DEPLOYED and marker is not None:
        stations.append(Station("resolved", None, "once enough ran without it", later=True))
    return stations
