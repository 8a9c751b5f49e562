"""Bulk actions and their results; each has a page of its own on the dashboard."""

from __future__ import annotations

from django.contrib import admin

from drain.models import BulkAction, BulkItem

from .base import ReadOnlyAdmin


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnlyAdmin):
    """An act that a worker does in steps."""

    page = "bulk-detail"
    list_display = (
        "__str__", "label", "state", "total", "done", "left_alone", "actor", "reason", "created_at",
        "ended_at",
    )  # fmt: skip
    list_filter = ("state", "verb")
    search_fields = ("actor__startswith",)


@admin.register(BulkItem)
class BulkItemAdmin(ReadOnlyAdmin):
    """Rows of bulk actions, with their results."""

    inner = True
    list_display = ("action", "target", "label", "done", "said")
    list_select_related = ("action",)
    search_fields = ("label__startswith",)
