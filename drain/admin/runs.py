"""Runs, their sources, and holds."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from drain.admin.acts.acting import ActingAdmin
from drain.admin.acts.queue import HOLD, RELEASE
from drain.models import Hold, Run, Source
from drain.policy.secrets import masked

from .base import DrainModelAdmin, ReadOnlyAdmin


@admin.register(Run)
class RunAdmin(ActingAdmin):
    """Made by import as a rule; by hand for a test or a repair."""

    page = "run-detail"
    list_display = ("run_id", "name", "source", "executor", "order", "max_parallel", "created_at")
    list_select_related = ("source", "executor")
    list_filter = ("source", "executor", "order")
    search_fields = ("run_id__startswith", "name__startswith")
    search_help_text = "The beginning of a run id or a name"
    readonly_fields = ("open_attempts", "created_at", "imported_at")
    fieldsets = (
        ("Which run", {"fields": ("run_id", "source", "name", "labels")}),
        ("How its phases run", {"fields": ("executor", "order", "max_parallel")}),
        ("Since when", {"fields": ("created_at", "imported_at", "open_attempts")}),
    )
    acts = (HOLD,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """A run's id and source are its identity: given once."""
        return (*self.readonly_fields, "run_id", "source") if obj else self.readonly_fields

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Deleting is prune's, by age and with everything that hangs on the run."""
        return False


@admin.register(Source)
class SourceAdmin(DrainModelAdmin):
    """Sources of runs; an address is given on the command line and shown without its password."""

    list_display = ("name", "kind", "masked_url", "imported_at")
    list_filter = ("kind",)
    fields = (
        "name", "kind", "masked_url", "workspace", "settle_seconds", "stale_after",
        "identity", "watermark", "imported_at",
    )  # fmt: skip
    readonly_fields = ("kind", "masked_url", "workspace", "identity", "watermark", "imported_at")

    @admin.display(description="address")
    def masked_url(self, source: Source) -> str:
        """The address without its password."""
        return masked(source.url)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Sources are made by importing from them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Runs hang on it."""
        return False


@admin.register(Hold)
class HoldAdmin(ActingAdmin, ReadOnlyAdmin):
    """Made and ended by actions, each with its reason."""

    list_display = (
        "value", "kind", "reason", "until", "created_by", "created_at", "released_at", "released_by",
    )  # fmt: skip
    list_filter = ("kind", "origin", ("released_at", admin.EmptyFieldListFilter))
    search_fields = ("value__startswith",)
    acts = (RELEASE,)
