"""One box for everything: runs, phases, fingerprints, errors, drains, attempts, fixes and people."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drain.dashboard.frame.saved_views import SavedViews
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.http.search_terms import cleaned
from drain.dashboard.search.find import find, numbered

SHORTEST = 2
"""Characters of a beginning that does not match nearly everything; a number may be shorter."""


@requires()
def search(request: HttpRequest) -> HttpResponse:
    """Results as a page, or as links for the palette."""
    q = cleaned(request.GET.get("q", ""))
    long_enough = len(q) >= SHORTEST or numbered(q)[1] is not None
    groups = find(q) if long_enough else []
    context: dict[str, Any] = {
        "now": timezone.now(),
        "saved": SavedViews(request, "search"),
        "q": q,
        "groups": [group for group in groups if group.results],
        "too_short": not long_enough,
    }
    return page_or_fragment(request, "search/page.html", "search/_results.html", context)
