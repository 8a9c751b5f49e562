"""The counts of a session are still there when the next attempt ends."""

from __future__ import annotations

from dataclasses import fields

import pytest
from django.db import transaction

from drain.engine.attempts.books import lock_sessions, write_sessions
from drain.policy.stopping.tallies import SessionTally
from tests.factories import SessionFactory

BY_FINGERPRINT = "repeats"
"""Kept in rows of their own."""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", [field.name for field in fields(SessionTally) if field.name != BY_FINGERPRINT]
)
def test_every_count_of_a_session_s_tally_is_kept_between_attempts(name: str) -> None:
    session = SessionFactory().pk
    counted = "f" if isinstance(getattr(SessionTally(), name), str) else 3
    tally = SessionTally.from_json({name: counted})
    with transaction.atomic():
        books = lock_sessions([session])[session]
        books.set_tally(tally)
        write_sessions([books])
    with transaction.atomic():
        kept = lock_sessions([session])[session].tally
    assert kept == tally, f"drain/engine/attempts/books.py does not write or read {name}"
