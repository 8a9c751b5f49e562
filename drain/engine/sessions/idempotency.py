"""A drain that is asked for twice under one key is one drain: the answer to a request whose answer was lost.

The key is claimed in the transaction that plans and starts the drain. A second request with the same key
waits at the unique constraint until the first one is committed, and finds its drain; where the first one was
refused or died, its key is gone with it and the second one starts the drain.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from drain.db.prepared import rows
from drain.engine.errors import InputError
from drain.engine.sessions.planning import DrainRequest, create_session
from drain.engine.sessions.verbs import start_session
from drain.models import DrainSession, RepeatKey

KEPT = timedelta(days=1)

# The update of nothing locks the row and gives it back, whoever inserted it.
_CLAIM = """
INSERT INTO drain_repeatkey AS k (user_id, key, digest)
VALUES (%(user)s::int, %(key)s::text, %(digest)s::text)
ON CONFLICT (user_id, key) DO UPDATE SET key = k.key
RETURNING id, digest, session_id, xmax = 0 AS fresh
"""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Under which key of whom, and a digest of what is asked for."""

    user: int
    key: str
    digest: str


def start_once(asked: DrainRequest, repeat: Repeat, now: datetime) -> tuple[DrainSession, bool]:
    """Plan and start a drain, or give back the one of this key; the bool says that it is that one.

    Raises InputError when the key was used for something else, and what `create_session` raises.
    """
    values = {"user": repeat.user, "key": repeat.key, "digest": repeat.digest}
    with transaction.atomic():
        (claim,) = rows(_CLAIM, values)
        if not claim["fresh"]:
            return _known(claim["digest"], claim["session_id"], repeat), True
        session = create_session(asked, now)
        start_session(session)
        RepeatKey.objects.filter(pk=claim["id"]).update(session=session)
    return session, False


def forget_keys(now: datetime) -> int:
    """Delete keys older than KEPT; returns how many."""
    gone, _ = RepeatKey.objects.filter(created_at__lt=now - KEPT).delete()
    return gone


def _known(digest: str, session: int, repeat: Repeat) -> DrainSession:
    if digest != repeat.digest:
        raise InputError(
            f"The key “{repeat.key[:60]}” was used for another drain within the last day: "
            "take a new key for each drain, and the same one only to ask for the same again."
        )
    return DrainSession.objects.get(pk=session)
