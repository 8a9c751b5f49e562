"""`manage.py demo`: a real backlog drained by real workers, to watch in the terminal and in the browser."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from drain.demo.setting import set_up
from drain.demo.story import Story, tell
from drain.evidence.checks.schedule import judge_due
from drain.management.base import REFUSALS, DrainCommand
from drain.management.following import follow
from drain.management.ledger import print_result
from drain.people.first_account import Account
from drain.policy.command_lines import manage_line
from drain.policy.inert import inert
from drain.policy.words import counted
from drain.sources.errors import SourceError
from drainsite.management.serving import PREPARING, ServeOptions, prepare, serve
from drainsite.supervisor.supervisor import Supervisor


class Command(DrainCommand):
    """Set up, serve, drain, say what changed."""

    help = "Drain a made-up backlog with real workers and serve the site; Ctrl-C ends all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options for staying, and for the address."""
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="end when it is drained")
        parser.add_argument(
            "--port", type=int, default=8000, help="where the site is served (8000)"
        )

    def act(self, **options: Any) -> None:
        """Prepare, then let the supervisor run while the drains are told in a thread."""
        wanted = ServeOptions(port=options["port"])
        wanted.check()
        self._json = bool(options["json"])
        self._say(PREPARING)
        prepare(wanted)
        try:
            account = set_up(Path(settings.DATA_DIR) / "demo", self.actor.name, timezone.now())
        except SourceError as error:
            raise CommandError(str(error)) from error
        self._greet(account)
        telling = _Telling(self, once=options["once"], extra=_facts(wanted, account))
        serve(wanted, self._say, telling.begin)
        telling.join()
        self._say("Stopped.")
        telling.judge()

    def _greet(self, account: Account) -> None:
        if account.password is not None:
            self._say(f"Sign in as {account.name} with the password {account.password}")
            self._say("(shown this once; `manage.py changepassword admin` sets another)")
        else:
            self._say(
                f"Sign in as {account.name} with its password from the first time "
                f"(`{manage_line('changepassword', account.name)}` sets another)."
            )

    def _say(self, line: str) -> None:
        # Through sys: while a progress bar is drawn, that keeps lines above it.
        out = sys.stderr if self._json else sys.stdout
        out.write(f"{inert(line)}\n")
        out.flush()

    def tell_result(self, story: Story, extra: dict[str, Any]) -> None:
        """Write the changes, in words or as one object."""
        if self._json:
            self.print_json({**extra, **story.to_json()})
            return
        for session in story.sessions:
            self._say("")
            print_result(self.stdout, session)
            self.stdout.flush()
        self._say("")
        self._say(_verdict(story))


class _Telling:
    """The drains, told in a thread beside the supervisor."""

    def __init__(self, command: Command, *, once: bool, extra: dict[str, Any]) -> None:
        self._command = command
        self._once = once
        self._extra = extra
        self._story = Story()
        self._error = ""
        self._told = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._supervisor: Supervisor | None = None

    def begin(self, supervisor: Supervisor) -> None:
        """Start telling; the supervisor is asked to stop at the end if that was wanted."""
        self._supervisor = supervisor
        self._thread.start()

    def join(self) -> None:
        """The site has stopped: no more to follow."""
        self._over.set()
        self._thread.join()

    def judge(self) -> None:
        """Raise CommandError if the demo did not do what it promises."""
        if self._error:
            raise CommandError(self._error)
        if self._once and not self._told:
            raise CommandError("The demo was stopped before it was done.")
        if self._once and not self._story.is_kept:
            raise CommandError("Not every failed phase of research-system-v2 was run again.")

    def _run(self) -> None:
        try:
            self._tell()
        except (*REFUSALS, DatabaseError) as error:
            self._error = str(error)
        finally:
            connection.close()
            if self._supervisor is not None and (self._once or self._error):
                self._supervisor.request_stop()

    def _tell(self) -> None:
        for session in tell(self._story, self._command.actor):
            follow(session.pk, self._over.is_set)
            session.refresh_from_db()
            if self._over.is_set():
                return
        # The site stops before its maintenance comes round to what the last drain says of the fix.
        judge_due(timezone.now())
        self._told = True
        self._command.tell_result(self._story, self._extra)


def _facts(wanted: ServeOptions, account: Account) -> dict[str, Any]:
    facts: dict[str, Any] = {"address": wanted.address, "account": account.name}
    return facts if account.password is None else {**facts, "password": account.password}


def _verdict(story: Story) -> str:
    if not any(session.selected for session in story.sessions):
        return (
            "Nothing was left to drain. To start afresh, end this and remove the folder "
            f"{settings.DATA_DIR}."
        )
    if not story.failed_before:
        return "research-system-v2 had no failed phase left; the rest of the backlog went on."
    return (
        f"research-system-v2: {story.processed} of {counted(len(story.failed_before), 'failed phase')} were run again, "
        "although one phase of that run waits in the queue."
    )
