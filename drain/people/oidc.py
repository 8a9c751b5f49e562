"""Sign-in through OpenID Connect with django-allauth; only imported where a provider is configured.

Who is new gets an account without a password and without a role. No e-mail address is kept or compared:
an address that somebody typed at the provider proves nothing here.
"""

from __future__ import annotations

import logging
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base.constants import AuthError
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect import views
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET
from requests import RequestException

from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin
from drain.policy.secrets import masked

from .requests import address_of
from .sign_on import BACKEND, is_name

log = logging.getLogger(__name__)
WAY_OUT = "try again later, or ask an administrator: the site's log says why."


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc] # allauth has no types
    """The handling of people whom the provider names."""

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Take the provider's name for the person, and refuse a name that is somebody else's here."""
        sociallogin.email_addresses = []
        if sociallogin.is_existing:
            return
        name = _name_of(sociallogin)
        sociallogin.user.username, sociallogin.user.email = name, ""
        known = User.objects.filter(username=name).first()
        if known is None:
            return
        if not settings.DRAIN_OIDC_MATCH_NAMES:
            _refuse(
                request,
                f"There is an account “{name}” already that does not belong to this sign-in: "
                "ask an administrator of this site.",
            )
        sociallogin.connect(request, known)

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never ask a newcomer for more than the provider said."""
        return True

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> Any:
        """Make the account: no password, no role, one line in the audit."""
        with transaction.atomic():
            made = super().save_user(request, sociallogin, form)
            by = Person(made.username, Origin.BROWSER, address_of(request))
            subject = Subject("user", str(made.pk), made.username)
            record_audit(
                by, "user.sign_up", subject, f"first sign-in with {settings.DRAIN_OIDC_NAME}"
            )
        return made

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: Any = None,
    ) -> NoReturn:
        """Back to the sign-in page with one sentence; what the provider wrote is not shown."""
        if error == AuthError.CANCELLED:
            _refuse(request, "The sign-in was cancelled.")
        log.warning(
            "a sign-in with %s failed (%s)", settings.DRAIN_OIDC_NAME, masked(exception or error)
        )
        _refuse(request, f"Signing in with {settings.DRAIN_OIDC_NAME} failed: {WAY_OUT}")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Signing in as the rest of the site does it."""

    def login(self, request: HttpRequest, user: Any) -> None:
        """Rights come from groups, whichever way somebody came in."""
        user.backend = BACKEND
        super().login(request, user)

    def add_message(self, *args: Any, **options: Any) -> None:
        """Being signed in is seen."""

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        """Refuse a person who is switched off."""
        messages.error(request, "This account is switched off: ask an administrator of this site.")
        return redirect(settings.LOGIN_URL)


@login_not_required
@require_GET
def sign_on(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Lead to the provider."""
    return _guarded(request, provider_id, views.login)


@login_not_required
@require_GET
def come_back(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Take a person back from the provider, with its word on who it is."""
    return _guarded(request, provider_id, views.callback)


def _guarded(request: HttpRequest, provider_id: str, view: Any) -> HttpResponseBase:
    if provider_id != settings.DRAIN_OIDC_PROVIDER:
        raise Http404
    try:
        answer: HttpResponseBase = view(request, provider_id)
    except ImmediateHttpResponse as led:
        return led.response  # type: ignore[no-any-return] # allauth has no types
    except (RequestException, OAuth2Error, KeyError, ValueError) as error:
        name = settings.DRAIN_OIDC_NAME
        log.warning("%s does not answer as it should (%s)", name, masked(error))
        messages.error(
            request,
            f"{name[:1].upper()}{name[1:]} does not answer as it should: {WAY_OUT}",
        )
        return redirect(settings.LOGIN_URL)
    return answer


def _name_of(sociallogin: Any) -> str:
    said = sociallogin.account.extra_data
    claims = {**said.get("id_token", {}), **said.get("userinfo", {})}
    name = str(claims.get("preferred_username") or sociallogin.account.uid)
    if not is_name(name):
        raise ValueError("the provider's name for the person cannot be a name here")
    return name


def _refuse(request: HttpRequest, sentence: str) -> NoReturn:
    messages.error(request, sentence)
    raise ImmediateHttpResponse(redirect(settings.LOGIN_URL))


# allauth looks these names up; it has no other page here.
ROUTES: list[URLPattern] = [
    path("sign-on/<slug:provider_id>/", sign_on, name="openid_connect_login"),
    path("sign-on/<slug:provider_id>/back/", come_back, name="openid_connect_callback"),
]
