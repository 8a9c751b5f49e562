"""Telemetry: what attempts told us over time, why some told nothing, and how well tokens were estimated."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.telemetry.queries import (
    DEFAULT,
    GROUPS,
    WINDOWS,
    telemetry_facts,
)
from drain.evidence.telemetry import NEWEST


@requires()
def telemetry(request: HttpRequest) -> HttpResponse:
    """The page, or its live part; the window is in the address."""
    asked = request.GET.get("window", DEFAULT)
    window = WINDOWS.get(asked, WINDOWS[DEFAULT])
    now = timezone.now()
    facts = telemetry_facts(window, now)
    context: dict[str, Any] = {
        "now": now,
        "facts": facts,
        "window": window,
        "windows": list(WINDOWS.values()),
        "everything": link("telemetry", window="all"),
        "newest": NEWEST,
        "groups": GROUPS,
    }
    return page_or_fragment(request, "telemetry/page.html", "telemetry/_live.html", context)
