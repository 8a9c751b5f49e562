"""`manage.py session pause|resume|stop|cancel SESSION`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser

from drain.engine.sessions.results import session_result
from drain.engine.sessions.verbs import (
    Actor,
    cancel_session,
    pause_session,
    resume_session,
    stop_session_by_person,
)
from drain.engine.workers.hosts import require_shared_secret
from drain.management.base import DrainCommand
from drain.management.naming import named_session
from drain.models import DrainSession
from drain.policy.exit_codes import EXIT_CODES_HELP

_VERBS: dict[str, Callable[[int, Actor], None]] = {
    "pause": pause_session,
    "resume": resume_session,
    "stop": stop_session_by_person,
    "cancel": cancel_session,
}
WATCH = "watch"


class Command(DrainCommand):
    """One verb on one session."""

    help = (
        "Pause, resume, stop (what runs may end, and until it has, resume takes it back) or cancel (what runs is ended) "
        "a drain, or watch it to its end."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The verb and the session's number."""
        super().add_arguments(parser)
        parser.epilog = f"watch: {EXIT_CODES_HELP}"
        parser.add_argument(
            "verb", choices=sorted((*_VERBS, WATCH)), help="what to do with the drain"
        )
        parser.add_argument("session", help="number of the drain, or `latest`")

    def act(self, **options: Any) -> None:
        """Do it and say what state the session is in now."""
        session = named_session(options["session"])
        if options["verb"] == WATCH:
            self._watch(session, as_json=options["json"])
            return
        if options["verb"] == "resume":
            require_shared_secret()  # it wakes workers
        _VERBS[options["verb"]](session.pk, self.actor)
        session.refresh_from_db()
        if options["json"]:
            self.print_json(session_result(session))
        else:
            self.stdout.write(f"Drain {session.pk} is {session.state}.")

    def _watch(self, session: DrainSession, *, as_json: bool) -> None:
        from drain.management.draining import watch
        from drain.management.outcome import conclude

        watch(session)
        conclude(self, session, as_json=as_json)
