"""One transaction of a loop: book what ended, judge it, start what comes next."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from drain.db.prepared import rows
from drain.engine.attempts.books import SessionBooks, lock_sessions, write_sessions
from drain.engine.attempts.claim import Claimer
from drain.engine.attempts.context import HostContext, SessionContext, read_contexts
from drain.engine.attempts.finish import finish
from drain.engine.attempts.pace import Pace
from drain.engine.attempts.started import EndedAttempt, StartedAttempt, not_run
from drain.logs import about
from drain.models import SessionRun
from drain.policy.states import Outcome
from drain.policy.stopping.stops import judge_time

log = logging.getLogger(__name__)
_STANDING = """
SELECT lease FROM drain_attempt WHERE id = ANY(%(attempts)s::bigint[]) AND outcome IS NULL
"""

# Classes of SQLSTATE that speak of the server and not of what was asked: connection, resources, intervention,
# system, rollback (deadlock, serialization), transaction state (read-only), lock not available.
_OUTAGES = ("08", "53", "57", "58", "40", "25", "55", "XX")


def is_outage(error: Exception) -> bool:
    """Return whether a later try may help, because the server was away, broken, full, read-only or busy."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    if state is None:
        return isinstance(error, DatabaseError) and type(error).__name__ == "OperationalError"
    return str(state)[:2] in _OUTAGES


@dataclass(slots=True)
class Rounds:
    """The common state of a loop's rounds, and the result of the last one."""

    host: HostContext
    loop: UUID
    contexts: dict[int, SessionContext] = field(default_factory=dict)
    begun: list[StartedAttempt] = field(default_factory=list)
    """Started in a transaction whose commit may or may not have been heard: see `starts_that_stand`."""
    wait: float = math.inf
    """Seconds until pace alone would have let the last round start more."""
    broken: dict[int, Exception] = field(default_factory=dict)
    """Sessions of which the last round could claim nothing, whatever it was that made no sense."""

    def write_by_parts(
        self, ends: Sequence[EndedAttempt], free: int, claimable: Collection[int]
    ) -> int:
        """Write a round like `write`; should a part make no sense,
        each end and each session has a round of its own.

        So nothing that one row holds stops the others. Raises only what may pass by itself (`is_outage`).
        """
        self.broken = {}
        try:
            return self.write(ends, free, claimable)
        except Exception as error:
            if is_outage(error):
                raise
            log.warning("a round met %r; each of its parts is written by itself", error)
        gone = self.book(ends) if ends else 0
        self._claim_apart(free, claimable)
        return gone

    def _claim_apart(self, free: int, claimable: Collection[int]) -> None:
        begun: list[StartedAttempt] = []
        for session in sorted(claimable):
            try:
                self.write([], free - len(begun), [session])
            except Exception as error:
                if is_outage(error):
                    self.begun = begun + self.begun
                    raise
                self.broken[session] = error
                continue
            begun += self.begun
        self.begun = begun

    def write(self, ends: Sequence[EndedAttempt], free: int, claimable: Collection[int]) -> int:
        """Book `ends` in this order, then start at most `free` phases of the `claimable` sessions.

        Returns how many of `ends` had lost their lease. What was started is in `begun` once this comes back,
        and may be if it raises. Raises what the database raises.
        """
        self.begun, self.wait = [], math.inf
        with transaction.atomic():
            books = self._lock({*claimable, *_sessions(ends)})
            written = finish(ends, books, self.contexts, self.host.worker)
            if free:
                self._claim(books, free, claimable)
            write_sessions(books.values())
        return len(ends) - len(written)

    def book(self, ends: Sequence[EndedAttempt]) -> int:
        """Book `ends` although some may hold what no row can: halved until the culprit stands alone.

        Returns how many had lost their lease. Raises only what may pass by itself (`is_outage`).
        """
        try:
            return self.write(ends, 0, ())
        except Exception as error:
            if is_outage(error):
                raise
            if len(ends) > 1:
                half = len(ends) // 2
                return self.book(ends[:half]) + self.book(ends[half:])
            return self.write([without_result(ends[0], error)], 0, ())

    def _lock(self, sessions: Iterable[int]) -> dict[int, SessionBooks]:
        """Those whose rows make no sense are locked too, and not among what this returns:
        no rule of theirs is known.
        """
        books = lock_sessions(sessions)
        broken = read_contexts(books, self.contexts)
        self.broken |= broken
        return {key: each for key, each in books.items() if key not in broken}

    def _claim(self, books: dict[int, SessionBooks], free: int, claimable: Collection[int]) -> None:
        offered = [books[each] for each in sorted(claimable) if each in books]
        offered = [each for each in offered if each.running and self._in_time(each)]
        pace = Pace(self.host)
        claimer = Claimer(self.host, self.loop, pace)
        while free > 0 and offered:
            shares = fair_shares([(each.open, each.parallel) for each in offered], free)
            left: list[SessionBooks] = []
            for each, share in zip(offered, shares, strict=True):
                started = claimer.claim(each, self.contexts[each.session], share)
                self.begun += started
                free -= len(started)
                if share and len(started) == share:
                    left.append(each)
            # What one cannot use now is offered to the others.
            offered = left if sum(shares) and len(left) < len(offered) else []
        self.wait = pace.wait

    def _in_time(self, books: SessionBooks) -> bool:
        """Return whether the session's time is not up;
        stops the session if it is and something of it still waits.
        """
        limits = self.contexts[books.session].limits
        card = judge_time(limits, books.started_at, timezone.now(), books.rested)
        if card is None:
            return True
        if SessionRun.objects.filter(session=books.session, waiting__gt=0, stop="").exists():
            books.stop(card)
        return False


def without_result(each: EndedAttempt, error: Exception) -> EndedAttempt:
    """Return what is booked for an end that no row can hold: a failure, with the database's sentence."""
    sentence = f"Its result could not be stored: {str(error).strip()}"
    with about(drain=each.started.session, attempt=each.started.attempt):
        log.warning("attempt %s: %s", each.started.attempt, sentence)
    return EndedAttempt(each.started, not_run(sentence[:1000], Outcome.FAILED))


def starts_that_stand(begun: Sequence[StartedAttempt]) -> list[StartedAttempt]:
    """Return those of `begun` that are in the books, after a commit whose answer was lost."""
    values = {"attempts": [each.attempt for each in begun]}
    standing = {found["lease"] for found in rows(_STANDING, values)}
    return [each for each in begun if each.lease in standing]


def fair_shares(sessions: Sequence[tuple[int, int]], free: int) -> list[int]:
    """Part `free` slots among sessions given as (open attempts, parallel), oldest first.

    One by one to the session with the fewest open attempts for its `parallel`; ties go to the oldest.
    """
    shares = [0] * len(sessions)
    for _ in range(free):
        best: tuple[float, int] | None = None
        for place, (opened, parallel) in enumerate(sessions):
            taken = opened + shares[place]
            if taken < parallel and (best is None or taken / parallel < best[0]):
                best = taken / parallel, place
        if best is None:
            break
        shares[best[1]] += 1
    return shares


def _sessions(ends: Sequence[EndedAttempt]) -> set[int]:
    return {each.started.session for each in ends if each.started.session is not None}
