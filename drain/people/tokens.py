"""API tokens: made for a person, shown once, kept as a hash, counted per minute, and asked at every request."""

from __future__ import annotations

import hashlib
import math
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from drain.db.prepared import row
from drain.models import ApiToken
from drain.models.audit import Person, Subject, record_audit

MARK = "drain_"
"""Begins every token, so that scanners for leaked secrets can know it."""
SHOWN = 12

# One statement finds the token, notes that it was used, and counts it in its minute: exact over all processes.
_USE = """
UPDATE drain_apitoken SET last_used_at = now(),
    window_at = CASE WHEN window_at > now() - interval '1 minute' THEN window_at ELSE now() END,
    window_count = CASE WHEN window_at > now() - interval '1 minute' THEN window_count + 1 ELSE 1 END
WHERE digest = %(digest)s::text AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
RETURNING user_id, window_count, extract(epoch FROM window_at + interval '1 minute' - now())::float8 AS rest
"""


@dataclass(frozen=True, slots=True)
class Used:
    """A token that holds: whose it is, and how many seconds to wait when it was used too often (else 0)."""

    user: User
    wait: int


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


def use_token(secret: str) -> Used | None:
    """The person behind a token, counted; None if it is unknown, revoked, expired, or its person is switched off."""
    if not secret.startswith(MARK) or len(secret) > 100:
        return None
    found = row(_USE, {"digest": _digest(secret)})
    if found is None:
        return None
    user = User.objects.filter(pk=found["user_id"], is_active=True).first()
    if user is None:
        return None
    over = found["window_count"] > settings.DRAIN_API_PER_MINUTE
    return Used(user, max(1, math.ceil(found["rest"])) if over else 0)


def _digest(secret: str) -> str:
    # 256 random bits cannot be guessed, so a slow hash would only cost time.
    return hashlib.sha256(secret.encode()).hexdigest()
