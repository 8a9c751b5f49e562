"""The common part of `drain` and `drain_phase`: run a session here or hand it to the workers."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.core.management.base import CommandError
from django.db import InterfaceError, OperationalError

from drain.engine.errors import EngineError
from drain.engine.inline import drain_inline
from drain.engine.maintenance import take_stock
from drain.engine.rescue import rescue
from drain.engine.sessions.verbs import Actor, start_session
from drain.engine.workers.broker import require_broker
from drain.engine.workers.capability import without_host
from drain.engine.workers.hosts import require_shared_secret, strength
from drain.models import DrainSession
from drain.models.vocabulary import LIVE_SESSION_STATES
from drain.policy.exit_codes import ExitCode
from drain.policy.inert import inert

from .following import Watcher, follow
from .patience import Patience


def prepare(*, inline: bool) -> None:
    """Refuse before a plan is made: raises EngineError if workers are needed and none is alive.

    Who drains in this process does what a worker does when it starts: what dead ones left would be in the
    way, and where no worker runs nobody else tends it.
    """
    if inline:
        rescue()
    elif not strength().workers:
        raise EngineError(
            "No worker is alive: start some with `manage.py up`, or drain in this process with --inline."
        )
    else:
        require_shared_secret()
        require_broker()


def run_session(session: DrainSession, actor: Actor, *, inline: bool, detach: bool) -> None:
    """Drain a planned session to its end, or leave it to the workers; refreshes `session`."""
    if session.state not in LIVE_SESSION_STATES:
        return
    if inline:
        try:
            with interruptible() as interrupted, Watcher(session.pk):
                drain_inline(session, actor, interrupted.is_set)
            take_stock()
        except (OperationalError, InterfaceError) as error:
            raise CommandError(
                f"The database is away ({str(error).strip()}), so drain {session.pk} is left as it is: once the database "
                f"is back go on with `manage.py drain --resume {session.pk} --inline`.",
                returncode=ExitCode.NOT_THROUGH,
            ) from error
        return
    patient = Patience(session.pk, lambda line: sys.stderr.write(f"{inert(line)}\n"))
    patient(lambda: start_session(session))
    lacking = patient(lambda: without_host(session.pk))
    if lacking is not None:
        sys.stderr.write(f"{inert(lacking.sentence)}\n")
    if detach:
        patient(session.refresh_from_db)
    else:
        watch(session)


def watch(session: DrainSession) -> None:
    """Follow a session to its end; refreshes `session`. Raises CommandError with exit 130 on Ctrl-C."""
    try:
        follow(session.pk)
    except KeyboardInterrupt:
        raise CommandError(
            f"Drain {session.pk} goes on without this terminal: see it with `manage.py session watch {session.pk}`, "
            f"stop it with `manage.py session stop {session.pk}`.",
            returncode=ExitCode.DETACHED,
        ) from None
    Patience(session.pk, lambda line: None)(session.refresh_from_db)


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM ask instead of killing: children are ended and the books are closed."""
    asked = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        del number, frame
        asked.set()

    before = {name: signal.signal(name, ask) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
