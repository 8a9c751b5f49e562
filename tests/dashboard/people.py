"""People with roles, signed in."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from drain.models.roles import Role
from tests.people import enter


def signed_in(role: Role, *, csrf: bool = False) -> Client:
    """A browser in which somebody with this role has signed in."""
    user = get_user_model().objects.create_user(f"{role.value}-{csrf}", password="x")
    user.groups.add(Group.objects.get(name=role.value))
    client = Client(enforce_csrf_checks=csrf)
    enter(client, user)
    return client
