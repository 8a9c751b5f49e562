"""Follow a session on a terminal until it has ended."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from django.db import DatabaseError, connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from drain.engine.sessions.results import session_counts
from drain.models import DrainSession
from drain.models.vocabulary import LIVE_SESSION_STATES
from drain.policy.inert import inert

LOOK_SECONDS = 0.5


def follow(session_pk: int, done: Callable[[], bool] | None = None) -> None:
    """Show progress until the session has ended (or `done` says so); quiet where there is no terminal."""
    console = Console(stderr=True)
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
            session = DrainSession.objects.get(pk=session_pk)
            counts = session_counts(session_pk)
            progress.update(
                task,
                total=session.selected,
                completed=counts["phases"],
                counts=_line(session, counts),
            )
            if session.state not in LIVE_SESSION_STATES or (done is not None and done()):
                return
            wait.wait(LOOK_SECONDS)


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
        try:
            follow(session_pk, self._over.is_set)
        except DatabaseError as error:
            sys.stderr.write(inert(f"The progress cannot be shown: {error}\n"))
        finally:
            connection.close()

    def __enter__(self) -> Watcher:
        if sys.stderr.isatty():
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
