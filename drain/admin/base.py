"""Base classes of all model admins:
counts that stop at a bound, no hidden scans, and an audit of every edit.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import ShowFacets
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import JSONField, QuerySet
from django.forms import Media, ModelForm
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from drain.models.audit import Subject, record_audit
from drain.models.vocabulary import Origin
from drain.people.requests import person_of

from .cells import page_address, pick_cell

# The stubs make these classes generic; at run time Django's are not.
if TYPE_CHECKING:
    _Paginator = Paginator[Any]
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _Paginator = Paginator
    _ModelAdmin = admin.ModelAdmin

COUNT_BOUND = 10_000
REASON = "reason"
"""A field of a form that is about the change and not about the row."""


class AtLeast(int):
    """A count that stopped at its bound: a number to compute with, shown as `10,000+`."""

    def __str__(self) -> str:
        return f"{int(self):,}+"


class BoundedPaginator(_Paginator):
    """Counts at most COUNT_BOUND rows: an exact count of millions costs more than the page is worth."""

    @cached_property
    def count(self) -> int:
        """The number of rows, or AtLeast(COUNT_BOUND)."""
        if not isinstance(self.object_list, QuerySet):
            return len(self.object_list)
        found = self.object_list.order_by()[: COUNT_BOUND + 1].count()
        return AtLeast(COUNT_BOUND) if found > COUNT_BOUND else found


class BoundedJSON(forms.JSONField):
    """JSON that is refused in a sentence where it is nested deeper than anything reads it."""

    def to_python(self, value: Any) -> Any:
        """Read it, no deeper than MOST_NESTED."""
        try:
            found = super().to_python(value)
        except RecursionError:
            raise ValidationError(_TOO_DEEP) from None
        if _deeper(found, MOST_NESTED):
            raise ValidationError(_TOO_DEEP)
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Return the typed text, as it was typed where it cannot be read."""
        try:
            return super().bound_data(data, initial)
        except RecursionError:
            return InvalidJSONInput(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return True for a text that cannot be read: it is no longer the initial value."""
        try:
            return super().has_changed(initial, data)
        except RecursionError:
            return True


MOST_NESTED = 50
"""Lists and objects inside one another."""
_TOO_DEEP = f"It is nested more than {MOST_NESTED} levels deep: write it flatter."


def _deeper(value: Any, levels: int) -> bool:
    """Return whether there are more than so many levels of lists and objects."""
    here = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        parts = (each.values() if isinstance(each, dict) else each for each in here)
        here = [part for some in parts for part in some if isinstance(part, dict | list)]
    return bool(here)


class DrainModelAdmin(_ModelAdmin):
    """Opens at millions of rows, and writes down who changed what."""

    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 200
    ordering: ClassVar[tuple[str, ...]] = ("-pk",)
    sortable_by = ()
    secret_fields: tuple[str, ...] = ()
    """Fields whose values the audit names without showing them."""
    inner: bool = False
    """True for a table of the product's own records: it has addresses, and no place in the menu."""
    page: str = ""
    """The dashboard's page of one row, `drain:page`, by its primary key."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the menu names it."""
        return not self.inner and super().has_module_permission(request)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """The page of the dashboard about this row."""
        return page_address(self.page, obj.pk) or None if self.page and obj else None

    def action_checkbox(self, obj: Any) -> Any:
        """Django's box, drawn with the other cells:
        a form field of its own for each row took a sixth of a list.
        """
        return pick_cell(ACTION_CHECKBOX_NAME, obj.pk, f"Select this object for an action - {obj}")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fieldsets; a new row has no read-only ones, as values of the database come with the row."""
        groups = super().get_fieldsets(request, obj)
        if obj is not None:
            return groups
        shown = set(self.get_readonly_fields(request, obj))
        found = [
            (name, {**group, "fields": [each for each in group["fields"] if each not in shown]})
            for name, group in groups
        ]
        return [(name, group) for name, group in found if group["fields"]]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """JSON of a bounded depth; everything else as Django has it."""
        if isinstance(db_field, JSONField):
            kwargs = {"form_class": BoundedJSON, **kwargs}
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @property
    def media(self) -> Media:
        """Django's scripts but those that make slugs, which nothing here has: 50 kB of a first load."""
        return _scripts(
            "vendor/jquery/jquery.min.js", "jquery.init.js", "core.js", "admin/RelatedObjectLookups.js", "actions.js"
        )  # fmt: skip

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A list edits nothing in its rows: it needs the script of its boxes alone."""
        return super().changelist_view(
            request, {"media": _scripts("actions.js"), **(extra_context or {})}
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only filters that the list offers:
        any other column could be guessed letter by letter, secrets too.
        """
        offered = [each[0] if isinstance(each, tuple) else each for each in self.list_filter]
        begins = {
            each.partition("__")[0]
            if isinstance(each, str)
            else getattr(each, "parameter_name", "")
            for each in offered
        }
        return lookup.partition("__")[0] in begins and super().lookup_allowed(
            lookup, value, request
        )

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Save, and audit old and new of what changed."""
        changed = [name for name in form.changed_data if name != REASON]
        if change:
            # A worker may have moved the row since it was read: no other column is written back.
            own = {field.name for field in self.opts.local_concrete_fields}
            obj.save(update_fields=[name for name in changed if name in own])
        else:
            super().save_model(request, obj, form, change)
        old = {name: self._shown(name, form.initial.get(name)) for name in changed}
        new = {name: self._shown(name, form.cleaned_data.get(name)) for name in changed}
        verb, reason = "change" if change else "add", form.cleaned_data.get(REASON, "")
        self.audit(request, verb, obj, reason, old=old if change else {}, new=new)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions without Django's own:
        rows are deleted one by one, each for a reason of its own.
        """
        return {
            name: act
            for name, act in super().get_actions(request).items()
            if name != "delete_selected"
        }

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Ask whether and why; nothing is deleted without a reason."""
        # Who may not delete at all is refused by Django below, which the audit then holds.
        asked = request.method == "POST" and self.has_delete_permission(request)
        if asked and not reason_of(request):
            messages.error(request, "Nothing was deleted: say why.")
            return redirect(request.path)
        return super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete and audit."""
        self.audit(request, "delete", obj, reason_of(request))
        super().delete_model(request, obj)

    def audit(
        self,
        request: HttpRequest,
        verb: str,
        obj: Any,
        reason: str = "",
        *,
        old: dict[str, Any] | None = None,
        new: dict[str, Any] | None = None,
    ) -> None:
        """Write an audit line about one object."""
        kind = self.opts.model_name or ""
        subject = Subject(kind, str(obj.pk), str(obj))
        by = person_of(request, Origin.ADMIN)
        record_audit(by, f"{kind}.{verb}", subject, reason, old=old, new=new)

    def _shown(self, name: str, value: object) -> str:
        return "***" if name in self.secret_fields or "password" in name else _text(value)


def reason_of(request: HttpRequest) -> str:
    """The reason that a form brought, as far as a form takes one."""
    return request.POST.get(REASON, "").strip()[:500]


def _scripts(*names: str) -> Media:
    return Media(js=[f"admin/js/{name}" for name in names])


def _text(value: object) -> str:
    if isinstance(value, QuerySet | list | tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


class ReadOnlyAdmin(DrainModelAdmin):
    """Rows that only the product writes: seen, never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse everybody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse everybody."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse everybody."""
        return False
