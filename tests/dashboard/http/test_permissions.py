"""The page for people without a permission: the role it takes, the people to ask, and the way out."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from drain.models.roles import Role
from tests.dashboard.people import signed_in
from tests.people import enter

pytestmark = pytest.mark.django_db


def test_an_account_without_a_role_is_told_whom_to_ask():
    people = get_user_model().objects
    anna = people.create_user("anna", email="anna@example.org")
    anna.groups.add(Group.objects.get(name=Role.ADMINISTRATOR))
    people.create_superuser("root", password=None)
    people.create_superuser("gone", password=None, is_active=False)
    new = people.create_user("new")
    client = Client()
    enter(client, new)
    answer = client.get("/runs/")
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "The account new has no role yet" in page
    assert "Ask anna (anna@example.org) or root for one." in page


@pytest.mark.parametrize(
    ("address", "status"),
    [("/evidence/markers/new/", 403), ("/nowhere/", 404), ("/queued/clear/", 405)],
)
def test_an_error_page_lets_who_is_signed_in_sign_out(address, status):
    viewer = signed_in(Role.VIEWER)
    answer = viewer.get(address)
    page = answer.content.decode()
    assert answer.status_code == status
    assert "Sign out" in page
    assert 'action="/logout/"' in page
    assert "Sign out" not in Client().get("/nowhere/").content.decode()
    viewer.post("/logout/")
    assert viewer.get("/runs/").status_code == 302
