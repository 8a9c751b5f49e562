"""API tokens: made for a person, shown once, kept as a hash, and counted at every request."""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from drain.models import ApiToken, AuditEvent
from drain.models.audit import Person, Subject, record_audit

MARK = "drain_"
"""Begins every token, so that scanners for leaked secrets can know it."""
SHOWN = 12
WINDOW = timedelta(minutes=1)
"""Requests are counted in windows of this length; each begins with the first request after the last."""


@dataclass(frozen=True, slots=True)
class UsedToken:
    """A token that holds: whose it is, and how many seconds to wait when it was used too often (else 0)."""

    user: User
    wait: int
    token: ApiToken


def issue_token(
    user: User, name: str, by: Person, *, expires_at: datetime | None, reason: str = ""
) -> tuple[ApiToken, str]:
    """Make a token; returns it with its secret, which nobody can show again."""
    secret = MARK + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user,
            name=name,
            prefix=secret[:SHOWN],
            digest=_digest(secret),
            expires_at=expires_at,
        )
        ends = {"user": user.username, "expires_at": expires_at.isoformat() if expires_at else None}
        what = Subject("apitoken", str(token.pk), str(token))
        record_audit(by, "apitoken.issue", what, reason, new=ends)
    return token, secret


@transaction.atomic
def use_token(secret: str) -> UsedToken | None:
    """Count one use of a token, exactly over all processes.

    None if it is unknown, revoked, expired, or its person is switched off.
    """
    now = timezone.now()
    holds = Q(expires_at=None) | Q(expires_at__gt=now)
    # The row is locked until it is counted, so that requests at once count one after another.
    found = ApiToken.objects.select_related("user").select_for_update(of=("self",))
    token = found.filter(holds, digest=_digest(secret), revoked_at=None).first()
    if token is None or not token.user.is_active:
        return None
    if token.window_at is None or token.window_at <= now - WINDOW:
        token.window_at, token.window_count = now, 0
    token.window_count += 1
    token.last_used_at = now
    token.save(update_fields=["window_at", "window_count", "last_used_at"])
    if token.window_count <= settings.DRAIN_API_PER_MINUTE:
        return UsedToken(token.user, 0, token)
    rest = (token.window_at + WINDOW - now).total_seconds()
    return UsedToken(token.user, max(1, math.ceil(rest)), token)


def described(token: ApiToken) -> str:
    """Return the token's name and issuer, for the audit of its use."""
    near = (token.created_at - WINDOW, token.created_at + WINDOW)
    issued = AuditEvent.objects.filter(
        at__range=near, verb="apitoken.issue", subject_pk=str(token.pk)
    )
    by = issued.values_list("actor", flat=True).first()
    return f"{token}, issued by {by}" if by else f"{token}, issuer no longer on record"


def _digest(secret: str) -> str:
    # 256 random bits cannot be guessed, so a slow hash would only cost time.
    return hashlib.sha256(secret.encode()).hexdigest()
