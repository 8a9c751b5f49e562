"""The sentence of every command that asks the database, when that cannot answer."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from drain.management import base

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("argv", "table"),
    [
        (("marker", "list"), "drain_fixmarker"),
        (("compare", "--drains", "1", "2"), "drain_drainsession"),
        (("report", "latest"), "drain_drainsession"),
        (("queued",), "drain_phase"),
    ],
)
def test_a_database_without_tables_is_a_sentence_with_the_way_out(argv, table):
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO gone")
    with pytest.raises(CommandError, match="has no tables yet"):
        call_command(*argv)


def test_a_database_that_is_just_being_migrated_is_a_sentence_with_the_way_out():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE drain_fixmarker RENAME COLUMN title TO gone")
    with pytest.raises(
        CommandError, match=r"of another version than this program .column .*`manage.py migrate`"
    ):
        call_command("marker", "list")


def test_a_database_that_never_answers_is_named_with_host_and_port(monkeypatch):
    """A port that takes connections and says nothing: the driver tells of no place by itself."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = str(silent.getsockname()[1])
        with pytest.raises(psycopg.errors.ConnectionTimeout) as late:
            psycopg.connect(host="127.0.0.1", port=port, connect_timeout=2)
    error = OperationalError(str(late.value))
    error.__cause__ = late.value
    reached = SimpleNamespace(settings_dict={"HOST": "127.0.0.1", "PORT": port})
    monkeypatch.setattr(base, "connection", reached)
    said = base.database_sentence(error)
    assert "DATABASE_URL" in said
    assert "127.0.0.1" in said
    assert port in said


def test_a_reader_that_has_enough_is_no_traceback(monkeypatch):
    def gone(*_args: object) -> int:
        raise BrokenPipeError

    with Path(os.devnull).open("w") as out, monkeypatch.context() as patched:
        patched.setattr("sys.stdout", out)
        with pytest.raises(SystemExit):
            call_command("marker", "list", stdout=SimpleNamespace(write=gone, flush=gone))
