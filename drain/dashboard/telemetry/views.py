"""Telemetry: what attempts told us over time, why some told nothing, and how well tokens were estimated."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.telemetry.queries import DEFAULT, WINDOWS, TelemetryFacts, telemetry_facts
from drain.dashboard.ui.formats import percent
from drain.evidence.telemetry import NEWEST

REASON_WORDS = {
    "success_no_llm_calls": "Completed without calling a model",
    "timeout": "Timed out first",
    "failed_before_llm": "Failed before calling a model",
    "llm_boundary_hit": "Reached a message or context limit",
    "execution_error": "Crashed",
    "unknown": "Unknown",
}


@require_safe
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
        "reasons": reason_rows(facts),
        "newest": NEWEST,
        "token_tables": [
            ("Model", facts.tokens.models, "model"),
            ("Category", facts.tokens.categories, "category"),
        ],
    }
    return page_or_fragment(
        request, "drain/telemetry/page.html", "drain/telemetry/_live.html", context
    )


def reason_rows(facts: TelemetryFacts) -> list[dict[str, Any]]:
    """Reasons for zero yield, most frequent first, each with its share of the attempts without an event."""
    without = facts.attempts.without
    return [
        {
            "code": code,
            "word": REASON_WORDS.get(code, code.replace("_", " ").capitalize()),
            "count": count,
            "share": percent(count / without),
        }
        for code, count in facts.attempts.reasons
    ]
