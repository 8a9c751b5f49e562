"""Drain sessions and what belongs to them. Sessions are acted on from their own pages."""

from __future__ import annotations

from django.contrib import admin

from drain.models import (
    Candidate,
    DrainSession,
    SessionFingerprint,
    SessionRun,
    WorkerHost,
    WorkerLoop,
)

from .base import ReadOnlyAdmin
from .cells import Drawn, state_cell


@admin.register(DrainSession)
class DrainSessionAdmin(ReadOnlyAdmin):
    """Drain sessions: their scope, progress and end."""

    page = "session-detail"
    list_display = (
        "__str__", "state_shown", "stop_reason", "selected", "total_failed", "parallel", "started_by",
        "created_at", "ended_at", "note",
    )  # fmt: skip
    list_filter = ("state", "origin", "inline")
    search_fields = ("started_by__startswith", "note__startswith")
    raw_id_fields = ("stop_attempt", "resumed_from")

    @admin.display(description="state")
    def state_shown(self, session: DrainSession) -> Drawn:
        """Return the state with its icon and colour."""
        return state_cell(session.state)


@admin.register(SessionRun)
class SessionRunAdmin(ReadOnlyAdmin):
    """A run within a session."""

    inner = True
    list_display = (
        "session", "run", "tier", "waiting", "stop", "complete", "failed", "timeouts", "retryable",
        "telemetry_events",
    )  # fmt: skip
    list_select_related = ("session", "run")
    list_filter = ("tier",)
    search_fields = ("run__run_id__startswith",)


@admin.register(Candidate)
class CandidateAdmin(ReadOnlyAdmin):
    """The frozen plan: selected at a position, or excluded for one reason."""

    inner = True
    list_display = (
        "session", "run", "phase", "planned_position", "status", "reason", "detail", "outcome",
    )  # fmt: skip
    list_select_related = ("session", "run", "phase")
    list_filter = ("status", "outcome")
    search_fields = ("run__run_id__startswith", "phase__phase_id__startswith")


@admin.register(SessionFingerprint)
class SessionFingerprintAdmin(ReadOnlyAdmin):
    """Numbers of failures of a fingerprint in a session."""

    inner = True
    list_display = ("session", "run_pk", "key", "count")
    list_select_related = ("session",)
    search_fields = ("key__startswith",)


@admin.register(WorkerHost)
class WorkerHostAdmin(ReadOnlyAdmin):
    """Hosts that drain."""

    list_display = ("host", "pid", "version", "workers", "started_at", "last_seen", "stopped_at")
    ordering = ("-started_at",)
    search_fields = ("host__startswith",)


@admin.register(WorkerLoop)
class WorkerLoopAdmin(ReadOnlyAdmin):
    """Worker processes that drain right now."""

    inner = True
    list_display = ("worker", "host", "session", "slots", "expires_at", "started_at")
    list_select_related = ("host", "session")
