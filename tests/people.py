"""Persons for tests: one of each role, signed in."""

from __future__ import annotations

from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_logged_in
from django.test import Client

from drain.models.roles import Role
from drain.people.sign_on import BACKEND
from drain.people.signed import connect


def person(role: Role | None, name: str = "") -> User:
    """An account with a role, or without any."""
    user, _ = User.objects.get_or_create(username=name or (role.value if role else "nobody"))
    user.groups.set([Group.objects.get(name=role.value)] if role else [])
    return user


def signed_in(role: Role | None, name: str = "") -> Client:
    """A browser of that person."""
    client = Client()
    enter(client, person(role, name))
    return client


def enter(client: Client, user: User) -> None:
    """Sign in without a line in the audit: the acts of a test are what it looks for there."""
    user_logged_in.disconnect(dispatch_uid="drain._signed_in")
    try:
        client.force_login(user, backend=BACKEND)
    finally:
        connect()
