"""Follow a session on a terminal until it has ended."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from drain.engine.sessions.results import session_counts
from drain.engine.workers.hosts import strength
from drain.management.patience import Patience
from drain.models import DrainSession
from drain.models.vocabulary import LIVE_SESSION_STATES
from drain.policy.inert import inert
from drain.policy.words import counted

LOOK_SECONDS = 0.5
HOST_LOOK_SECONDS = 2.0
LINE_SECONDS = 10.0
"""Between lines about the progress where no bar can be drawn; a shorter drain has none."""


def follow(session_pk: int, done: Callable[[], bool] | None = None) -> None:
    """Show progress until the session has ended (or `done`): a bar, or lines where there is no terminal."""
    console = Console(stderr=True)

    def say(line: str) -> None:
        # Through the console where a bar is drawn, so that it moves out of the way.
        if console.is_terminal:
            console.print(line, markup=False, highlight=False)
        else:
            sys.stderr.write(f"{inert(line)}\n")

    patiently = Patience(session_pk, say)
    hosts = _Hosts(say)
    lines = None if sys.stderr.isatty() else _Lines(say)
    with Progress(
        TextColumn("Drain {task.fields[number]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not sys.stderr.isatty(),
    ) as progress:
        task = progress.add_task("", total=None, number=session_pk, counts="")
        wait = threading.Event()
        while True:
            session, counts = patiently(lambda: _look(session_pk))
            progress.update(
                task,
                total=session.selected,
                completed=counts["phases"],
                counts=_line(session, counts),
            )
            if lines is not None:
                lines.look(session, counts)
            if session.state not in LIVE_SESSION_STATES or (done is not None and done()):
                return
            if not session.inline:
                patiently(hosts.look)
            wait.wait(LOOK_SECONDS)


def _look(session_pk: int) -> tuple[DrainSession, dict[str, int]]:
    return DrainSession.objects.get(pk=session_pk), session_counts(session_pk)


class _Lines:
    """Progress as lines, for a log or a pipe."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last = time.monotonic()

    def look(self, session: DrainSession, counts: dict[str, int]) -> None:
        """Say how far it is, every ten seconds."""
        if time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            self._say(
                f"Drain {session.pk}: {counts['phases']} of {counted(session.selected, 'phase')}, {_line(session, counts)}"
            )


class _Hosts:
    """Says when the last worker host is gone, and when there is one again."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._gone = False
        self._looked = 0.0

    def look(self) -> None:
        """Look, at most every two seconds."""
        now = time.monotonic()
        if now - self._looked < HOST_LOOK_SECONDS:
            return
        gone = not strength().hosts
        self._looked = now
        if gone and not self._gone:
            self._say(
                "No worker is alive any more: the drain waits. Start some with `manage.py up`; Ctrl-C leaves the drain waiting."
            )
        if self._gone and not gone:
            self._say("Workers are back.")
        self._gone = gone


def _line(session: DrainSession, counts: dict[str, int]) -> str:
    parts = [f"{counts['complete']} complete", f"{counts['failed']} failed"]
    parts += [f"{counts[name]} {name}" for name in ("retryable", "lost", "skipped") if counts[name]]
    return f"{session.state}: " + ", ".join(parts)


class Watcher:
    """Follows a session from a thread of its own while this one drains it."""

    def __init__(self, session_pk: int) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, args=[session_pk], daemon=True)

    def _follow(self, session_pk: int) -> None:
        # A short drain whose output is kept in a file says nothing on the way.
        if not sys.stderr.isatty() and self._over.wait(LINE_SECONDS):
            return
        try:
            follow(session_pk, self._over.is_set)
        except (DatabaseError, CommandError) as error:
            sys.stderr.write(inert(f"The progress cannot be shown: {error}\n"))
        finally:
            connection.close()

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
