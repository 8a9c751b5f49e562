"""The first step of a session: preflight, then running. Whichever loop comes first takes it."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from drain.engine.attempts.context import LoopContext
from drain.engine.process.preflight import Preflight, run_preflight
from drain.engine.process.profile import Profile
from drain.engine.source_profile import for_source
from drain.engine.workers.timing import IDLE_SECONDS
from drain.models import Candidate, DrainSession
from drain.models.transitions.phases import Why
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import LIVE_SESSION_STATES, SessionState
from drain.sources.errors import SourceError

LOCK_SPACE = 0x6472  # "dr": our corner of PostgreSQL's advisory locks


def open_session(context: LoopContext) -> datetime | None:
    """Bring a planned session to running, after its preflights; returns when it started.

    Other loops wait here meanwhile. None if the session is over.
    """
    while True:
        session = DrainSession.objects.get(pk=context.session)
        if session.state not in LIVE_SESSION_STATES or context.interrupted():
            return None
        if session.state != SessionState.PLANNED:
            return session.started_at
        if not _open_once(context):
            time.sleep(IDLE_SECONDS)


def _open_once(context: LoopContext) -> bool:
    """Run the preflights unless another loop is at it; the lock ends with this process at the latest."""
    key = {"space": LOCK_SPACE, "session": context.session % 2**31}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%(space)s, %(session)s)", key)
        if not cursor.fetchone()[0]:
            return False
    try:
        _preflight(context)
        return True
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%(space)s, %(session)s)", key)


def _preflight(context: LoopContext) -> None:
    if DrainSession.objects.get(pk=context.session).state != SessionState.PLANNED:
        return
    found: dict[str, object] = {}
    for profile in _profiles(context):
        result = _run(profile, context.folder)
        found[profile.name] = {
            "ok": result.ok,
            "seconds": round(result.seconds, 2),
            "sentence": result.sentence,
            "output": result.output_tail,
        }
        if not result.ok:
            _refuse(context, profile.name, result.sentence, found)
            return
    with transaction.atomic():
        move_session(
            context.session,
            expect=[SessionState.PLANNED],
            to=SessionState.RUNNING,
            why=Why("open", context.actor, session=context.session),
            preflight=found,
        )


def _run(profile: Profile, folder: Path) -> Preflight:
    try:
        return run_preflight(for_source(profile), folder=folder)
    except SourceError as error:
        return Preflight(ok=False, seconds=0.0, output_tail="", sentence=str(error))


def _profiles(context: LoopContext) -> list[Profile]:
    """Profiles with a preflight that the plan's runs use and this host can run."""
    used: set[int | None] = set(
        Candidate.objects.filter(session=context.session, planned_position__isnull=False)
        .values_list("run__executor_id", flat=True)
        .distinct()
    )
    chosen = {context.default_executor if pk is None else pk for pk in used}
    return [
        context.profiles[pk]
        for pk in sorted(pk for pk in chosen if pk is not None)
        if pk in context.profiles and context.profiles[pk].preflight
    ]


def _refuse(context: LoopContext, name: str, sentence: str, found: dict[str, object]) -> None:
    card = {
        "rule": "preflight_failed",
        "limit": "",
        "observed": "",
        "key": "",
        "sentence": f"The preflight of executor {name} failed, so nothing was run. {sentence}",
    }
    with transaction.atomic():
        move_session(
            context.session,
            expect=[SessionState.PLANNED],
            to=SessionState.REFUSED,
            why=Why("refuse", context.actor, sentence, session=context.session),
            preflight=found,
            stop_reason="preflight_failed",
            stop_card=card,
        )
