"""Checks and their verdicts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from drain.models import Check, CheckResult

from .base import DrainModelAdmin, ReadOnlyAdmin


@admin.register(Check)
class CheckAdmin(DrainModelAdmin):
    """A claim that a session or a marker must show."""

    list_display = ("name", "kind", "enabled", "session", "marker", "every_minutes", "judged_at")
    list_select_related = ("session", "marker")
    list_filter = ("kind", "enabled")
    search_fields = ("name__startswith",)
    raw_id_fields = ("fingerprint", "session", "marker")
    readonly_fields = ("judged_at", "created_by", "created_at")

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Note who made it."""
        if not change:
            obj.created_by = request.user.get_username()
        super().save_model(request, obj, form, change)


@admin.register(CheckResult)
class CheckResultAdmin(ReadOnlyAdmin):
    """What a check found."""

    list_display = ("check_run", "session", "verdict", "sentence", "at")
    list_select_related = ("check_run", "session")
    list_filter = ("verdict",)
