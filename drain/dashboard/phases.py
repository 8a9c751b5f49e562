"""The page of a phase: why it is not running, its latest error, its attempts and its history."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from drain.evidence.causes import causes, resolve_keys
from drain.models import Attempt, Dependency, Phase, TelemetryEvent, Transition
from drain.models.vocabulary import ENDED_STATES

from .addresses import link
from .answers import page_or_fragment
from .permissions import requires
from .phase_why import explain

ATTEMPTS, TRANSITIONS, EVENTS, NEIGHBOURS = 50, 50, 25, 50
ERROR_CHARACTERS = 6000
PARAMS_CHARACTERS = 4000
TAIL_LINES = 12


@require_safe
@requires()
def phase_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One phase; live as long as it is not at its end."""
    phase = get_object_or_404(Phase.objects.select_related("run__source"), pk=pk)
    now = timezone.now()
    attempts = list(
        Attempt.objects.filter(phase=phase).order_by("-number").defer("log_inline")[: ATTEMPTS + 1]
    )
    current = next((attempt for attempt in attempts if attempt.finished_at is None), None)
    failed = next((attempt for attempt in attempts if attempt.error), None)
    why = explain(phase, current, now)
    key = (failed.fingerprint if failed else "") or phase.last_fingerprint
    key = resolve_keys([key]).get(key, key) if key else ""
    context = {
        "now": now,
        "phase": phase,
        "why": why,
        "session_href": link("session-detail", why.session) if why.session else "",
        "drain_href": link("session-new", run_id=phase.run.run_id),
        "attempts": [_line(attempt) for attempt in attempts[:ATTEMPTS]],
        "params": json.dumps(phase.params, indent=2, ensure_ascii=False)[:PARAMS_CHARACTERS],
        "more_attempts": max(phase.attempts - ATTEMPTS, 0),
        "current": current,
        "tail": current.tail.splitlines()[-TAIL_LINES:] if current else [],
        "failed": failed,
        "error": _error(phase, failed),
        "cause": causes([key]).get(key) if key else None,
        "cause_href": link("fingerprint-detail", key) if key else "",
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


def _error(phase: Phase, failed: Attempt | None) -> str:
    """The latest error: of the newest attempt that has one, else what the source reported."""
    text = failed.error if failed else phase.last_failure_reason
    return text if len(text) <= ERROR_CHARACTERS else f"…{text[-ERROR_CHARACTERS:]}"


def _transitions(phase: Phase) -> list[Transition]:
    found = Transition.objects.filter(subject="phase", subject_pk=phase.pk)
    return list(found.order_by("-pk")[:TRANSITIONS])


def _neighbours(phase: Phase) -> dict[str, list[Phase]]:
    """What it waits for and what waits for it."""
    edges = Dependency.objects.filter(phase=phase).select_related("prerequisite__run")
    others = Dependency.objects.filter(prerequisite=phase).select_related("phase__run")
    return {
        "needs": [edge.prerequisite for edge in edges.order_by("pk")[:NEIGHBOURS]],
        "dependents": [edge.phase for edge in others.order_by("pk")[:NEIGHBOURS]],
    }
