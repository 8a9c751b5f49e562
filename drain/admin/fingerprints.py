"""Fingerprints and fix markers. Fingerprints move by their verbs, on their own pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from drain.models import Fingerprint, FingerprintAlias, FingerprintSplit, FixMarker

from .base import DrainModelAdmin, ReadOnlyAdmin
from .cells import Drawn, page_address, page_cell, state_cell


@admin.register(Fingerprint)
class FingerprintAdmin(ReadOnlyAdmin):
    """A fingerprint and what people decided about it."""

    list_display = (
        "title", "status_shown", "category", "on_the_page", "first_seen", "last_seen", "merged_into",
    )  # fmt: skip
    list_select_related = ("merged_into",)
    list_filter = ("status",)
    search_fields = ("key__startswith", "title__startswith")
    ordering = ("-last_seen", "-pk")

    @admin.display(description="status")
    def status_shown(self, found: Fingerprint) -> Drawn:
        """Return the status with its icon and colour."""
        return state_cell(found.status)

    @admin.display(description="page")
    def on_the_page(self, found: Fingerprint) -> Drawn:
        """Return a link to the page where people decide about it."""
        return page_cell(found.key[:10], "fingerprint-detail", found.key)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Return the address of its page, by its key."""
        return page_address("fingerprint-detail", obj.key) if obj else None


@admin.register(FingerprintAlias)
class FingerprintAliasAdmin(ReadOnlyAdmin):
    """Keys of older versions."""

    inner = True
    list_display = ("key", "fingerprint", "version")
    list_select_related = ("fingerprint",)
    search_fields = ("key__startswith",)


@admin.register(FingerprintSplit)
class FingerprintSplitAdmin(ReadOnlyAdmin):
    """Rules of splits, and the parts that they made."""

    inner = True
    list_display = ("fingerprint", "by", "value", "part", "created_by", "created_at")
    list_select_related = ("fingerprint", "part")


@admin.register(FixMarker)
class FixMarkerAdmin(DrainModelAdmin):
    """Made by `manage.py marker add` or its page, which move fingerprints; title and note are edited here."""

    page = "marker-detail"
    list_display = ("__str__", "applied_at", "commit", "created_by", "created_at")
    search_fields = ("title__startswith", "commit__startswith")
    readonly_fields = ("applied_at", "fingerprints", "created_by", "created_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A marker moves fingerprints, which is not a matter of saving a row."""
        return False

    def save_related(
        self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool
    ) -> None:
        """Save no related rows: none are edited here."""
