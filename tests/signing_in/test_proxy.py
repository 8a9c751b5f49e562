"""A proxy that ended TLS says so, and is believed only where it may be."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

TLS = override_settings(SECURE_SSL_REDIRECT=True, DRAIN_TRUSTED_PROXIES=["10.1.0.0/16"])


@pytest.mark.parametrize(
    ("address", "said", "status"),
    [
        ("10.1.2.3", "https", 200),
        ("127.0.0.1", "https", 200),
        ("10.1.2.3", "http", 301),
        ("203.0.113.9", "https", 301),
        ("no address", "https", 301),
    ],
)
@pytest.mark.django_db
def test_https_ends_at_a_proxy_that_is_trusted_and_nowhere_else(address, said, status):
    with TLS:
        answer = Client(REMOTE_ADDR=address).get("/login/", headers={"x-forwarded-proto": said})
    assert answer.status_code == status


@pytest.mark.django_db
def test_nobody_behind_a_proxy_locks_out_who_else_is_behind_it(settings):
    settings.DRAIN_TRUSTED_PROXIES = ["10.1.0.0/16"]
    wrong = {"username": "m.ortiz", "password": "wrong"}
    guesser, other = (
        Client(REMOTE_ADDR="10.1.2.3", headers={"x-forwarded-for": client})
        for client in ("203.0.113.9", "203.0.113.10")
    )
    answers = [
        guesser.post("/login/", wrong).status_code for _ in range(settings.AXES_FAILURE_LIMIT)
    ]
    assert answers[-1] == 429
    assert other.post("/login/", wrong).status_code == 200
