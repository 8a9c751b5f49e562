"""Signing in: one form, no hint who exists, and an end to guessing."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    get_user_model().objects.create_superuser("m.ortiz", password="right-one")
    return Client()


def sign_in(client, password, name="m.ortiz"):
    return client.post("/login/", {"username": name, "password": password, "next": "/runs/"})


def test_signing_in_leads_on_and_signing_out_back(client):
    assert sign_in(client, "right-one")["Location"] == "/runs/"
    assert client.get("/login/")["Location"] == "/"
    assert client.get("/logout/").status_code == 405
    assert client.post("/logout/")["Location"] == "/login/"
    assert client.get("/runs/")["Location"] == "/login/?next=/runs/"


def test_a_wrong_password_and_an_unknown_name_say_the_same(client):
    known, unknown = (sign_in(client, "wrong", name) for name in ("m.ortiz", "nobody"))
    assert known.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert b'role="alert"' in known.content


def test_guessing_ends_in_a_lock(client):
    answers = [sign_in(client, "wrong").status_code for _ in range(settings.AXES_FAILURE_LIMIT)]
    assert answers[-1] == 429
    assert sign_in(client, "right-one").status_code == 429
