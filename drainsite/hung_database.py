"""No page waits for a database that does not answer.

A server that is gone closes its connections, and a dead link is noticed by TCP. A server that is only stopped
(a frozen machine, a debugger, SIGSTOP) keeps both, and libpq waits for ever. So whoever waits longer than
PATIENCE_SECONDS has the server asked by a fresh connection: if that is answered the statement is slow and
goes on, if not its socket is shut.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

PATIENCE_SECONDS = 2.0
LOOK_SECONDS = 0.5
ASK_SECONDS = 2
RETRY_AFTER_SECONDS = 5
_PAGE = (
    "<!doctype html><meta charset=utf-8><title>The database does not answer</title>"
    "<h1>The database does not answer</h1><p>Nothing is lost. Load this page again in a moment.</p>\n"
)


class HungDatabaseMiddleware:
    """Answers 503 where the database is away, and soon also where it is stopped."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._next = get_response
        self._watch = ConnectionWatch()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on, watched."""
        with self._watch.over(connections[DEFAULT_DB_ALIAS]):
            answer = self._next(request)
        # Before the first statement there is none either: then the failure is somebody else's.
        raw = connections[DEFAULT_DB_ALIAS].connection
        if answer.status_code != 500 or (raw is not None and not raw.closed):
            return answer
        away = HttpResponse(_PAGE, status=503)
        away["Retry-After"] = str(RETRY_AFTER_SECONDS)
        away["Cache-Control"] = "no-store"
        return away


@dataclass(slots=True)
class _Waiting:
    wrapper: BaseDatabaseWrapper
    since: float = field(default_factory=time.monotonic)


class ConnectionWatch:
    """Looks at the connections of running requests, from a thread that lives while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[int, _Waiting] = {}
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def over(self, wrapper: BaseDatabaseWrapper) -> Iterator[None]:
        """Watch this thread's connection inside."""
        me = threading.get_ident()
        with self._lock:
            self._waiting[me] = _Waiting(wrapper)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._waiting.pop(me, None)

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with self._lock:
                late = [each for each in self._waiting.values() if self._is_late(each)]
                if not self._waiting:
                    self._thread = None
                    return
            if late and not answers(late[0].wrapper):
                with self._lock:
                    for each in self._waiting.values():
                        if self._is_late(each):
                            shut(each.wrapper)
            for each in late:
                each.since = time.monotonic()

    @staticmethod
    def _is_late(each: _Waiting) -> bool:
        return time.monotonic() - each.since > PATIENCE_SECONDS


def answers(wrapper: BaseDatabaseWrapper) -> bool:
    """Return whether a fresh connection to the same server is answered within ASK_SECONDS."""
    names = ("host", "port", "user", "password", "dbname")
    known = wrapper.get_connection_params()
    asked = {name: known[name] for name in names if known.get(name)}
    try:
        with psycopg.connect(**asked, connect_timeout=ASK_SECONDS):
            return True
    except psycopg.Error:
        return False


def shut(wrapper: BaseDatabaseWrapper) -> None:
    """Shut the socket of a connection that another thread waits on: its statement fails at once."""
    with contextlib.suppress(OSError, psycopg.Error, AttributeError):
        copy = socket.socket(fileno=os.dup(wrapper.connection.pgconn.socket))
        try:
            copy.shutdown(socket.SHUT_RDWR)
        finally:
            copy.close()
