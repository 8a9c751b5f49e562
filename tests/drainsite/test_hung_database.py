"""A page does not wait for a server that is stopped, and a slow statement is not taken for one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection, connections
from django.http import HttpResponse
from django.test import RequestFactory
from pytest_django.plugin import DjangoDbBlocker

from drainsite import hung_database, postgres
from drainsite.hung_database import HungDatabaseMiddleware
from drainsite.postgres.postmaster import is_alive
from tests.hosts import descendants


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[int]:
    """The pid of a server of this test's own, which this thread's connection goes to."""
    folder = tmp_path / "server"
    server = postgres.ensure_running(folder)
    running = postgres.status(folder)
    assert running is not None
    connection.close()
    kept = dict(connection.settings_dict)
    connections["default"].settings_dict.update(
        {**postgres.connection_settings(server), "DATA_DIR": str(folder)}
    )
    yield running.pid
    connection.close()
    connection.settings_dict.clear()
    connection.settings_dict.update(kept)
    for pid in (running.pid, *descendants(running.pid)):
        if is_alive(pid):
            os.kill(pid, signal.SIGCONT)
    postgres.stop(folder, force=True)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hung_database, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(hung_database, "LOOK_SECONDS", 0.1)


def page(statement: str) -> HttpResponse:
    """Return the middleware's answer around a page that runs a statement, as Django's handler would."""

    def view(_: object) -> HttpResponse:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return HttpResponse(str(cursor.fetchone()))
        except OperationalError:
            return HttpResponse(status=500)

    return HungDatabaseMiddleware(view)(RequestFactory().get("/"))


def test_a_page_is_answered_soon_although_the_server_is_stopped(
    own_server: int, django_db_blocker: DjangoDbBlocker
) -> None:
    with django_db_blocker.unblock():
        assert page("SELECT 1").content == b"(1,)"
        for pid in (own_server, *descendants(own_server)):
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        answer = page("SELECT 1")
        assert answer.status_code == 503
        assert b"does not answer" in answer.content
        assert answer["Retry-After"]
        assert time.monotonic() - began < 20


@pytest.mark.django_db
def test_a_slow_statement_of_a_server_that_answers_goes_on() -> None:
    assert page("SELECT pg_sleep(2)::text").status_code == 200


@pytest.mark.django_db
def test_a_failure_of_the_page_itself_stays_one() -> None:
    connection.ensure_connection()
    broken = HungDatabaseMiddleware(lambda _: HttpResponse(status=500))
    assert broken(RequestFactory().get("/")).status_code == 500


@pytest.mark.django_db
def test_the_thread_that_watches_ends_with_the_last_request() -> None:
    assert page("SELECT 1").status_code == 200
    until = time.monotonic() + 10
    while any("Watch" in thread.name or "_look" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.05)
