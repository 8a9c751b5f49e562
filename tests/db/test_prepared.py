"""The engine's own cursor answers, fails and rolls back as Django's does."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import DataError, connection, transaction
from django.utils import timezone

from drain.db.prepared import row, rows

pytestmark = pytest.mark.django_db(transaction=True)

KINDS = """
SELECT %(number)s::bigint AS number, %(text)s::text AS text, %(yes)s::bool AS yes, %(nothing)s::int AS nothing,
    %(share)s::float8 AS share, %(key)s::uuid AS key, %(many)s::bigint[] AS many, %(raw)s::bytea AS raw,
    '{"a": [1, "x", null]}'::jsonb AS params, '5'::jsonb AS scalar, now() AS at, 7 %% 4 AS rest
"""
HALF = "SELECT 1 / %(by)s::int AS half"


def test_each_kind_of_value_comes_back_as_itself() -> None:
    values = {"number": 2**40, "text": "a 'b'", "yes": True, "nothing": None, "share": 0.5}
    values |= {"key": uuid4(), "many": [1, 2], "raw": b"\x00\xff"}
    found = row(KINDS, values)
    assert found is not None
    at = found.pop("at")
    assert abs(at - timezone.now()) < timedelta(minutes=1)
    assert found == {**values, "params": {"a": [1, "x", None]}, "scalar": 5, "rest": 3}


def test_a_statement_answers_again_after_a_rollback_and_after_a_lost_connection() -> None:
    """psycopg forgets what it had prepared after a rollback, and so does a new connection."""
    for _ in range(2):
        assert row(HALF, {"by": 1}) == {"half": 1}
        with pytest.raises(DataError, match="division by zero"), transaction.atomic():
            rows(HALF, {"by": 0})
        assert row(HALF, {"by": 1}) == {"half": 1}
        connection.connection.close()
        connection.close()
