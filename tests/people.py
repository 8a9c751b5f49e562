"""Persons for tests: one of each role, signed in."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
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
    enter(client, person(role, name))
    return client


def enter(client: Client, user: User) -> None:
    """Give a browser a sign-in's session, without its line in the audit and its twenty statements."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
