"""API tokens: made for a person and shown once; revoked with a reason; never edited."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from drain.admin.acts.acting import ActingAdmin, AdminAction
from drain.engine.bulk.actions import RowResult
from drain.models import ApiToken
from drain.models.vocabulary import Origin
from drain.people.peers import may_act_for
from drain.people.requests import person_of
from drain.people.tokens import issue_token

from .base import ReadOnlyAdmin

DAYS = 90
LONGEST_DAYS = 3650

REVOKE = AdminAction(
    "revoke",
    "Revoke",
    "Scripts that use these tokens are refused from now on. It cannot be undone.",
    lambda token: RowResult(token.pk, str(token), token.revoked_at is None, "will be revoked"),
)


class TokenForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """For whom, for what, and until when."""

    days = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_DAYS,
        initial=DAYS,
        help_text="Days that it holds; it may do what its person may do, at each moment.",
    )
    reason = forms.CharField(
        max_length=500, help_text="Why, for the people who read the history: a key gives rights."
    )

    class Meta:
        model = ApiToken
        fields = ("user", "name")


@admin.register(ApiToken)
class ApiTokenAdmin(ActingAdmin, ReadOnlyAdmin):
    """Only the beginning and the hash of a token are kept."""

    acts = (REVOKE,)
    list_display = (
        "name",
        "user",
        "prefix",
        "created_at",
        "expires_at",
        "last_used_at",
        "revoked_at",
    )
    list_select_related = ("user",)
    search_fields = ("name__startswith", "prefix__startswith")
    exclude = ("digest",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may make keys to this site."""
        return request.user.has_perm("drain.add_apitoken")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form of a new one; what is there is only looked at."""
        if obj is None:
            kwargs["form"] = TokenForm
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields of a new one, or everything but the hash."""
        if obj:
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ("user", "name", "days", "reason")})]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer those for whom this person may make a key."""
        if db_field.name == "user":
            kwargs["queryset"] = may_act_for(request.user).order_by("username")
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the form with one button: every way of saving leads to the page that shows the secret."""
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **buttons})

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Through the verb, which writes the audit line; the secret lives as long as this request."""
        given = form.cleaned_data
        made, secret = issue_token(
            given["user"],
            given["name"],
            person_of(request, Origin.ADMIN),
            expires_at=timezone.now() + timedelta(days=given["days"]),
            reason=given["reason"],
        )
        obj.pk, obj.prefix, obj.expires_at = made.pk, made.prefix, made.expires_at
        request.drain_secret = secret  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The one page that shows the secret; no cookie and no message ever holds it."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API token",
            "opts": self.opts,
            "token": obj,
            "secret": request.drain_secret,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/drain/token.html", context)
