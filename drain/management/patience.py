"""A database that hiccups is waited for; one that stays away is a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError, connection

from drain.policy.exit_codes import ExitCode

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
AGAIN_SECONDS = 1.0


class Patience:
    """Ask the database for a drain, again and again while it is away, for a minute in a row."""

    def __init__(self, session: int, say: Callable[[str], object]) -> None:
        self._session = session
        self._say = say

    def __call__(self, ask: Callable[[], T]) -> T:
        """Return what `ask` returns. Raises CommandError after PATIENCE_SECONDS without an answer."""
        since: float | None = None
        while True:
            try:
                found = ask()
            except (OperationalError, InterfaceError) as error:
                since = self._wait(since, error)
                continue
            if since is not None:
                self._say("The database is back.")
            return found

    def _wait(self, since: float | None, error: Exception) -> float:
        connection.close()
        now = time.monotonic()
        if since is None:
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            self._say(f"The database does not answer ({first}); waiting for it.")
            since = now
        if now - since > PATIENCE_SECONDS:
            number = self._session
            raise CommandError(
                f"The database has not answered for {PATIENCE_SECONDS:.0f} s. Workers go on with drain {number} once they "
                f"reach it: see it with `manage.py session watch {number}`; one that was interrupted goes on with "
                f"`manage.py drain --resume {number}`.",
                returncode=ExitCode.NOT_THROUGH,
            ) from error
        time.sleep(AGAIN_SECONDS)
        return since
