"""The first step of a session: preflight, then running. Whichever loop comes first takes it, in its pool."""

from __future__ import annotations

from pathlib import Path

from django.db import connection, transaction

from drain.engine.attempts.context import HostContext
from drain.engine.process.preflight import Preflight, run_preflight
from drain.engine.process.profile import Profile
from drain.engine.source.profile import for_source
from drain.models import Candidate, DrainSession
from drain.models.transitions.phases import MoveReason
from drain.models.transitions.sessions import move_session
from drain.models.vocabulary import SessionState
from drain.sources.errors import SourceError

LOCK_SPACE = 0x6472  # "dr": our corner of PostgreSQL's advisory locks


def open_session(session: int, host: HostContext) -> bool:
    """Bring a planned session to running or refused, by its preflights; False if another is at it."""
    key = {"space": LOCK_SPACE, "session": session % 2**31}
    with connection.cursor() as cursor:
        # The lock ends with this process at the latest.
        cursor.execute("SELECT pg_try_advisory_lock(%(space)s, %(session)s)", key)
        if not cursor.fetchone()[0]:
            return False
    try:
        _preflight(session, host)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%(space)s, %(session)s)", key)
    return True


def _preflight(session: int, host: HostContext) -> None:
    if DrainSession.objects.get(pk=session).state != SessionState.PLANNED:
        return
    found: dict[str, object] = {}
    for profile in _profiles(session, host):
        result = _run(profile, host.folder)
        found[profile.name] = {
            "ok": result.ok,
            "seconds": round(result.seconds, 2),
            "sentence": result.sentence,
            "output": result.output_tail,
        }
        if not result.ok:
            _refuse(session, host, profile.name, result.sentence, found)
            return
    with transaction.atomic():
        move_session(
            session,
            expect=[SessionState.PLANNED],
            to=SessionState.RUNNING,
            why=MoveReason("open", host.worker, session=session),
            preflight=found,
        )


def _run(profile: Profile, folder: Path) -> Preflight:
    try:
        return run_preflight(for_source(profile), folder=folder)
    except SourceError as error:
        return Preflight(ok=False, seconds=0.0, output_tail="", sentence=str(error))


def _profiles(session: int, host: HostContext) -> list[Profile]:
    """Profiles with a preflight or a service that the plan's runs use and this host can run."""
    used: set[int | None] = set(
        Candidate.objects.filter(session=session, planned_position__isnull=False)
        .values_list("run__executor_id", flat=True)
        .distinct()
    )
    chosen = {host.default_executor if pk is None else pk for pk in used}
    return [
        host.profiles[pk]
        for pk in sorted(pk for pk in chosen if pk is not None)
        if pk in host.profiles and (host.profiles[pk].preflight or host.profiles[pk].service)
    ]


def _refuse(
    session: int, host: HostContext, name: str, sentence: str, found: dict[str, object]
) -> None:
    card = {
        "rule": "preflight_failed",
        "limit": "",
        "observed": "",
        "key": "",
        "sentence": f"The preflight of executor {name} failed, so nothing was run. {sentence}",
    }
    with transaction.atomic():
        move_session(
            session,
            expect=[SessionState.PLANNED],
            to=SessionState.REFUSED,
            why=MoveReason("refuse", host.worker, sentence, session=session),
            preflight=found,
            stop_reason="preflight_failed",
            stop_card=card,
        )
