"""The first account of a new site: somebody must be able to sign in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.db import transaction

NAME = "admin"
_LOCK = 0x64726161


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in; the password only if it was made just now."""

    name: str
    password: str | None


def first_account() -> Account | None:
    """Make an administrator if nobody can sign in yet; None when there are accounts already."""
    with transaction.atomic():
        users = get_user_model().objects
        with transaction.get_connection().cursor() as cursor:
            # Two first starts agree on one account.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        if users.exists():
            return None
        password = secrets.token_urlsafe(12)
        users.create_superuser(NAME, password=password)
        return Account(NAME, password)
