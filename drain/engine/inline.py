"""Drain a session in this process, without any worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from drain.engine.errors import EngineError
from drain.engine.loop import LoopEnd, drain
from drain.engine.sessions.verbs import Actor, interrupt_session
from drain.engine.workers.identity import profiles_here
from drain.engine.workers.slots import make_places
from drain.evidence.rollups.fold import fold
from drain.models import DrainSession, ExecutorProfile


def require_capable(session: DrainSession) -> None:
    """Raise EngineError with the problem if this host cannot run any executor of the plan."""
    able, problems = profiles_here()
    used: set[str | None] = set(
        session.candidates.filter(planned_position__isnull=False)
        .values_list("run__executor__name", flat=True)
        .distinct()
    )
    default = ExecutorProfile.objects.filter(is_default=True).first()
    names = {default.name if name is None and default else name for name in used}
    wrong = [
        f"{name}: {problems[name][0]}" for name in sorted(filter(None, names)) if name in problems
    ]
    if wrong and not any(profile.name in names for profile in able.values()):
        raise EngineError(f"This host cannot run the executor {wrong[0]}")


def drain_inline(session: DrainSession, actor: Actor, interrupted: Callable[[], bool]) -> None:
    """Drain a session to its end with as many loops as it asks for; an interrupted one can be resumed."""
    make_places(session.pk, session.parallel)
    failed = threading.Event()

    def loop(slot: int) -> LoopEnd:
        try:
            return drain(
                session.pk,
                slot,
                slice_seconds=None,
                interrupted=lambda: interrupted() or failed.is_set(),
                wait_while_paused=True,
            )
        except BaseException:
            failed.set()
            raise
        finally:
            if slot:
                connection.close()

    with ThreadPoolExecutor(max_workers=max(session.parallel - 1, 1)) as pool:
        others = [pool.submit(loop, slot) for slot in range(1, session.parallel)]
        ends = []
        try:
            ends.append(loop(0))
        finally:
            ends += [other.result() for other in others]
    # What another process still drains is not ours to interrupt.
    if LoopEnd.TAKEN not in ends:
        interrupt_session(session.pk, actor.name)
    session.refresh_from_db()
    # Where nobody runs workers, nobody runs maintenance either.
    fold()
