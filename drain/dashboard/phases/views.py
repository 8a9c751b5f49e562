"""The page of a phase: why it is not running, its latest error, its attempts and its history."""

from __future__ import annotations

import json
from typing import Any

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject, NullIf
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from drain.dashboard.attempts.ansi import Painter, Piece
from drain.dashboard.http.links import link
from drain.dashboard.http.permissions import requires
from drain.dashboard.http.responses import page_or_fragment
from drain.dashboard.phases.ways import blocker_of
from drain.db.sql import rows
from drain.engine.queue.explain import explain
from drain.models import Attempt, Fingerprint, Phase, TelemetryEvent, Transition
from drain.models.vocabulary import ENDED_STATES

ATTEMPTS, TRANSITIONS, EVENTS, NEIGHBOURS = 50, 50, 25, 100
ERROR_CHARACTERS = 6000
PARAMS_CHARACTERS = 4000
TAIL_LINES = 12
_NEIGHBOURS = """
SELECT edge.prerequisite_id <> %(phase)s::bigint AS needed, other.id AS pk, other.phase_id, other.state,
    CASE WHEN other.run_id <> %(run)s::bigint THEN r.run_id ELSE '' END AS elsewhere
FROM (SELECT id, phase_id, prerequisite_id FROM drain_dependency
    WHERE phase_id = %(phase)s::bigint OR prerequisite_id = %(phase)s::bigint ORDER BY id LIMIT %(limit)s::int) edge
JOIN drain_phase other ON other.id =
    CASE WHEN edge.phase_id = %(phase)s::bigint THEN edge.prerequisite_id ELSE edge.phase_id END
JOIN drain_run r ON r.id = other.run_id ORDER BY edge.id
"""
_PHASE = (
    "phase_id", "tier_index", "phase_index", "name", "state", "state_changed_at", "category", "complexity", "attempts",
    "source_attempts", "last_fingerprint", "last_failure_reason", "params", "run__run_id",
)  # fmt: skip
# What the page shows of each; all that is known of fifty attempts takes several times as long to read.
_ATTEMPT = (
    "number", "outcome", "reported_state", "session_id", "worker", "started_at", "finished_at", "timeout_seconds",
    "exit_code", "signal", "telemetry_count", "zero_yield_reason", "log_bytes", "error", "fingerprint", "tail",
    "progress_percent", "progress_message",
)  # fmt: skip
_FINGERPRINT = ("key", "title", "status")
_TRANSITION = ("at", "from_state", "to_state", "verb", "actor", "reason")
_EVENT = ("kind", "model", "category", "actual_tokens", "predicted_tokens", "at")


@requires()
def phase_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one phase; live as long as it is not at its end."""
    now = timezone.now()
    attempts = list(
        Attempt.objects.filter(phase=pk).order_by("-number").only(*_ATTEMPT)[: ATTEMPTS + 1]
    )
    current = next((attempt for attempt in attempts if attempt.finished_at is None), None)
    failed = next((attempt for attempt in attempts if attempt.error), None)
    phase = _phase(pk, failed.fingerprint if failed else "")
    why = explain(phase, now)
    neighbours = _neighbours(phase)
    context = {
        "now": now,
        "phase": phase,
        "why": why,
        "blocker": blocker_of(phase, why, neighbours["needs"]),
        "session_href": link("session-detail", why.session) if why.session else "",
        "drain_href": link("session-new", run=phase.run.run_id),
        "attempts": attempts[:ATTEMPTS],
        "params": json.dumps(phase.params, indent=2, ensure_ascii=False)[:PARAMS_CHARACTERS],
        "more_attempts": max(phase.attempts - ATTEMPTS, 0),
        "current": current,
        "tail": _tail(current),
        "failed": failed,
        "error": _error(phase, failed),
        "fingerprint": phase.shown_fingerprint,
        "transitions": _transitions(phase),
        "events": list(
            TelemetryEvent.objects.filter(phase=phase).order_by("-pk").only(*_EVENT)[:EVENTS]
        ),
        **neighbours,
    }
    over = phase.state in ENDED_STATES and current is None
    return page_or_fragment(request, "phases/page.html", "phases/_live.html", context, over=over)


def _tail(current: Attempt | None) -> list[list[Piece]]:
    """The last lines of an open attempt in their colours."""
    painter = Painter()
    lines = current.tail.splitlines() if current else []
    return [painter.line(text) for text in lines[-TAIL_LINES:]]


def _error(phase: Phase, failed: Attempt | None) -> str:
    """The latest error: of the newest attempt that has one, else what the source reported."""
    text = failed.error if failed else phase.last_failure_reason
    return text if len(text) <= ERROR_CHARACTERS else f"…{text[-ERROR_CHARACTERS:]}"


def _phase(pk: int, failed_by: str) -> Any:
    """The phase with its run, and as `shown_fingerprint` what stands now for that of its latest error,
    or for its own.

    A merge of a merge is followed by its own page.
    """
    key = Coalesce(NullIf(Value(failed_by), Value("")), OuterRef("last_fingerprint"))
    known = Fingerprint.objects.filter(Q(key=key) | Q(aliases__key=key)).order_by("pk")
    shown = {name: Coalesce(f"merged_into__{name}", name) for name in _FINGERPRINT}
    found = known.values(shown=JSONObject(**shown))[:1]
    phases = Phase.objects.select_related("run").only(*_PHASE)
    return get_object_or_404(phases.annotate(shown_fingerprint=Subquery(found)), pk=pk)


def _transitions(phase: Phase) -> list[Transition]:
    found = Transition.objects.filter(subject="phase", subject_pk=phase.pk)
    return list(found.order_by("-pk").only(*_TRANSITION)[:TRANSITIONS])


def _neighbours(phase: Phase) -> dict[str, list[dict[str, Any]]]:
    """Return the phases it waits for and those that wait for it; `elsewhere` is the name of another run."""
    limits = {"phase": phase.pk, "run": phase.run_id, "limit": NEIGHBOURS}
    found = rows(_NEIGHBOURS, limits)
    return {
        "needs": [other for other in found if other["needed"]],
        "dependents": [other for other in found if not other["needed"]],
    }
