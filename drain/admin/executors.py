"""Executor profiles: commands that run. Saved only through the verb, which checks and audits."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest

from drain.engine.errors import EngineError
from drain.engine.workers.executors import (
    ProfileInput,
    remove_profile,
    set_profile,
    validate,
)
from drain.models import ExecutorProfile
from drain.models.vocabulary import Origin
from drain.people.requests import person_of
from drain.policy.remote import Kind
from drain.policy.secrets import HIDDEN

from .base import BoundedJSON, DrainModelAdmin, reason_of

DEFINE = "drain.define_executors"
_ADDRESSES = ("url", "poll_url", "cancel_url", "log_url")


class ExecutorForm(forms.ModelForm):  # type: ignore[type-arg] # not subscriptable at run time
    """A profile as a person edits it: values of variables are never sent to the browser."""

    env = BoundedJSON(
        required=False,
        help_text=f"Variables by name. A value of {HIDDEN} keeps what is stored.",
    )

    reason = forms.CharField(
        max_length=500, required=False, help_text="Why, for the people who read the history."
    )

    class Meta:
        model = ExecutorProfile
        fields = (
            "name", "argv", "cwd", "timeout_seconds", "env", "env_from", "preflight", "service",
            "service_url", "allow_dash", "allow_program_text", "os_user", "max_parallel",
            "starts_per_minute", "ramp", "run_delay_seconds", "is_default",
            "kind", "url", "poll_url", "cancel_url", "log_url", "headers_from",
        )  # fmt: skip
        help_texts: ClassVar[dict[str, str]] = {
            "os_user": "Without one, and without up --phase-user, a phase can read the secrets of the site."
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored: dict[str, str] = dict(self.instance.env or {})
        self.fields["kind"].required = False
        self.fields["reason"].required = self.instance.pk is not None
        self.initial["env"] = dict.fromkeys(self.stored, HIDDEN)

    def clean(self) -> dict[str, Any]:
        """Put stored values back and ask the verb's own rules."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                validate(self.given())
            except EngineError as error:
                raise ValidationError(str(error)) from error
        return cleaned

    def given(self) -> ProfileInput:
        """The whole profile that was asked for. Raises ValidationError for what is no list or object."""
        values = self.cleaned_data
        env = values.get("env") or {}
        headers = values.get("headers_from") or {}
        argv, env_from = values.get("argv") or [], values.get("env_from") or []
        objects = isinstance(env, dict) and isinstance(headers, dict)
        if not (objects and all(_texts(each) for each in (argv, env_from, [*headers.values()]))):
            raise ValidationError(
                "argv and env_from are lists of texts, env and headers_from are objects of texts."
            )
        kept = {
            name: self.stored.get(name, "") if value == HIDDEN else str(value)
            for name, value in env.items()
        }
        return ProfileInput(
            name=values.get("name") or self.instance.name,
            argv=tuple(argv),
            cwd=values["cwd"],
            timeout_seconds=values["timeout_seconds"],
            env=kept,
            env_from=tuple(env_from),
            preflight=values["preflight"],
            service=values["service"],
            service_url=values["service_url"],
            allow_dash=values["allow_dash"],
            allow_program_text=values["allow_program_text"],
            os_user=values["os_user"],
            max_parallel=values["max_parallel"],
            starts_per_minute=values["starts_per_minute"],
            ramp=values["ramp"],
            run_delay_seconds=values["run_delay_seconds"],
            is_default=values["is_default"],
            headers_from=headers,
            kind=values["kind"] or Kind.LOCAL.value,
            **{name: values[name] for name in _ADDRESSES},
        )


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


@admin.register(ExecutorProfile)
class ExecutorAdmin(DrainModelAdmin):
    """Administrators only: who defines a command runs it as the worker's user."""

    form = ExecutorForm
    list_display = (
        "name",
        "command",
        "cwd",
        "timeout_seconds",
        "max_parallel",
        "is_default",
        "updated_at",
    )
    search_fields = ("name__startswith",)
    fieldsets = (
        ("What it is", {"fields": ("name", "kind", "is_default")}),
        (
            "The command",
            {
                "fields": (
                    "argv",
                    "cwd",
                    "timeout_seconds",
                    "env",
                    "env_from",
                    "os_user",
                    "allow_dash",
                    "allow_program_text",
                )
            },
        ),
        ("What has to be there before", {"fields": ("preflight", "service", "service_url")}),
        (
            "How much at once",
            {"fields": ("max_parallel", "starts_per_minute", "ramp", "run_delay_seconds")},
        ),
        (
            "A service that runs phases",
            {"fields": ("url", "poll_url", "cancel_url", "log_url", "headers_from")},
        ),
        ("Why", {"fields": ("reason",)}),
    )

    @admin.display
    def command(self, profile: ExecutorProfile) -> str:
        """The argv list as it is."""
        return " ".join(profile.argv)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may define them."""
        return request.user.has_perm(DEFINE)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether the person may define them."""
        return request.user.has_perm(DEFINE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may define them."""
        return request.user.has_perm(DEFINE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the person may define them."""
        return request.user.has_perm(DEFINE)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Runs name it: another name is another profile."""
        return ("name",) if obj else ()

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        """Through the verb, which writes the audit line."""
        assert isinstance(form, ExecutorForm)  # noqa: S101 - for the type only: this admin has one form
        by = person_of(request, Origin.ADMIN)
        saved, warnings = set_profile(form.given(), by, form.cleaned_data["reason"])
        obj.pk = saved.pk
        for warning in warnings:
            messages.warning(request, f"This host cannot run it: {warning}")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the verb, which writes the audit line."""
        remove_profile(obj.name, person_of(request, Origin.ADMIN), reason_of(request))
