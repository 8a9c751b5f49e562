"""A loop's sessions: what people want of them, which offer phases, which are due to open or close."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Collection, Iterable
from concurrent.futures import Future

from drain.db.prepared import rows
from drain.engine.abandoned import interrupt_if_hopeless
from drain.engine.attempts.context import HostContext
from drain.engine.attempts.round import is_outage
from drain.engine.executions.pool import Pool
from drain.engine.sessions.closing import close_if_over
from drain.engine.sessions.opening import open_session
from drain.engine.workers.identity import host_id
from drain.logs import about
from drain.models import DrainSession
from drain.models.vocabulary import SessionState

log = logging.getLogger(__name__)

NEWS_AFTER_FRUITLESS_SECONDS = 1.0
ASIDE_SECONDS = 30.0
"""A session whose rows make no sense is tried again so often: somebody may have mended them."""

_LOOK = """
SELECT s.id, s.state, s.cancel_requested, s.open_attempts, s.parallel,
    EXISTS (SELECT FROM drain_sessionrun r WHERE r.session_id = s.id AND r.waiting > 0 AND r.stop = ''
            AND r.not_before <= clock_timestamp()) AS waiting,
    EXISTS (SELECT FROM drain_workerhost h WHERE h.id = %(host)s::uuid AND h.stopped_at IS NOT NULL) AS host_stopped
FROM drain_drainsession s
WHERE s.id = %(only)s::bigint
   OR %(only)s::bigint IS NULL AND NOT s.inline AND s.state IN ('planned', 'running', 'stopping')
   OR s.id = ANY(%(mine)s::bigint[])
ORDER BY s.id
"""
_LIVE = (
    SessionState.PLANNED,
    SessionState.RUNNING,
    SessionState.PAUSED,
    SessionState.STOPPING,
)


class ServedSessions:
    """All live sessions that are not inline, or the one a loop was made for, as at the last look."""

    def __init__(self, only: int | None, host: HostContext, pool: Pool) -> None:
        self._only = only
        self._host = host
        self._pool = pool
        self._fruitless: dict[int, float] = {}
        self._aside: dict[int, float] = {}
        self._unopened: dict[int, Exception] = {}
        self._ending = False
        self.opening: set[int] = set()
        """Those whose preflights run in the pool."""
        self.running: list[int] = []
        """Those that run and have phases to offer."""
        self.hungry: list[int] = []
        """Those among them that may have more at once."""
        self.cancelled: list[int] = []
        self.live = False
        """True if there is any that has not ended."""
        self.host_stopped = False
        self.paced_until = math.inf
        """By the monotonic clock: when to look although nothing ended."""
        self.looked_at = 0.0

    def look(self, mine: Collection[int], *, ending: bool) -> None:
        """Read what people want of them; open and close those that are due.
        `mine`: those that have children here.

        A loop that is `ending` opens and closes none.
        """
        self.looked_at = time.monotonic()
        self.paced_until = math.inf
        found = rows(_LOOK, {"only": self._only, "host": host_id(), "mine": list(mine)})
        self.host_stopped = any(row["host_stopped"] for row in found)
        self._ending = ending or self.host_stopped
        self.cancelled = [
            row["id"]
            for row in found
            if row["cancel_requested"] or row["state"] == SessionState.CANCELLED
        ]
        live = [row for row in found if row["state"] in _LIVE]
        self.live = bool(live)
        self.running, self.hungry = [], []
        for row in live:
            self._attend_apart(row)

    def set_aside(self, session: int, error: Exception) -> None:
        """Leave alone for a while what makes no sense; who drains nothing else raises it."""
        if self._only is not None:
            raise error
        with about(drain=session):
            log.error("drain %s is left alone for %.0f s", session, ASIDE_SECONDS, exc_info=error)
        self._aside[session] = time.monotonic() + ASIDE_SECONDS
        self.running = [each for each in self.running if each != session]
        self.hungry = [each for each in self.hungry if each != session]

    def put_off(self, sessions: Iterable[int], wait: float) -> None:
        """Look for news of these sessions less often, or once pace lets one start in `wait` s:
        nothing can start now.
        """
        now = time.monotonic()
        until = now + min(NEWS_AFTER_FRUITLESS_SECONDS, wait)
        self._fruitless.update(dict.fromkeys(sessions, until))
        self.paced_until = until if wait < NEWS_AFTER_FRUITLESS_SECONDS else math.inf
        self.hungry = []

    def hope(self) -> None:
        """Look again at once: something started or ended, so a start may be possible now."""
        self._fruitless.clear()

    def _attend_apart(self, row: dict[str, object]) -> None:
        session = int(str(row["id"]))
        if time.monotonic() < self._aside.get(session, 0.0):
            return
        if unopened := self._unopened.pop(session, None):
            self.set_aside(session, unopened)
            return
        try:
            self._attend(session, row)
        except Exception as error:
            if is_outage(error):
                raise
            self.set_aside(session, error)

    def _attend(self, session: int, row: dict[str, object]) -> None:
        state, opened = row["state"], int(str(row["open_attempts"]))
        if state == SessionState.PLANNED:
            self._open(session)
            return
        offers = state == SessionState.RUNNING and row["waiting"]
        fruitless = time.monotonic() < self._fruitless.get(session, 0.0)
        if offers:
            self.running.append(session)
        if offers and opened < int(str(row["parallel"])) and not fruitless:
            self.hungry.append(session)
        elif not opened and not self._ending and state != SessionState.PAUSED:
            self._settle(session)

    def _settle(self, session: int) -> None:
        if close_if_over(session, self._host.worker):
            self.looked_at = 0.0
            return
        if self._only is not None:
            interrupt_if_hopeless(
                DrainSession.objects.get(pk=session), self._host.worker, self._host.able
            )

    def _open(self, session: int) -> None:
        """Preflights take their time: in the pool, once."""
        if session in self.opening or self._ending:
            return
        self.opening.add(session)

        def opened(done: Future[bool]) -> None:
            error = done.exception()
            if isinstance(error, Exception) and not is_outage(error):
                self._unopened[session] = error
            self.opening.discard(session)
            # Where somebody else is at it there is no news before he is done.
            if error is None and done.result():
                self.looked_at = 0.0
            self._pool.wake()

        with about(drain=session):
            done = self._pool.submit(lambda: open_session(session, self._host))
        done.add_done_callback(opened)
