"""Browser sessions as Django keeps them in the database, read by one prepared statement: every page asks for one."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from drain.db.prepared import row

_SESSION = """
SELECT session_data FROM django_session WHERE session_key = %(key)s::text AND expire_date > %(now)s::timestamptz
"""


class SessionStore(db.SessionStore):
    """Only how it is read differs: putting Django's own question together takes longer than asking it."""

    def load(self) -> dict[str, Any]:
        """What is kept for this browser; a key that is unknown or over is given up, as Django does."""
        found = row(_SESSION, {"key": self.session_key, "now": timezone.now()})
        if found is None:
            self._session_key = None
            return {}
        return self.decode(found["session_data"])
