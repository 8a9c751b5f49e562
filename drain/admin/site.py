"""The admin site of drainsite."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminPasswordChangeForm
from django.contrib.auth import authenticate
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme

from drain.models.audit import Subject, record_audit
from drain.people.requests import person_of
from drain.policy.inert import inert_html


class GuessLimitedForm(AdminPasswordChangeForm):
    """Asks for the old password as the sign-in does: wrong ones count, and too many lock."""

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    def clean_old_password(self) -> str:
        """The old password, or the form's own error."""
        old: str = self.cleaned_data["old_password"]
        found = authenticate(self._request, username=self.user.get_username(), password=old)
        if found != self.user:
            wrong = self.error_messages["password_incorrect"]
            raise ValidationError(wrong, code="password_incorrect")
        return old


MENU = {
    "Work": (
        "Run",
        "Phase",
        "Attempt",
        "DrainSession",
        "Autopilot",
        "Rollout",
        "Hold",
        "BulkAction",
    ),
    "Fingerprints and fixes": ("Fingerprint", "FixMarker", "Check"),
    "How phases run": ("ExecutorProfile", "Source", "WorkerHost"),
    "People": ("User", "Group", "ApiToken", "AuditEvent"),
    "Sign-ins": ("AccessAttempt", "AccessFailureLog", "AccessLog"),
}
"""Groups of the menu by the names of their models."""


def _make_inert(page: HttpResponse) -> None:
    page.content = inert_html(page.content.decode()).encode()


class DrainAdminSite(AdminSite):
    """Named after the product; people sign in through the dashboard's own page.

    Everybody with a role may look around: what they may do is asked for each model and action.
    """

    site_header = "drainsite"
    site_title = "drainsite"
    index_title = "Runs, phases and drains"

    def has_permission(self, request: HttpRequest) -> bool:
        """Return whether somebody may open the admin at all."""
        return request.user.is_active and request.user.has_perm("drain.view_phase")

    @method_decorator(login_not_required)
    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the one sign-in page, which is the one that counts failures."""
        wanted = request.GET.get("next", "")
        if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
            wanted = request.get_full_path() if "login" not in request.path else "/admin/"
        if request.user.is_authenticated:
            return self._without_role(request, wanted)
        return redirect_to_login(wanted)

    def admin_view(  # type: ignore[override] # the stubs name a type of their own
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Django's, with texts of rows made inert in every page, as the pages of the dashboard have them."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def shown(*args: Any, **kwargs: Any) -> HttpResponseBase:
            answer = inner(*args, **kwargs)
            if isinstance(answer, SimpleTemplateResponse):
                answer.add_post_render_callback(_make_inert)
            return answer

        return shown

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The menu in the order of the work; what no group names comes last, under its own heading."""
        apps = super().get_app_list(request, app_label)
        if app_label:
            return apps
        models = {each["object_name"]: each for app in apps for each in app["models"]}
        groups = [
            {
                "name": name, "app_label": name.lower().replace(" ", "-"), "app_url": "", "has_module_perms": True,
                "models": [models.pop(each) for each in members if each in models],
            }
            for name, members in MENU.items()
        ]  # fmt: skip
        if models:
            rest = {"name": "More", "app_label": "more", "app_url": "", "has_module_perms": True}
            groups.append({**rest, "models": list(models.values())})
        return [group for group in groups if group["models"]]

    def password_change(  # type: ignore[override] # Django redirects too
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Let somebody choose another password, and write it down when that was done."""
        view = PasswordChangeView.as_view(
            form_class=partial(GuessLimitedForm, request=request),
            success_url=reverse("admin:password_change_done"),
            template_name="registration/password_change_form.html",
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        answer: Any = view(request)
        if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
            subject = Subject("user", str(request.user.pk), request.user.get_username())
            record_audit(person_of(request), "password.change", subject)
        return answer  # type: ignore[no-any-return] # the stubs say less than Django's own page

    def _without_role(self, request: HttpRequest, wanted: str) -> HttpResponse:
        """Signed in already: on to the page, or to the overview, never round in a circle."""
        if self.has_permission(request):
            return HttpResponseRedirect(wanted)
        return redirect(settings.LOGIN_REDIRECT_URL)
