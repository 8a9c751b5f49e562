"""A browser session is what Django kept; one that is over or unknown is given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from drain.people.browser_sessions import SessionStore

pytestmark = pytest.mark.django_db


def test_a_session_of_djangos_own_store_is_read_and_written_back():
    kept = db.SessionStore()
    kept["who"] = "m.ortiz"
    kept.create()
    found = SessionStore(kept.session_key)
    assert found["who"] == "m.ortiz"
    found["who"] = "p"
    found.save()
    assert db.SessionStore(kept.session_key)["who"] == "p"


def test_a_session_that_is_over_or_unknown_is_empty_and_its_key_given_up():
    over = SessionStore()
    over["who"] = "m.ortiz"
    over.create()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    for key in (over.session_key, "never0given0out"):
        found = SessionStore(key)
        assert found.get("who") is None
        assert found.session_key is None
