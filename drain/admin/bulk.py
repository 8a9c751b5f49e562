"""Bulk actions and their results; each has a page of its own on the dashboard."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from drain.models import BulkAction, BulkItem

from .base import ReadOnlyAdmin


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnlyAdmin):
    """An act that a worker does in steps."""

    list_display = (
        "__str__", "label", "state", "total", "done", "left_alone", "actor", "reason", "created_at",
        "ended_at",
    )  # fmt: skip
    list_filter = ("state", "verb")
    search_fields = ("actor__startswith",)

    def get_view_on_site_url(self, obj: BulkAction | None = None) -> str | None:
        """The page with progress and results."""
        return reverse("drain:bulk-detail", args=[obj.pk]) if obj else None


@admin.register(BulkItem)
class BulkItemAdmin(ReadOnlyAdmin):
    """What became of each row."""

    list_display = ("action", "target", "label", "done", "said")
    list_select_related = ("action",)
    search_fields = ("label__startswith",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Reached from its action: the index need not list it."""
        return False
