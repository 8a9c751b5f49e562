"""History that nobody edits: transitions and the audit."""

from __future__ import annotations

from django.contrib import admin

from drain.models import AuditEvent, Transition

from .base import ReadOnlyAdmin


@admin.register(Transition)
class TransitionAdmin(ReadOnlyAdmin):
    """Every state change."""

    inner = True
    list_display = (
        "subject", "subject_pk", "from_state", "to_state", "verb", "actor", "reason", "at",
    )  # fmt: skip
    search_fields = ("subject_pk__exact",)
    search_help_text = "The number of a phase, a drain or a fingerprint"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Events of the audit: actor, verb, reason and door."""

    list_display = ("at", "actor", "origin", "address", "verb", "subject", "label", "reason")
    list_filter = ("origin",)
    search_fields = ("actor__startswith", "verb__startswith", "label__startswith")
