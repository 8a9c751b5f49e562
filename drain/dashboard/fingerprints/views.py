"""Causes of failure: by trend, and the page of one with its lifecycle and what can be done about it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from drain.dashboard.fingerprints import queries as reads
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import number_in, page_or_fragment
from drain.dashboard.http.search_terms import cleaned
from drain.dashboard.ui.charts import Marker, Series, stacked_chart
from drain.evidence.fingerprints.aliases import members, resolve_keys
from drain.models import Fingerprint, FixMarker, Transition
from drain.models.vocabulary import FingerprintStatus

SHOWN = 40
FIXES = 5
MOST_OFFSET = 10_000


@requires()
def fingerprint_list(request: HttpRequest) -> HttpResponse:
    """The list; `q` and `status` in the address narrow it."""
    now = timezone.now()
    status, q = request.GET.get("status", ""), cleaned(request.GET.get("q", ""))
    status = status if status in FingerprintStatus.values else ""
    start = min(number_in(request, "from") or 0, MOST_OFFSET)
    found = reads.causes_by_trend(now, status, q, SHOWN + 1, start)
    context = {
        "now": now,
        "causes": found[:SHOWN],
        "q": q,
        "status": status,
        "statuses": FingerprintStatus.values,
        "older": start + SHOWN if len(found) > SHOWN else 0,
        "newer": start > 0,
    }
    return page_or_fragment(
        request, "drain/fingerprints/list.html", "drain/fingerprints/_list.html", context
    )


@requires()
def fingerprint_detail(request: HttpRequest, key: str) -> HttpResponse:
    """One cause; a key that was merged or is of an older version leads to what stands for it now."""
    cause = Fingerprint.objects.filter(key=key, merged_into=None).first()
    if cause is None:
        stands_for = resolve_keys([key])[key]
        if stands_for == key:
            raise Http404(f"No fingerprint has the key {key}.")
        return redirect("drain:fingerprint-detail", key=stands_for)
    return render(request, "drain/fingerprints/detail.html", _context(cause))


def _context(cause: Fingerprint) -> dict[str, Any]:
    now = timezone.now()
    keys = members([cause.key])
    hours, counts = reads.failures_per_hour(keys, now)
    markers = FixMarker.objects.filter(fingerprints=cause).order_by("-applied_at", "-pk")
    fixes = list(markers[:FIXES])
    marker = fixes[0] if fixes else None
    runs = reads.affected_runs(keys)
    return {
        "now": now,
        "cause": cause,
        "total": reads.total_failures(keys),
        "samples": reads.samples(keys),
        "chart": stacked_chart(
            [timezone.localtime(hour) for hour in hours],
            [Series("failed", counts)],
            _markers(marker, hours),
        ),
        "marker": marker,
        "earlier_fixes": fixes[1:],
        "since_marker": _since(marker, hours, counts),
        "runs": runs,
        "phases": runs[0]["phases"] if runs else 0,
        "stations": _stations(cause, marker),
        "open": cause.status not in (FingerprintStatus.RESOLVED, FingerprintStatus.MUTED),
        "aside": cause.status in (FingerprintStatus.SNOOZED, FingerprintStatus.MUTED),
    }


def _markers(marker: FixMarker | None, hours: list[Any]) -> list[Marker]:
    if marker is None or marker.applied_at < hours[0]:
        return []
    place = sum(hour <= marker.applied_at for hour in hours) - 1
    return [Marker(f"FM-{marker.pk} {marker.title}"[:60], max(place, 0))]


def _since(marker: FixMarker | None, hours: list[Any], counts: list[int]) -> dict[str, int] | None:
    """Failures per hour of the shown span, whole hours before and after the marker."""
    if marker is None:
        return None
    before = sum(n for hour, n in zip(hours, counts, strict=True) if hour < marker.applied_at)
    return {"before": before, "after": sum(counts) - before}


def _stations(cause: Fingerprint, marker: FixMarker | None) -> list[dict[str, Any]]:
    """The lifecycle as it went: when it was first seen, each move, and what is still to come."""
    moves = Transition.objects.filter(subject="fingerprint", subject_pk=cause.pk)
    moves = moves.exclude(verb__in=("merge", "split")).order_by("-pk")[:4]
    stations = [{"state": "new", "at": cause.first_seen, "note": ""}]
    stations += [
        {"state": move.to_state, "at": move.at, "note": move.reason[:80]}
        for move in reversed(moves)
    ]
    stations[-1]["current"] = True
    if cause.status == FingerprintStatus.FIX_DEPLOYED and marker is not None:
        stations.append({"state": "resolved", "later": True, "note": "once enough ran without it"})
    return stations
