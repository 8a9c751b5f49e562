"""Settings of sign-in through OpenID Connect;
nothing of it is active unless DRAIN_OIDC_ISSUER names a provider.
"""

from __future__ import annotations

import importlib.util
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from drainsite.declared import value

PROVIDER = "oidc"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def configured(name: str) -> dict[str, Any]:
    """Settings to add to the site's, {} without DRAIN_OIDC_ISSUER. Raises ImproperlyConfigured."""
    issuer = value("DRAIN_OIDC_ISSUER").rstrip("/")
    if not issuer:
        return {}
    client, secret = value("DRAIN_OIDC_CLIENT_ID"), value("DRAIN_OIDC_CLIENT_SECRET")
    _require(issuer, client, secret)
    app = {
        "provider_id": PROVIDER,
        "name": name,
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": issuer},
    }
    return {
        "SOCIALACCOUNT_PROVIDERS": {
            "openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True},
        },
        "SOCIALACCOUNT_ADAPTER": "drain.people.oidc.ProviderAdapter",
        "ACCOUNT_ADAPTER": "drain.people.oidc.AccountAdapter",
        "SOCIALACCOUNT_ONLY": True,
        "SOCIALACCOUNT_EMAIL_VERIFICATION": "none",
        "SOCIALACCOUNT_STORE_TOKENS": False,
        # The button is a link: a form could not be led to the provider, because `form-action` is 'self'.
        # The way back is tied to this browser by the state and PKCE.
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_LOGIN_METHODS": {"username"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*"],
    }


APPS = (
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
)
MIDDLEWARE = "allauth.account.middleware.AccountMiddleware"


def _require(issuer: str, client: str, secret: str) -> None:
    if importlib.util.find_spec("allauth") is None:
        raise ImproperlyConfigured(
            "DRAIN_OIDC_ISSUER is set, but django-allauth is missing: pip install 'drainsite[oidc]', or unset it."
        )
    if not (client and secret):
        raise ImproperlyConfigured(
            "DRAIN_OIDC_ISSUER needs DRAIN_OIDC_CLIENT_ID and DRAIN_OIDC_CLIENT_SECRET beside it."
        )
    try:
        parts, port = urlsplit(issuer), urlsplit(issuer).port
    except ValueError:
        parts, port = urlsplit(""), 0
    if port == 0 or not parts.hostname:
        raise ImproperlyConfigured(
            "DRAIN_OIDC_ISSUER cannot be read: write the provider's address, such as https://id.example.org."
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ImproperlyConfigured(
            "DRAIN_OIDC_ISSUER must be an https:// address: what it says decides who somebody is."
        )
