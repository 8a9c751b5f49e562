"""The choices of a new drain's fields while somebody types:
runs, beginnings of their names, sources, fingerprints.
"""

from __future__ import annotations

import re
from collections import Counter

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from drain.dashboard.http.permissions import requires
from drain.dashboard.http.search_terms import cleaned
from drain.models import Fingerprint, Run, Source

OFFERED = 12
RUNS_OF_PREFIXES = 500
"""The newest runs whose beginnings are offered."""
_PARTS = re.compile(r"(?<=[-_./:])")


@requires()
def session_pick(request: HttpRequest, kind: str) -> HttpResponse:
    """Options for what was typed, as a fragment; without anything typed the newest or most common."""
    if kind not in KINDS:
        raise Http404("Nothing of this kind is picked.")
    offered = KINDS[kind](cleaned(request.GET.get("q", "")))
    return render(request, "drains/_picks.html", {"offered": offered})


def _runs(q: str) -> list[tuple[str, str]]:
    found = Run.objects.filter(run_id__icontains=q) if q else Run.objects.all()
    named = found.order_by("-created_at", "-pk").values_list("run_id", "name")[:OFFERED]
    return [(run_id, name if name != run_id else "") for run_id, name in named]


def _prefixes(q: str) -> list[tuple[str, str]]:
    runs = Run.objects.filter(run_id__startswith=q).order_by("-created_at", "-pk")
    counts: Counter[str] = Counter()
    for name in runs.values_list("run_id", flat=True)[:RUNS_OF_PREFIXES]:
        parts = _PARTS.split(name)
        counts.update({"".join(parts[: n + 1]) for n in range(len(parts) - 1)})
    common = [(prefix, n) for prefix, n in counts.most_common() if n > 1 and prefix.startswith(q)]
    return [(prefix, f"{n:,} of the newest runs") for prefix, n in common[:OFFERED]]


def _fingerprints(q: str) -> list[tuple[str, str]]:
    found = Fingerprint.objects.filter(merged_into=None)
    if q:
        found = found.filter(Q(title__icontains=q) | Q(key__startswith=q))
    return list(found.order_by("-last_seen", "-pk").values_list("key", "title")[:OFFERED])


def _sources(q: str) -> list[tuple[str, str]]:
    found = Source.objects.filter(name__icontains=q).order_by("name")[:OFFERED]
    return [(source.name, source.get_kind_display()) for source in found]


KINDS = {"run": _runs, "source": _sources, "skip": _prefixes, "fingerprint": _fingerprints}
"""By the name of the field: values with what they are called."""
