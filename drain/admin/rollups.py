"""Counts that the product keeps; `manage.py rollups check` says whether they are right."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from drain.models import (
    AttemptDelta,
    DailyFingerprint,
    HourlyRollup,
    HourlyTotal,
    StateCount,
    StateDelta,
    StateSnapshot,
    StateTotal,
)

from .base import ReadOnlyAdmin


class CountAdmin(ReadOnlyAdmin):
    """A table of counts."""

    inner = True

    def get_list_display(self, request: HttpRequest) -> Any:
        """Every column there is."""
        return [field.name for field in self.opts.concrete_fields]

    list_select_related = True


admin.site.register(
    (
        AttemptDelta,
        DailyFingerprint,
        HourlyRollup,
        HourlyTotal,
        StateCount,
        StateDelta,
        StateSnapshot,
        StateTotal,
    ),
    CountAdmin,
)
