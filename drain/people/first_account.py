"""The first account of a new site: somebody must be able to sign in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.db import transaction

from drain.models.audit import Person, Subject, record_audit
from drain.models.vocabulary import Origin

NAME = "admin"
VALID_MINUTES = 60
"""The time for which an invitation is good."""
_LOCK = 0x64726161
_SIGNER = "drain.first-account"
_INVITED = "first"


class InvitationError(Exception):
    """An invitation that cannot be used, or not with these words: one sentence for the person."""


class NotInvitedError(InvitationError):
    """An invitation that nobody can use, whatever they type."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account; the password only if it was made just now."""

    name: str
    password: str | None


def first_account() -> Account | None:
    """Make an administrator if nobody can sign in yet; None when there are accounts already."""
    with transaction.atomic():
        if _exists_locked():
            return None
        password = secrets.token_urlsafe(12)
        get_user_model().objects.create_superuser(NAME, password=password)
        return Account(NAME, password)


def invitation() -> str | None:
    """Return what lets its holder make the first account within VALID_MINUTES; None when there are accounts.

    Nothing is stored: it is signed with the key of the site, and the account that it makes ends it and all
    others.
    """
    if get_user_model().objects.exists():
        return None
    return TimestampSigner(salt=_SIGNER).sign(_INVITED)


def require_invited(token: str) -> None:
    """Raise NotInvitedError for an invitation that is wrong, too old, or for a site that has accounts."""
    try:
        TimestampSigner(salt=_SIGNER).unsign(token, max_age=VALID_MINUTES * 60)
    except BadSignature as error:
        raise NotInvitedError(
            f"This address is not valid, or older than {VALID_MINUTES} minutes. Restart `manage.py up` for another."
        ) from error
    if get_user_model().objects.exists():
        raise NotInvitedError("This site has its first account already: sign in with it.")


def accept_invitation(token: str, name: str, password: str, address: str) -> User:
    """Make the first account, an administrator. Raises InvitationError, and then there is none."""
    require_invited(token)
    users: Any = get_user_model()
    made: User = users(username=users.normalize_username(name), is_staff=True, is_superuser=True)
    made.set_password(password)
    try:
        made.full_clean()
        validate_password(password, made)
    except ValidationError as error:
        raise InvitationError(" ".join(error.messages)) from error
    with transaction.atomic():
        if _exists_locked():
            raise NotInvitedError("This site has its first account already: sign in with it.")
        made.save()
        by = Person(made.username, Origin.BROWSER, address)
        record_audit(by, "user.first_account", Subject("user", str(made.pk), made.username))
    return made


def _exists_locked() -> bool:
    """Return whether there are accounts; two that ask in transactions are answered one after the other."""
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    return bool(get_user_model().objects.exists())
