"""Errors of the database that pass by themselves, and those that lie in the statement."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, Error, connection, transaction

from drain.engine.attempts.round import is_outage

pytestmark = pytest.mark.django_db

PASSING = {
    "connection_failure": "08006", "connection_does_not_exist": "08003",
    "disk_full": "53100", "out_of_memory": "53200", "too_many_connections": "53300",
    "query_canceled": "57014", "admin_shutdown": "57P01", "crash_shutdown": "57P02", "cannot_connect_now": "57P03",
    "io_error": "58030",
    "serialization_failure": "40001", "deadlock_detected": "40P01", "transaction_integrity": "40002",
    "read_only_sql_transaction": "25006", "in_failed_sql_transaction": "25P02", "idle_in_transaction": "25P03",
    "object_in_use": "55006", "lock_not_available": "55P03",
    "internal_error": "XX000", "data_corrupted": "XX001",
}  # fmt: skip
LASTING = {
    "numeric_value_out_of_range": "22003", "untranslatable_character": "22P05", "invalid_text": "22P02",
    "not_null": "23502", "foreign_key": "23503", "unique": "23505", "check": "23514",
    "undefined_table": "42P01", "undefined_column": "42703", "syntax": "42601", "insufficient_privilege": "42501",
    "raise_exception": "P0001", "program_limit_exceeded": "54000", "feature_not_supported": "0A000",
    "cardinality_violation": "21000",
}  # fmt: skip


def raised(state: str) -> Exception:
    """The error of this state as the server sends it and Django passes it on."""
    with pytest.raises(DatabaseError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")
    return error.value


@pytest.mark.parametrize("state", PASSING.values(), ids=list(PASSING))
def test_what_the_server_has_at_the_moment_is_asked_again(state: str) -> None:
    assert is_outage(raised(state))


@pytest.mark.parametrize("state", LASTING.values(), ids=list(LASTING))
def test_what_was_asked_wrongly_is_not_asked_again(state: str) -> None:
    assert not is_outage(raised(state))


def test_a_server_that_cannot_be_reached_is_asked_again() -> None:
    with pytest.raises(Error) as error, connection.wrap_database_errors:
        psycopg.connect("host=127.0.0.1 port=1 connect_timeout=5")
    assert is_outage(error.value)


def test_a_connection_that_is_closed_is_opened_again() -> None:
    connection.ensure_connection()
    info = connection.connection.info
    with psycopg.connect(
        host=info.host, port=info.port, user=info.user, password=info.password, dbname=info.dbname
    ) as other:
        other.close()
        with pytest.raises(Error) as error, connection.wrap_database_errors:
            other.execute("SELECT 1")
    assert is_outage(error.value)


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), OSError("x"), DatabaseError("x")]
)
def test_what_is_no_error_of_a_server_is_none(error: Exception) -> None:
    assert not is_outage(error)
