"""Autopilots and drains on fix, to look at: they are changed by their verbs, on the page Autopilot."""

from __future__ import annotations

from django.contrib import admin

from drain.models import Autopilot, Rollout

from .base import ReadOnlyAdmin


@admin.register(Autopilot)
class AutopilotAdmin(ReadOnlyAdmin):
    """Rules by which drains start."""

    list_display = ("name", "trigger", "cron", "timezone", "next_at", "paused_by", "said")
    list_filter = ("trigger",)


@admin.register(Rollout)
class RolloutAdmin(ReadOnlyAdmin):
    """Drains on fix."""

    list_display = ("marker", "autopilot", "state", "steps", "said", "created_at", "ended_at")
    list_filter = ("state",)
    list_select_related = ("marker", "autopilot")
