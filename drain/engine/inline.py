"""Drain a session in this process, without any worker."""

from __future__ import annotations

from collections.abc import Callable

from drain.engine.errors import EngineError
from drain.engine.loop import Loop, LoopEnd
from drain.engine.sessions.verbs import Actor, interrupt_session
from drain.engine.source.telling import tell_sources
from drain.engine.workers.identity import profiles_here
from drain.engine.workers.loops import inline_loop_is_alive
from drain.engine.workers.schema import is_current
from drain.evidence.rollups.fold import fold
from drain.models import DrainSession, ExecutorProfile


def require_capable(session: DrainSession) -> None:
    """Raise EngineError with the problem if this host cannot run any executor of the plan."""
    if not is_current():
        raise EngineError(
            "The database has the tables of another version of drainsite than this one: upgrade here, or run "
            "`manage.py migrate` if this is the newer one."
        )
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
    """Drain a session to its end, as many phases at once as it asks; an interrupted one can be resumed."""
    # What another process still drains is not ours to interrupt.
    if not inline_loop_is_alive(session.pk):
        while _drain(session, interrupted) is LoopEnd.LOST:
            pass
        interrupt_session(session.pk, actor.name)
    session.refresh_from_db()
    # Where nobody runs workers, nobody runs maintenance either.
    fold()
    while tell_sources():
        pass


def _drain(session: DrainSession, interrupted: Callable[[], bool]) -> LoopEnd:
    return Loop(session.parallel, session=session.pk, interrupted=interrupted).run()
