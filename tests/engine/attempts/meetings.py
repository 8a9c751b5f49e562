"""Two connections that meet: one waits for the other, or must not have to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

_WAITING = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND pid = %s)
"""


@contextmanager
def no_waiting() -> Iterator[None]:
    """Statements that would wait for a lock raise instead."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '1s'")
        try:
            yield
        finally:
            cursor.execute("RESET lock_timeout")


def elsewhere(act: Callable[[], Any]) -> Any:
    """Do it on another connection, as another process would; returns its answer, raises its error."""

    def there() -> Any:
        try:
            with no_waiting():
                return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(there).result(60)


@contextmanager
def held_up(
    act: Callable[[], Any], meanwhile: Callable[[], Any] = lambda: None
) -> Iterator[Callable[[], Any]]:
    """Do it on another connection, beside a transaction that is the body:
    it commits once `act` waits for its locks.

    `meanwhile` is done while it waits.

    Gives the function that tells what `act` returned.
    """
    backend: Future[int] = Future()

    def there() -> Any:
        try:
            connection.ensure_connection()
            backend.set_result(connection.connection.info.backend_pid)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        told: list[Future[Any]] = []
        yield lambda: told[0].result(60)
        told.append(pool.submit(there))
        _until_it_waits(backend.result(60), told[0])
        meanwhile()


def _until_it_waits(backend: int, told: Future[Any]) -> None:
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while not told.done() and time.monotonic() < deadline:
            cursor.execute(_WAITING, [backend])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("it waits for nothing")
