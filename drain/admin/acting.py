"""Actions with a page in between: what will happen to which rows, a reason, then exact results.

An action is data (Act) and two functions of its own: what would happen to a row, and the verb. Whether
a person may use it is asked when the action is listed and again when it is posted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from drain.engine.errors import EngineError
from drain.models.audit import Person
from drain.models.roles import least_role
from drain.models.vocabulary import Origin
from drain.people.requests import person_of
from drain.policy.graph import CycleError
from drain.policy.limits import LimitError

from .base import DrainModelAdmin

SHOWN = 100
MOST = 5_000
"""What one request can do with exact results per row; a filter narrows a larger selection."""
REFUSALS = (EngineError, LimitError, CycleError)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the page in between or of the results."""

    label: str
    done: bool
    said: str


class ReasonForm(forms.Form):
    """What every action asks for."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text="Why, for the people who read the history.",
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """An action that somebody confirmed."""

    pks: Sequence[int]
    given: dict[str, Any]
    by: Person


@dataclass(frozen=True)
class Act:
    """An action: who may do it, what it says of itself, and what it does."""

    name: str
    label: str
    permission: str
    sentence: str
    """What happens and what its risk is."""
    expects: Callable[[Any], Line]
    """What would happen to one row; `done` means it would be touched."""
    verb: Callable[[Asked], list[Line]]
    related: tuple[str, ...] = ()
    form: type[ReasonForm] = ReasonForm

    def as_action(self) -> Callable[..., Any]:
        """The function that Django's changelist calls."""

        @admin.action(description=self.label)
        def action(
            modeladmin: ActingAdmin, request: HttpRequest, queryset: QuerySet[Any]
        ) -> HttpResponse | None:
            return _respond(self, modeladmin, request, queryset)

        action.__name__ = self.name
        return action


class ActingAdmin(DrainModelAdmin):
    """A model admin whose actions are Acts."""

    acts: tuple[Act, ...] = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Those acts that the person may do, and what Django allows besides."""
        found = dict(super().get_actions(request))
        for act in self.acts:
            if request.user.has_perm(act.permission):
                found[act.name] = (act.as_action(), act.name, act.label)
        return found

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refuse a posted act that the person may not do, which Django would silently ignore."""
        posted = request.POST.get("action", "") if request.method == "POST" else ""
        for act in self.acts:
            if act.name == posted and not request.user.has_perm(act.permission):
                role = least_role(act.permission) or "superuser"
                raise PermissionDenied(f"“{act.label}” needs the role {role} or a higher one.")
        return super().changelist_view(request, extra_context)


def _respond(
    act: Act, modeladmin: ActingAdmin, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
    if len(pks) > MOST:
        messages.error(request, f"That is more than {MOST:,} rows: narrow it with a filter first.")
        return None
    form = act.form(request.POST if "confirmed" in request.POST else None)
    context = _context(act, modeladmin, request, pks, form)
    if form.is_valid():
        try:
            lines = act.verb(Asked(pks, form.cleaned_data, person_of(request, Origin.ADMIN)))
        except REFUSALS as error:
            form.add_error(None, str(error))
        else:
            context |= {"results": lines, "done": sum(line.done for line in lines)}
    return TemplateResponse(request, "admin/drain/act.html", context)


def _context(
    act: Act, modeladmin: ActingAdmin, request: HttpRequest, pks: list[int], form: ReasonForm
) -> dict[str, Any]:
    rows: QuerySet[Any] = modeladmin.get_queryset(request).select_related(*act.related)
    shown = [act.expects(row) for row in rows.filter(pk__in=pks[:SHOWN]).order_by("pk")]
    return {
        **modeladmin.admin_site.each_context(request),
        "title": act.label,
        "act": act,
        "form": form,
        "opts": modeladmin.opts,
        "lines": shown,
        "count": len(pks),
        "more": max(0, len(pks) - SHOWN),
        "across": request.POST.get("select_across") == "1",
        "checkbox": ACTION_CHECKBOX_NAME,
        "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
    }
