"""Checks and their verdicts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from drain.evidence.checks.create import LONGEST_HOURS
from drain.evidence.checks.matching import PatternError, require_readable
from drain.models import Check, CheckResult
from drain.models.vocabulary import CheckKind

from .base import DrainModelAdmin, ReadOnlyAdmin


class CheckForm(ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """Refuses what no verdict could come of: a check that always passes is worse than none."""

    def clean(self) -> dict[str, Any]:
        """Raise ValidationError where the demand of its kind is missing or makes no sense."""
        given = super().clean() or self.cleaned_data
        kind = given.get("kind")
        if kind in _NEEDED and not given.get(_NEEDED[kind]) and given.get(_NEEDED[kind]) != 0:
            self.add_error(_NEEDED[kind], "A check of this kind asks for it: fill it in.")
        if kind == CheckKind.COMPLETION_RATE and not 0 <= (given.get("threshold") or 0) <= 1:
            self.add_error("threshold", "Give a share from 0 to 1: 0.8 for 80 %.")
        if (given.get("window_hours") or 0) > LONGEST_HOURS:
            self.add_error("window_hours", f"A check looks back at most {LONGEST_HOURS} hours.")
        try:
            require_readable(given.get("pattern", ""))
        except PatternError as error:
            self.add_error("pattern", str(error))
        return given


_NEEDED = {
    CheckKind.NO_FINGERPRINT: "fingerprint",
    CheckKind.NO_PATTERN: "pattern",
    CheckKind.COMPLETION_RATE: "threshold",
    CheckKind.YIELD: "threshold",
    CheckKind.NO_STATE: "state",
}


@admin.register(Check)
class CheckAdmin(DrainModelAdmin):
    """A claim that a session or a marker must show."""

    form = CheckForm
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
    """Findings of checks."""

    inner = True
    list_display = ("check_run", "session", "verdict", "sentence", "at")
    list_select_related = ("check_run", "session")
    list_filter = ("verdict",)
