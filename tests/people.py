"""Persons for tests: one of each role, signed in."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.test import Client

from drain.models.roles import Role
from drain.people.sign_on import BACKEND


def person(role: Role | None, name: str = "") -> User:
    """An account with a role, or without any."""
    user, _ = User.objects.get_or_create(username=name or (role.value if role else "nobody"))
    user.groups.set([Group.objects.get(name=role.value)] if role else [])
    return user


def signed_in(role: Role | None, name: str = "") -> Client:
    """A browser of that person."""
    client = Client()
    client.force_login(person(role, name), backend=BACKEND)
    return client
