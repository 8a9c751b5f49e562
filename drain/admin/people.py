"""People: accounts, roles and saved views."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from drain.models import SavedView
from drain.people.peers import may_act_for

from .base import DrainModelAdmin, ReadOnlyAdmin

RIGHTS = frozenset({"groups", "user_permissions", "is_active", "is_superuser"})

admin.site.unregister(User)
admin.site.unregister(Group)


class PersonForm(UserChangeForm):  # type: ignore[type-arg] # not subscriptable at run time
    """An account; who may do more or less from now on is said with a reason."""

    reason = forms.CharField(
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        help_text="Why, for the people who read the history; needed when rights change.",
    )

    def clean(self) -> dict[str, Any]:
        """Ask for the reason where rights change."""
        cleaned = super().clean() or {}
        if not RIGHTS.isdisjoint(self.changed_data) and not cleaned.get("reason"):
            self.add_error("reason", "Say why: this changes what the person may do.")
        return cleaned


@admin.register(User)
class PersonAdmin(DrainModelAdmin, UserAdmin):  # type: ignore[type-arg] # not subscriptable at run time
    """Accounts. A superuser is made and changed by superusers only, so no role can rise to one."""

    list_display = ("username", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")
    search_fields = ("username__startswith", "email__startswith")
    ordering = ("username",)
    form = PersonForm
    fieldsets = (*UserAdmin.fieldsets, ("Why", {"fields": ("reason",)}))  # type: ignore[misc]

    # Who makes an account says at once what it may do: without a role it sees nothing.
    add_fieldsets = (
        *UserAdmin.add_fieldsets,
        ("What the person may do", {"fields": ("groups",)}),
    )

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Roles by their names, with a box for each."""
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if db_field.name == "groups" and isinstance(field, forms.ModelMultipleChoiceField):
            field.widget = forms.CheckboxSelectMultiple(choices=field.choices)  # type: ignore[arg-type] # the stubs forget that a field has them
            field.label = "Roles"
            field.help_text = "Each role may do all that the ones before it may. Without one an account sees nothing."
        return field

    @admin.display
    def roles(self, user: User) -> str:
        """Names of the groups."""
        return ", ".join(group.name for group in user.groups.all())

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return people with their groups, in one query more."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return the read-only fields: only superusers grant more than a role."""
        fixed = ("last_login", "date_joined")
        return fixed if _superuser(request) else (*fixed, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A superuser's account is theirs and other superusers'."""
        if obj is not None and obj.is_superuser and not _superuser(request):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An account is switched off, so that the history keeps a name to look up."""
        return False

    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 - Django names it so
        form_url: str = "",
    ) -> HttpResponse:
        """Set a password for who may do less: with another administrator's one could act under their name."""
        if not may_act_for(request.user).filter(pk=id).exists() and not _superuser(request):
            raise PermissionDenied("Only superusers set a password for another administrator.")
        return super().user_change_password(request, id, form_url)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """A password set for somebody else is an act as well."""
        if "password" in str(message).lower():
            self.audit(request, "set_password", obj)
        return super().log_change(request, obj, message)


@admin.register(Group)
class RoleAdmin(DrainModelAdmin, GroupAdmin):
    """The four roles, and what an installation adds to them."""

    list_display = ("name",)
    search_fields = ("name__startswith",)
    ordering = ("pk",)


def _superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    """Lists with filters that people keep."""

    inner = True
    list_display = ("name", "page", "user", "query")
    list_select_related = ("user",)
