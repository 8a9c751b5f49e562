"""The hot path's own way to PostgreSQL answers, fails and rolls back as Django's does."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DataError, connection, transaction

from drain.models import Run
from drain.models.door.cursor import rows
from drain.models.door.quick import quick_row, quick_rows

pytestmark = pytest.mark.django_db

KINDS = """
SELECT %(number)s::bigint AS number, %(text)s::text AS text, %(yes)s::bool AS yes, %(nothing)s::int AS nothing,
    %(share)s::float8 AS share, %(key)s::uuid AS key, %(many)s::bigint[] AS many, %(raw)s::bytea AS raw,
    now() AS at, 7 %% 4 AS rest
"""
ADD = """
INSERT INTO drain_run (run_id, name, labels, "order", max_parallel, open_attempts)
VALUES (%(id)s, '', '[]', 'sequential', 1, 0)
"""
HALF = "SELECT 1 / %(by)s::int AS half"


def test_it_answers_as_the_other_cursor_does():
    values = {"number": 2**40, "text": "a 'b'", "yes": True, "nothing": None, "share": 0.5}
    values |= {"key": uuid4(), "many": [1, 2], "raw": b"\x00\xff"}
    with transaction.atomic():
        assert quick_rows(KINDS, values) == rows(KINDS, values)


def test_without_prepared_statements_the_answer_is_the_same(monkeypatch):
    monkeypatch.setattr(connection.connection, "prepare_threshold", None)
    assert quick_row(HALF, {"by": 1}) == {"half": 1}


@pytest.mark.django_db(transaction=True)
def test_it_is_part_of_the_transaction_and_its_errors_are_djangos():
    with pytest.raises(DataError, match="division by zero"):
        _add_and_fail("gone")
    assert not Run.objects.filter(run_id="gone").exists()
    assert quick_row(HALF, {"by": 1}) == {"half": 1}


def _add_and_fail(run_id):
    with transaction.atomic():
        assert quick_rows(ADD, {"id": run_id}) == []
        quick_rows(HALF, {"by": 0})
