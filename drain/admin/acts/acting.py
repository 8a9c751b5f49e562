"""Actions with a page in between: what will happen to which rows, a reason, then exact results.

An action is data (AdminAction) over a row action of the engine, and says what would happen to a row. Whether
a person may use it is asked when the action is listed and again when it is posted. A request does it at once
up to LARGE rows; more are a worker's, and the person is led to the page that shows how far it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from drain.admin.base import DrainModelAdmin
from drain.engine.bulk.actions import (
    ROW_ACTIONS,
    ConfirmedAction,
    RowAction,
    RowResult,
    json_values,
)
from drain.engine.bulk.worker import LARGE, MOST, REFUSALS, BulkRequest, create_bulk
from drain.engine.workers.hosts import strength
from drain.models.roles import least_role
from drain.models.vocabulary import Origin
from drain.people.requests import person_of

SHOWN = 100


class ReasonForm(forms.Form):
    """The form of every action: a reason."""

    reason = forms.CharField(
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 80}),
        help_text="Why, for the people who read the history.",
    )


@dataclass(frozen=True)
class AdminAction:
    """An action: the row action that it calls, what it says of itself, and what it asks for."""

    name: str
    """The name of the row action."""
    label: str
    sentence: str
    """The consequence and its risk."""
    expects: Callable[[Any], RowResult]
    """The expected result for one row; `done` means it would be touched."""
    related: tuple[str, ...] = ()
    form: type[ReasonForm] = ReasonForm

    @property
    def row_action(self) -> RowAction:
        """The act on rows that the action calls."""
        return ROW_ACTIONS[self.name]

    @property
    def permission(self) -> str:
        """The permission that a person needs for it."""
        return self.row_action.permission

    def as_action(self) -> Callable[..., Any]:
        """The function that Django's changelist calls."""

        @admin.action(description=self.label)
        def action(
            modeladmin: ActingAdmin, request: HttpRequest, queryset: QuerySet[Any]
        ) -> HttpResponse:
            return _respond(self, modeladmin, request, queryset)

        action.__name__ = self.name
        return action


class ActingAdmin(DrainModelAdmin):
    """A model admin whose actions are Acts."""

    acts: tuple[AdminAction, ...] = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the acts that the person may do, and the actions that Django allows besides."""
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
    act: AdminAction, modeladmin: ActingAdmin, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse:
    count = queryset.order_by().count()
    large = count > LARGE and act.row_action.step != 0
    form = act.form(request.POST if "confirmed" in request.POST else None)
    done: dict[str, Any] = {}
    if form.is_valid():
        try:
            if large:
                return _hand_over(act, modeladmin, request, queryset, form)
            done = _at_once(act, request, queryset, form)
        except REFUSALS as error:
            form.add_error(None, str(error))
    context = _context(act, modeladmin, request, queryset, form)
    opts, more = modeladmin.opts, count - SHOWN
    context |= {
        "count": f"{count:,}",
        "things": opts.verbose_name if count == 1 else opts.verbose_name_plural,
        "more": f"{more:,}" if more > 0 else "",
        "large": large,
        "nobody": large and not strength().hosts,
        **done,
    }
    return TemplateResponse(request, "admin/drain/act.html", context)


def _at_once(
    act: AdminAction, request: HttpRequest, queryset: QuerySet[Any], form: ReasonForm
) -> dict[str, Any]:
    pks = list(queryset.order_by("pk").values_list("pk", flat=True)[:LARGE])
    lines: list[RowResult] = []
    by = person_of(request, Origin.ADMIN)
    act.row_action.act(ConfirmedAction(pks, json_values(form.cleaned_data), by), lines.extend)
    done = sum(line.done for line in lines)
    return {"results": lines, "done": f"{done:,} of {len(lines):,} done"}


def _hand_over(
    act: AdminAction,
    modeladmin: ActingAdmin,
    request: HttpRequest,
    queryset: QuerySet[Any],
    form: ReasonForm,
) -> HttpResponse:
    """Freeze the rows for a worker and lead to the page that shows how far it is."""
    things = str(modeladmin.opts.verbose_name_plural)
    by = person_of(request, Origin.ADMIN)
    order = BulkRequest(
        act.name, act.label, things, by, json_values(form.cleaned_data), request.get_full_path()
    )
    # One more than is allowed, so that too many are refused and never cut.
    targets = queryset.order_by("pk").values_list("pk", flat=True)[: MOST + 1]
    return redirect("drain:bulk-detail", create_bulk(order, list(targets)).pk)


def _context(
    act: AdminAction,
    modeladmin: ActingAdmin,
    request: HttpRequest,
    queryset: QuerySet[Any],
    form: ReasonForm,
) -> dict[str, Any]:
    first = list(queryset.order_by("pk").values_list("pk", flat=True)[:SHOWN])
    rows: QuerySet[Any] = modeladmin.get_queryset(request).select_related(*act.related)
    return {
        **modeladmin.admin_site.each_context(request),
        "title": act.label,
        "act": act,
        "form": form,
        "opts": modeladmin.opts,
        "lines": [act.expects(row) for row in rows.filter(pk__in=first).order_by("pk")],
        "across": request.POST.get("select_across") == "1",
        "checkbox": ACTION_CHECKBOX_NAME,
        "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
    }
