"""The loop that drains a session: start one, run it, finish it and start the next in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid4

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from drain.db.prepared import plan_as_usual, plan_once
from drain.engine.abandoned import interrupt_if_hopeless
from drain.engine.attempts.context import LoopContext
from drain.engine.attempts.finish import Result, finish
from drain.engine.attempts.heartbeat import renew
from drain.engine.attempts.judge import stop_session
from drain.engine.attempts.run import run
from drain.engine.attempts.start import Held, begin
from drain.engine.process.job import tidy
from drain.engine.process.warden import ensure_warden
from drain.engine.sessions.closing import Idle, settle
from drain.engine.sessions.opening import open_session
from drain.engine.workers.identity import worker_id, worker_name
from drain.engine.workers.slots import free_place, take_place
from drain.engine.workers.timing import GIVE_UP_AFTER, IDLE_SECONDS, RENEW_EVERY
from drain.models import DrainSession
from drain.policy.stops import StopCard, judge_time

log = logging.getLogger(__name__)


class LoopEnd(StrEnum):
    """Why a loop came back."""

    DONE = "done"
    """Nothing is left for it in this session."""
    SLICE = "slice"
    """Its time slice is over; there is more to do."""
    PAUSED = "paused"
    """The session is paused; resuming wakes new loops."""
    TAKEN = "taken"
    """Somebody else holds its place."""
    INTERRUPTED = "interrupted"
    """The process was asked to end."""


def never() -> bool:
    """For loops that nobody interrupts."""
    return False


def drain(
    session_pk: int,
    slot: int,
    *,
    slice_seconds: float | None,
    interrupted: Callable[[], bool] = never,
    wait_while_paused: bool = False,
) -> LoopEnd:
    """Drain a session from one of its places until there is nothing left, or the slice is over.

    `slice_seconds` None: no slice (a command that drains in its own process).
    """
    holder = uuid4()
    if not take_place(session_pk, slot, holder, worker_name()):
        return LoopEnd.TAKEN
    try:
        plan_once()
        ensure_warden(worker_id())
        session = DrainSession.objects.get(pk=session_pk)
        context = LoopContext.of(session, interrupted)
        until = None if slice_seconds is None else time.monotonic() + slice_seconds
        return _Loop(context, holder, until, wait_while_paused=wait_while_paused).drain()
    finally:
        free_place(session_pk, holder)
        plan_as_usual()


class _Loop:
    """One loop's turn at a session."""

    def __init__(
        self, context: LoopContext, holder: UUID, until: float | None, *, wait_while_paused: bool
    ) -> None:
        self._context = context
        self._holder = holder
        self._until = until
        self._wait_while_paused = wait_while_paused
        self._renewed = time.monotonic()
        self._started_at = timezone.now()
        self._rested = timedelta()

    def drain(self) -> LoopEnd:
        opened = open_session(self._context)
        if opened is None:
            return LoopEnd.DONE
        self._started_at = opened
        held: list[Held] = []
        while True:
            held = held or self._begin()
            if held:
                held = self._finish(self._run(held))
                continue
            end = self._rest()
            if end is not None:
                tidy(self._context.folder)
                return end

    def _run(self, held: list[Held]) -> list[tuple[Held, Result]]:
        """Run what was started, one after the other; more than one only for a profile with chunks."""
        leases = [item.lease for item in held]
        return [(item, run(self._context, item, leases, self._holder)) for item in held]

    def _begin(self) -> list[Held]:
        if self._is_over():
            return []
        with transaction.atomic():
            return begin(self._context) if self._in_time() else []

    def _finish(self, ended: list[tuple[Held, Result]]) -> list[Held]:
        """Write the ends, and in the same transaction the next start."""
        deadline = time.monotonic() + GIVE_UP_AFTER
        while True:
            try:
                with transaction.atomic():
                    for held, result in ended:
                        if not finish(self._context, held, result):
                            log.warning(
                                "attempt %s: its lease was gone; nothing written", held.attempt
                            )
                    go_on = not self._is_over() and self._in_time()
                    return begin(self._context) if go_on else []
            except OperationalError as error:
                # A deadlock, or a server that was away: nothing was written, and the lease still holds.
                if time.monotonic() > deadline:
                    raise
                log.warning("a finish met %s; trying again", str(error).strip())
                connection.close()
                time.sleep(IDLE_SECONDS)

    def _is_over(self) -> bool:
        slice_over = self._until is not None and time.monotonic() > self._until
        return slice_over or self._context.interrupted()

    def _in_time(self) -> bool:
        """Whether the session's time is not up; stops the session if it is."""
        card = self._time_card()
        if card is not None:
            # It may have been paused since: rests only grow, so they are asked for when they would decide.
            rested = DrainSession.objects.values_list("rested", flat=True)
            self._rested = rested.get(pk=self._context.session)
            card = self._time_card()
        if card is not None:
            stop_session(self._context.session, card, attempt=None)
        return card is None

    def _time_card(self) -> StopCard | None:
        return judge_time(self._context.limits, self._started_at, timezone.now(), self._rested)

    def _rest(self) -> LoopEnd | None:
        """Nothing could start: end, or wait a moment for other loops, back-offs and holds."""
        if self._context.interrupted():
            return LoopEnd.INTERRUPTED
        self._renew()
        idle = settle(self._context)
        if idle is Idle.DONE:
            return LoopEnd.DONE
        if idle is Idle.PAUSED and not self._wait_while_paused:
            return LoopEnd.PAUSED
        if self._until is not None and time.monotonic() > self._until:
            return LoopEnd.SLICE
        time.sleep(IDLE_SECONDS)
        return None

    def _give_up_without_host(self) -> None:
        session = DrainSession.objects.get(pk=self._context.session)
        if session.inline:
            able = [profile.name for profile in self._context.profiles.values()]
            interrupt_if_hopeless(session, self._context.actor, able)

    def _renew(self) -> None:
        if time.monotonic() - self._renewed > RENEW_EVERY:
            self._context.refresh_profiles()
            self._give_up_without_host()
            try:
                renew([], self._context.session, self._holder)
            except DatabaseError:
                connection.close()
            self._renewed = time.monotonic()
