"""Messages on a wrong configuration of OpenID Connect, before anybody signs in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drainsite.provider import provider_problem

from .provider import CLIENT, SECRET, Provider

MANAGE = Path(__file__).resolve().parent.parent.parent / "manage.py"


@pytest.fixture
def oidc() -> dict[str, str]:
    return {
        **os.environ,
        "DRAIN_OIDC_ISSUER": "http://127.0.0.1:1",
        "DRAIN_OIDC_CLIENT_ID": CLIENT,
        "DRAIN_OIDC_CLIENT_SECRET": SECRET,
        "DJANGO_SETTINGS_MODULE": "drainsite.settings",
    }


@pytest.mark.verify
def test_the_deployment_check_is_silent_with_a_provider(oidc, tmp_path):
    given = {
        **oidc,
        "DRAIN_OIDC_ISSUER": "https://id.example.org",
        "DRAIN_HTTPS": "1",
        "SECRET_KEY": "an-example-that-is-long-enough-and-random-0123456789-qwertzuiop",
        "ALLOWED_HOSTS": "drains.example.org",
        "DATABASE_URL": "postgresql://nobody@localhost/none",
        "DRAINSITE_DATA": str(tmp_path),
    }
    for name in ("DRAINSITE_TESTING", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        given.pop(name, None)
    assert _check(given, "--deploy", "--fail-level", "WARNING") == ""


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DRAIN_OIDC_CLIENT_SECRET": ""}, "needs DRAIN_OIDC_CLIENT_ID and"),
        ({"DRAIN_OIDC_ISSUER": "http://id.example.org"}, "must be an https:// address"),
        ({"DRAIN_OIDC_ISSUER": "ftp://localhost"}, "must be an https:// address"),
        ({"DRAIN_OIDC_ISSUER": "https://[::1"}, "cannot be read: write the provider's"),
        ({"DRAIN_OIDC_ISSUER": "https://"}, "cannot be read: write the provider's"),
    ],
)
def test_half_a_configuration_is_refused_with_a_sentence(oidc, changes, sentence):
    assert sentence in _check({**oidc, **changes})


def test_without_a_provider_there_is_no_button(client, db):
    assert "sign-on" not in client.get("/login/").content.decode()


def test_the_doctor_finds_a_provider_that_answers_that_is_none_and_that_is_away():
    provider = Provider()
    try:
        assert provider_problem(provider.url) == ""
        assert provider_problem(f"{provider.url}/.well-known/openid-configuration") == ""
        provider.broken = True
        assert provider_problem(provider.url).endswith("openid-configuration (status 503).")
    finally:
        provider.close()
    said = provider_problem(provider.url)
    assert said == f"The provider {provider.url} does not answer (Connection refused)."


def _check(given: dict[str, str], *arguments: str) -> str:
    argv = [sys.executable, str(MANAGE), "check", *arguments]
    done = subprocess.run(argv, env=given, capture_output=True, text=True, check=False, timeout=300)
    return done.stderr if done.returncode else ""
