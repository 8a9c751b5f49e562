"""Attempts and the telemetry they left."""

from __future__ import annotations

from django.contrib import admin

from drain.models import Attempt, TelemetryEvent

from .base import ReadOnlyAdmin
from .cells import Drawn, state_cell


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """One execution of a phase."""

    page = "attempt-log"
    list_display = (
        "__str__", "run", "phase", "number", "outcome_shown", "exit_code", "failure_category",
        "telemetry_count", "session", "worker", "started_at", "finished_at",
    )  # fmt: skip
    list_select_related = ("run", "phase", "session")
    list_filter = ("outcome",)
    search_fields = ("run__run_id__startswith", "fingerprint__startswith")
    search_help_text = "The beginning of a run id or of a fingerprint"
    exclude = ("log_inline",)

    @admin.display(description="outcome")
    def outcome_shown(self, attempt: Attempt) -> Drawn:
        """Return the outcome with its icon and colour; of a running attempt the reported one."""
        return state_cell(attempt.outcome or attempt.reported_state or "executing")


@admin.register(TelemetryEvent)
class TelemetryEventAdmin(ReadOnlyAdmin):
    """One event that a phase told."""

    inner = True
    list_display = (
        "kind",
        "phase",
        "attempt",
        "category",
        "model",
        "predicted_tokens",
        "actual_tokens",
        "at",
    )
    list_select_related = ("phase", "attempt")
    search_fields = ("phase__run__run_id__startswith",)
