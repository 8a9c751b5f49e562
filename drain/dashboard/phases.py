"""The page of a phase: why it is not running, its latest error, its attempts and its history."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from drain.models import (
    Attempt,
    Dependency,
    Fingerprint,
    Phase,
    TelemetryEvent,
    Transition,
)
from drain.models.vocabulary import ENDED_STATES

from .addresses import link
from .ansi import Painter
from .answers import page_or_fragment
from .permissions import requires
from .phase_why import explain, with_offer

ATTEMPTS, TRANSITIONS, EVENTS, NEIGHBOURS = 50, 50, 25, 100
ERROR_CHARACTERS = 6000
PARAMS_CHARACTERS = 4000
TAIL_LINES = 12
_ENDS = [
    f"{end}{name}"
    for end in ("phase", "prerequisite")
    for name in ("", "__phase_id", "__state", "__run", "__run__run_id")
]


@require_safe
@requires()
def phase_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One phase; live as long as it is not at its end."""
    phase = get_object_or_404(with_offer(Phase.objects.select_related("run__source")), pk=pk)
    now = timezone.now()
    attempts = list(
        Attempt.objects.filter(phase=phase).order_by("-number").defer("log_inline")[: ATTEMPTS + 1]
    )
    current = next((attempt for attempt in attempts if attempt.finished_at is None), None)
    failed = next((attempt for attempt in attempts if attempt.error), None)
    why = explain(phase, current, now)
    key = (failed.fingerprint if failed else "") or phase.last_fingerprint
    cause = _cause(key)
    context = {
        "now": now,
        "phase": phase,
        "why": why,
        "session_href": link("session-detail", why.session) if why.session else "",
        "drain_href": link("session-new", run=phase.run.run_id),
        "attempts": [_line(attempt) for attempt in attempts[:ATTEMPTS]],
        "params": json.dumps(phase.params, indent=2, ensure_ascii=False)[:PARAMS_CHARACTERS],
        "more_attempts": max(phase.attempts - ATTEMPTS, 0),
        "current": current,
        "tail": _tail(current),
        "failed": failed,
        "error": _error(phase, failed),
        "cause": cause,
        "cause_href": link("fingerprint-detail", cause.key) if cause else "",
        "transitions": _transitions(phase),
        "events": list(TelemetryEvent.objects.filter(phase=phase).order_by("-pk")[:EVENTS]),
        **_neighbours(phase),
    }
    over = phase.state in ENDED_STATES and current is None
    return page_or_fragment(
        request, "drain/phase_detail.html", "drain/_phase_detail.html", context, over=over
    )


def _line(attempt: Attempt) -> dict[str, Any]:
    """An attempt with how long it took and the address of its session."""
    ended = attempt.finished_at
    return {
        "attempt": attempt,
        "took": ended - attempt.started_at if ended else None,
        "session_href": link("session-detail", attempt.session_id) if attempt.session_id else "",
    }


def _tail(current: Attempt | None) -> list[SafeString]:
    """The last lines of an open attempt in their colours."""
    painter = Painter()
    lines = current.tail.splitlines() if current else []
    return [painter.line(text) for text in lines[-TAIL_LINES:]]


def _error(phase: Phase, failed: Attempt | None) -> str:
    """The latest error: of the newest attempt that has one, else what the source reported."""
    text = failed.error if failed else phase.last_failure_reason
    return text if len(text) <= ERROR_CHARACTERS else f"…{text[-ERROR_CHARACTERS:]}"


def _cause(key: str) -> Fingerprint | None:
    """The cause that stands for this key now; a merge of a merge is followed by its own page."""
    if not key:
        return None
    known = Q(key=key) | Q(aliases__key=key)
    found = Fingerprint.objects.filter(known).select_related("merged_into").first()
    return found.merged_into or found if found else None


def _transitions(phase: Phase) -> list[Transition]:
    found = Transition.objects.filter(subject="phase", subject_pk=phase.pk)
    return list(found.order_by("-pk")[:TRANSITIONS])


def _neighbours(phase: Phase) -> dict[str, list[Phase]]:
    """What it waits for and what waits for it."""
    touching = Dependency.objects.filter(Q(phase=phase) | Q(prerequisite=phase)).order_by("pk")
    found = touching.select_related("prerequisite__run", "phase__run").only(*_ENDS)
    edges = list(found[:NEIGHBOURS])
    return {
        "needs": [edge.prerequisite for edge in edges if edge.phase_id == phase.pk],
        "dependents": [edge.phase for edge in edges if edge.prerequisite_id == phase.pk],
    }
